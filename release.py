"""A release of dorc: one version for library and template, as a commit with an annotated tag.

Copier reads versions from annotated tags, so `copier update` finds the release by its tag.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dorc_runtime.errors import DorcError

VERSION = Path("dorc_runtime", "VERSION")
CHANGELOG = Path("CHANGELOG.md")
_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_HEADING = re.compile(r"^## \[(?P<version>[^]]+)\](?: - (?P<date>[0-9-]+))?$", re.MULTILINE)


class ReleaseError(DorcError):
    """A release cannot be made; nothing was changed."""


def released_versions(changelog: str) -> tuple[str, ...]:
    """Return the versions that have a date in the changelog, newest first."""
    return tuple(found["version"] for found in _HEADING.finditer(changelog) if found["date"])


def tagged_versions(root: Path) -> tuple[str, ...]:
    """Return the versions that have a tag in the repository at ``root``, newest first."""
    tags = _git(root, "tag", "--list", "v*").split()
    versions = [tag.removeprefix("v") for tag in tags]
    return tuple(sorted(filter(_VERSION.fullmatch, versions), key=_parts, reverse=True))


def release(root: Path, version: str) -> Path:
    """Release what is committed in ``root`` as ``version``; return its wheel.

    The changelog must have the version with its date. Raises ``ReleaseError`` before it changes
    anything, or after it has restored everything.
    """
    if not _VERSION.fullmatch(version):
        raise ReleaseError(f"'{version}' is not a version: write one like 1.2.3.")
    if changed := _git(root, "status", "--porcelain").splitlines():
        raise ReleaseError(f"not everything is committed: {changed[0][3:]}; commit or remove it.")
    newest = next(iter(tagged_versions(root)), None)
    if newest is not None and _parts(version) <= _parts(newest):
        raise ReleaseError(f"v{newest} is already released: choose a higher version.")
    if version not in released_versions((root / CHANGELOG).read_text(encoding="utf-8")):
        raise ReleaseError(
            f"{CHANGELOG} has no '## [{version}] - <date>': add the heading, with what is new."
        )
    with _version_written(root, version):
        wheel = _wheel(root, version)
        if _git(root, "status", "--porcelain"):
            _git(root, "commit", "--quiet", "--message", f"Release {version}", str(VERSION))
        _git(root, "tag", "--annotate", f"v{version}", "--message", f"dorc {version}")
    return wheel


@contextmanager
def _version_written(root: Path, version: str) -> Iterator[None]:
    file = root / VERSION
    before, commit = file.read_text(encoding="utf-8"), _git(root, "rev-parse", "HEAD").strip()
    file.write_text(f"{version}\n", encoding="utf-8")
    try:
        yield
    except BaseException:
        if _git(root, "rev-parse", "HEAD").strip() != commit:
            _git(root, "reset", "--quiet", "--soft", commit)
            _git(root, "reset", "--quiet")
        file.write_text(before, encoding="utf-8")
        raise


def _wheel(root: Path, version: str) -> Path:
    """Build the wheel into ``dist/``, after it passed the checks of the package index."""
    with tempfile.TemporaryDirectory(prefix="dorc-release-") as built:
        _run(root, "build", "--wheel", "--no-isolation", "--outdir", built)
        [wheel] = Path(built).glob(f"dorc_runtime-{version}-*.whl")
        _run(root, "twine", "check", "--strict", str(wheel))
        target = root / "dist" / wheel.name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(wheel.read_bytes())
    return target


def _run(root: Path, module: str, *words: str) -> None:
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        last = (done.stdout + done.stderr).strip().splitlines()[-1:]
        raise ReleaseError(f"{module} refuses: {' '.join(last) or done.returncode}")


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise ReleaseError(f"git {words[0]}: {done.stderr.strip()}")
    return done.stdout


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
