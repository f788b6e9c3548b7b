"""What a pipeline or a function may be called: what Python, AWS and file systems all take."""

import keyword
import re

from dorc_runtime.errors import ScaffoldError

LONGEST = 40
# ECR takes no doubled and no trailing separator in a repository's name:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# What a pipeline's folder holds beside its functions.
_FOLDERS = frozenset({"examples", "scaffolds", "tests"})
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = frozenset({"aux", "con", "nul", "prn"}) | {
    f"{device}{number}" for device in ("com", "lpt") for number in range(10)
}


def check_name(kind: str, name: str) -> None:
    """Raise ``ScaffoldError`` when no ``kind`` ("pipeline", "function") can be called ``name``."""
    reason = _reason(name)
    if reason:
        raise ScaffoldError(f"no {kind} can be called '{name}': {reason}.")


def _reason(name: str) -> str:
    if not _NAME.fullmatch(name):
        return (
            "write lower-case letters, digits and single underscores (ECR takes no "
            "others), a letter first"
        )
    if len(name) > LONGEST:
        return f"it has {len(name)} characters, and at most {LONGEST} fit AWS's names"
    if keyword.iskeyword(name) or name in keyword.softkwlist:
        return "it is a word of Python's own"
    if name in _FOLDERS:
        return f"the folder {name} of a pipeline has a meaning of its own"
    if name in _DEVICES:
        return "Windows cannot have a folder called so"
    if name.startswith("aws"):
        return "AWS keeps names that begin with aws for itself"
    return ""
