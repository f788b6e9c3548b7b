"""The names that pipelines and functions may have: Python, AWS and file systems accept them."""

import keyword
import re

from dorc_runtime.errors import ScaffoldError

LONGEST = 40
# ECR accepts no doubled and no trailing separator in a repository's name:
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
# What a pipeline's folder holds next to its functions.
_FOLDERS = frozenset({"examples", "scaffolds", "tests"})
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICES = frozenset({"aux", "con", "nul", "prn"}) | {
    f"{device}{number}" for device in ("com", "lpt") for number in range(10)
}


def check_name(kind: str, name: str) -> None:
    """Raise ``ScaffoldError`` if a ``kind`` ("pipeline", "function") cannot be called ``name``."""
    reason = _reason(name)
    if reason:
        raise ScaffoldError(f"a {kind} cannot be called '{name}': {reason}.")


def _reason(name: str) -> str:
    if not _NAME.fullmatch(name):
        return (
            "write lower-case letters, digits and single underscores (ECR accepts no other "
            "characters), a letter first"
        )
    if len(name) > LONGEST:
        return f"it has {len(name)} characters, and the limit is {LONGEST}"
    if keyword.iskeyword(name) or name in keyword.softkwlist:
        return "it is a keyword of Python"
    if name in _FOLDERS:
        return f"the folder {name} of a pipeline is reserved"
    if name in _DEVICES:
        return "Windows cannot have a folder with this name"
    if name.startswith("aws"):
        return "AWS reserves names that start with aws"
    return ""
