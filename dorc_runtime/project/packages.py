"""The packages of requirements files: a set for each list of requirements, installed once."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from dorc_runtime.errors import PackagesError, ToolMissingError
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.requirements import lines, normal_lines, requirement_problems

# So many sets stay that no pipeline needs, for when a requirements file is changed back.
_NEWEST = 3
_INSTALLATION = ".new-"
# How pip and uv report that a package cannot be built, and how what builds it gives the reason.
_FAILED_BUILD = re.compile(
    r"failed (?:building wheel for|to build) [`'\"]?(?!installable)([\w-][\w.-]*)", re.IGNORECASE
)
_FAILED_METADATA = "metadata-generation-failed"
_COLLECTED = re.compile(r"^(?:Collecting |Processing \S*/)([a-z]\w*(?:[.-][a-z]\w*)*)", re.M | re.I)
_BUILD_ERROR = re.compile(r"^\s+(?:fatal )?error: (.+?)\.?$", re.MULTILINE)
# Seconds that an installation takes at most.
_LONGEST = 3600


def packages_folder(
    requirements: Sequence[Path],
    *,
    cache: Path,
    on_install: Callable[[], None] = lambda: None,
) -> Path | None:
    """Return a folder with the packages of ``requirements``, None when they name none.

    All files are installed together, so that versions agree, as in the image. The name of the
    folder in ``cache`` depends on the requirements, however they are written, Python's version and
    the platform; ``on_install`` is called before an installation. A file that does not exist names
    no packages.

    Raises:
        PackagesError: The packages cannot be installed, a file is not UTF-8, or needs another file.
        ToolMissingError: There is neither pip nor uv to install them with.
    """
    files = [path for path in requirements if path.is_file()]
    if not any(lines(path) for path in files):
        return None
    for path in files:
        for problem in requirement_problems(path, name=os.path.relpath(path)):
            raise PackagesError(f"{problem}.")
    folder = cache / _key(files)
    if folder.is_dir():
        with suppress(OSError):
            os.utime(folder)  # The time of its last use.
        return folder
    command = installer()
    on_install()
    try:
        _fill(folder, command, files)
    except OSError as error:
        raise PackagesError(
            f"packages cannot be installed in {cache}: {error.strerror or error}. "
            "Make it a folder that you can write, on a disk with free space."
        ) from error
    return folder


def _fill(folder: Path, command: Sequence[str], files: Sequence[Path]) -> None:
    """Make ``folder``, with the packages of ``files``, at once."""
    cache = folder.parent
    cache.mkdir(parents=True, exist_ok=True)
    # In the cache itself: only within one file system can a folder be moved at once.
    with tempfile.TemporaryDirectory(prefix=_INSTALLATION, dir=cache) as work:
        target = Path(work) / "packages"
        target.mkdir()
        _install([*command, "--target", str(target)], files)
        try:
            target.rename(folder)
        except OSError:
            # Another run was faster, with the same packages.
            if not folder.is_dir():
                raise


def installer() -> list[str]:
    """Return the command that installs packages into this environment: pip, or else uv.

    Raises ``ToolMissingError`` when there is neither.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "pip", "install", "--python", sys.executable]
    raise ToolMissingError(
        "neither pip nor uv is installed, so no packages can be installed: run `python -m "
        "ensurepip`."
    )


def _install(command: Sequence[str], files: Sequence[Path]) -> None:
    listed = [part for path in files for part in ("-r", str(path.resolve()))]
    process = subprocess.run(  # noqa: S603 # pip, on the user's own files
        [*command, *listed],
        cwd=files[0].parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if process.returncode:
        names = " and ".join(os.path.relpath(path) for path in files if lines(path))
        problem = _failed_build(process.stdout + process.stderr) or (
            f"{_reason(process.stderr or process.stdout)}. "
            "Correct its line, or check the connection to the package index."
        )
        raise PackagesError(f"{names} cannot be installed: {problem}")


def _failed_build(output: str) -> str:
    """Return which package has no wheel and could not be built, "" where that is not the reason."""
    packages = _FAILED_BUILD.findall(output)
    if _FAILED_METADATA in output:
        # pip does not name the package, which is the last one that it has collected.
        packages = packages or _COLLECTED.findall(output)[-1:]
    if not packages:
        return ""
    reasons = [reason for reason in _BUILD_ERROR.findall(output) if " " in reason]
    return (
        f"{packages[0]} has no wheel for this Python and system, and cannot be built"
        f"{f' ({reasons[0]})' if reasons else ''}. Name a version that has a wheel: the images of "
        "functions have no compiler."
    )


def _reason(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error:")]
    last = (errors or lines or ["it printed nothing"])[-1]
    return last.partition(":")[2].strip().rstrip(".") if errors else last.rstrip(".")


def unused_packages(repository: Repository, *, cache: Path) -> list[Path]:
    """Return the folders in ``cache`` that no pipeline needs now, last used first.

    An installation that another command makes at this time is none of them.
    """
    needed = {_key(folder.requirements) for folder in repository.pipelines}
    used: dict[Path, float] = {}
    for path in cache.glob("*"):
        # Another command may remove it at this time.
        with suppress(OSError):
            used[path] = path.stat().st_mtime
    unused = [
        path
        for path, seconds in used.items()
        if path.name not in needed
        and (not path.name.startswith(_INSTALLATION) or seconds < time.time() - _LONGEST)
    ]
    return sorted(unused, key=lambda path: used[path], reverse=True)


def remove_unused_packages(repository: Repository, *, cache: Path) -> None:
    """Remove the sets of packages that no pipeline needs now, except for the newest few."""
    for folder in unused_packages(repository, cache=cache)[_NEWEST:]:
        shutil.rmtree(folder, ignore_errors=True)


def _key(files: Sequence[Path]) -> str:
    tag = f"{sys.implementation.cache_tag}-{sysconfig.get_platform()}"
    options: list[str] = []
    requirements: set[str] = set()
    for path in files:
        of_file = normal_lines(path)
        options += of_file[0]
        requirements |= of_file[1]
    text = "\n".join((tag, *dict.fromkeys(options), *sorted(requirements)))
    return f"{tag}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
