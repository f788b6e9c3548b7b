#!/bin/sh
# Builds a replacement for AWS's base image for Python, so that the tests pull no image: Debian's Python
# and pip, AWS's runtime interface client as entry point, and LAMBDA_TASK_ROOT.
#   base-image.sh TAG PIP_CONF NAME...
# The image TAG is built once, in the storage of CONTAINERS_STORAGE_CONF, and gets each NAME, as
# Dockerfiles have it after FROM. It tests the logic of a Dockerfile, not AWS's image: it has another
# libc, no dnf, and only one Python.
# https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
set -eu
tag=$1 pip_conf=$2
shift 2

if ! buildah inspect --type image "$tag" >/dev/null 2>&1; then
    root=$(mktemp -d)
    container=$(buildah from scratch)
    trap 'rm -rf "$root"; buildah rm "$container" >/dev/null' EXIT
    debootstrap --variant=minbase --include=python3,python3-pip,ca-certificates bookworm "$root/fs"
    # Each layer of a build is compared with the whole image: files that no function needs cost time.
    rm -rf "$root/fs/var/cache/apt" "$root/fs/var/lib/apt/lists" \
        "$root/fs/usr/share/doc" "$root/fs/usr/share/locale" "$root/fs/usr/share/man"
    buildah copy -q "$container" "$root/fs" /
    buildah run --network host -v /etc/ssl/certs:/etc/ssl/certs:ro -v "$pip_conf:/etc/pip.conf:ro" \
        "$container" -- pip install -q --break-system-packages --root-user-action=ignore \
        awslambdaric==4.2.2
    buildah config \
        --env LAMBDA_TASK_ROOT=/var/task \
        --env PIP_BREAK_SYSTEM_PACKAGES=1 --env PIP_ROOT_USER_ACTION=ignore \
        --workingdir /var/task --entrypoint '["/usr/bin/python3", "-m", "awslambdaric"]' "$container"
    buildah commit -q "$container" "$tag"
fi
for name; do buildah tag "$tag" "$name"; done
