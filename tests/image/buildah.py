"""Images that buildah builds, reads and runs; it needs no daemon.

Base images are in a folder of the user's cache. All other images are in separate storage, which
also reads the base images and is deleted at the end.
"""

import ast
import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from .runtime_api import Answer, RuntimeApi

MAKE_BASE = Path(__file__).with_name("base-image.sh")
CERTIFICATES = "/etc/ssl/certs"
PIP_SETTINGS = ("cert", "extra-index-url", "index-url", "proxy", "timeout", "trusted-host")


class Buildah:
    """Buildah with storage in ``folder`` and base images in ``cache``."""

    def __init__(self, *, folder: Path, cache: Path) -> None:
        self._pip_conf = folder / "pip.conf"
        self._pip_conf.write_text(_pip_conf())
        driver = _driver(folder)
        cache = cache / driver
        self._cache = _storage(cache, driver)
        self._own = _storage(folder, driver, images=cache / "graph")

    def close(self) -> None:
        """Remove all containers: their mounts would keep the folder in use."""
        self._run("rm", "--all")

    def make_base(self, name: str) -> None:
        """Build a replacement for AWS's base image ``name``; the first time takes a minute."""
        tag = f"localhost/lambda-python:{sha256(MAKE_BASE.read_bytes()).hexdigest()[:12]}"
        command = ["sh", str(MAKE_BASE), tag, str(self._pip_conf), name]
        done = subprocess.run(
            command, env=self._cache, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def build(
        self, context: Path, tag: str, **arguments: str
    ) -> "subprocess.CompletedProcess[str]":
        """Build the Dockerfile of ``context`` with ``arguments``; return the ended process."""
        options = [word for pair in arguments.items() for word in ("--build-arg", "=".join(pair))]
        settings = [f"{CERTIFICATES}:{CERTIFICATES}:ro", f"{self._pip_conf}:/etc/pip.conf:ro"]
        mounts = [word for setting in settings for word in ("--volume", setting)]
        return subprocess.run(
            [
                *(
                    "buildah",
                    "build",
                    "--layers",
                    "--force-rm",
                    "--pull-never",
                    "--network",
                    "host",
                ),
                *(*mounts, *options, "--tag", tag, "."),
            ],
            cwd=context,
            env=self._own,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def layers(self, image: str) -> list[str]:
        """Return the digests of the image's layers, the base image's first."""
        digests: list[str] = self._inspect(image)["rootfs"]["diff_ids"]
        return digests

    def files(self, image: str, folder: str) -> set[str]:
        """Return the paths of the files below a folder of the image, relative to it."""
        return set(self.contents(image, folder))

    def contents(self, image: str, folder: str) -> dict[str, tuple[str, str]]:
        """Return the mode and the SHA-256 of the files below a folder of the image, by path."""
        container = self._run("from", image)
        try:
            root = Path(self._run("mount", container)) / folder.lstrip("/")
            return {
                str(path.relative_to(root)): (
                    stat.filemode(path.stat().st_mode),
                    sha256(path.read_bytes()).hexdigest(),
                )
                for path in root.rglob("*")
                if path.is_file()
            }
        finally:
            self._run("rm", container)

    def call(self, image: str, event: JsonValue) -> Answer:
        """Start the image as Lambda does, send it an event, and return its answer."""
        config = self._inspect(image)["config"]
        container = self._run("from", image)
        try:
            with RuntimeApi([event]) as api:
                environment = _lambda_environment(api.address)
                options = [w for pair in environment.items() for w in ("--env", "=".join(pair))]
                start = [*config["Entrypoint"], *config["Cmd"]]
                done = subprocess.run(
                    ["buildah", "run", "--network", "host", *options, container, "--", *start],
                    env=self._own,
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=60,
                )
            assert api.answers, done.stdout + done.stderr
            return api.answers[0]
        finally:
            self._run("rm", container)

    def _inspect(self, image: str) -> dict[str, Any]:
        image_config: dict[str, Any] = json.loads(self._run("inspect", "--type", "image", image))[
            "OCIv1"
        ]
        return image_config

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            ["buildah", *words], env=self._own, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"buildah {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()


def _driver(folder: Path) -> str:
    """Return the storage driver for ``folder``: the fast one, if it works there."""
    environment = _storage(folder / "probe", "overlay")
    done = subprocess.run(
        ["buildah", "info"], env=environment, capture_output=True, check=False, timeout=60
    )
    return "vfs" if done.returncode else "overlay"


def _storage(folder: Path, driver: str, *, images: Path | None = None) -> dict[str, str]:
    """Return the variables for buildah with storage in ``folder`` that also reads ``images``."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [
        "[storage]",
        f'driver = "{driver}"',
        f'graphroot = "{folder / "graph"}"',
        f'runroot = "{folder / "run"}"',
        "[storage.options]",
        f"additionalimagestores = {json.dumps([str(images)] if images else [])}",
    ]
    if driver == "overlay":
        # A folder that is mounted onto itself cannot be deleted.
        lines += ["[storage.options.overlay]", 'skip_mount_home = "true"']
    config = folder / "storage.conf"
    config.write_text("\n".join(lines) + "\n")
    return {
        **os.environ,
        "BUILDAH_ISOLATION": "chroot",
        "CONTAINERS_STORAGE_CONF": str(config),
        "STORAGE_DRIVER": driver,
    }


def _pip_conf() -> str:
    """Return the settings of pip on this machine that a build needs to reach the index."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    settings: dict[str, str] = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        settings[name.rpartition(".")[2]] = ast.literal_eval(value)
    lines = [f"{name} = {settings[name]}" for name in PIP_SETTINGS if name in settings]
    return "\n".join(["[global]", *lines, ""])


def _lambda_environment(address: str) -> Mapping[str, str]:
    """Return the variables on Lambda that the client needs.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return {
        "AWS_LAMBDA_RUNTIME_API": address,
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/function",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0",
        "AWS_REGION": "eu-west-2",
    }
