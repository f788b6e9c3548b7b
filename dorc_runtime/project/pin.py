"""The version of the library that a repository is pinned to, compared with the installed one."""

import json
import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from dorc_runtime.errors import DefinitionError, VersionMismatchError

_NAME = "dorc-runtime"
_PIN = re.compile(rf"{_NAME}\s*(\[[^]]*\])?\s*(==\s*(?P<version>[^\s;,]+)|@\s*(?P<url>\S+))")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_TAG = re.compile(r"v?[0-9]+\.[0-9]+\S*")


def check_pin(root: Path) -> None:
    """Raise ``VersionMismatchError`` when the repository at ``root`` needs another version.

    The pin is the requirement ``dorc-runtime`` in ``pyproject.toml``: a version, or a git
    repository at a tag or a commit. A commit is compared with the installed commit. If that is
    unknown (the library is installed from a folder, or the pin is a branch), there is no error; a
    repository without a pin has none either.
    """
    pin = _pin(root)
    if pin is None:
        return
    reference = pin["version"] or pin["url"].rpartition("@")[2]
    if _COMMIT.fullmatch(reference):
        pinned, installed = reference, _commit() or reference
    elif pin["version"] or _TAG.fullmatch(reference):
        pinned, installed = reference.removeprefix("v"), _version()
    else:
        return
    if pinned != installed:
        raise VersionMismatchError(
            f"pyproject.toml pins dorc {pinned}, installed is {installed}: run "
            "`pip install -e .` in the repository, or `copier update` to change the pin."
        )


def _pin(root: Path) -> re.Match[str] | None:
    file = root / "pyproject.toml"
    if not file.is_file():
        return None
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DefinitionError(f"{file} is not TOML: {error}.") from error
    match content.get("project", {}):
        case {"dependencies": [*requirements]}:
            matches = (_PIN.match(str(requirement)) for requirement in requirements)
            return next((match for match in matches if match), None)
        case _:
            return None


def _version() -> str:
    try:
        return distribution(_NAME).version
    except PackageNotFoundError:
        return "none"


def _commit() -> str | None:
    """Return the commit that the library was installed from, None if not from git."""
    try:
        text = distribution(_NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    commit = json.loads(text or "{}").get("vcs_info", {}).get("commit_id")
    return commit if isinstance(commit, str) else None
