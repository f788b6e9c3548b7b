"""Of a function's stack trace, what leads to the user's own code."""

import json
import re
from pathlib import Path

from rich.text import Text

from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.sandbox.mounts import TASK

_FRAME = re.compile(
    r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>.+)\n?(?P<code>.*)'
)


def message_and_frames(
    cause: str, root: Path, function: LocalFunction | None
) -> tuple[str, Text | None]:
    """Return the message of the cause, and of its stack trace the frames in the user's files."""
    try:
        answer = json.loads(cause)
        message, trace = str(answer["errorMessage"]), answer.get("stackTrace") or []
    except (ValueError, KeyError, TypeError):
        return cause, None
    frames = []
    for entry in trace:
        parts = _FRAME.match(entry)
        file = _source(Path(parts["file"]), function) if parts else root
        if parts and any(file.is_relative_to(root / own) for own in ("src", "lib")):
            frame = f"{file.relative_to(root).as_posix()}:{parts['line']} in {parts['name']}"
            frames.append(f"{frame}\n    {parts['code'].strip()}")
    return message, Text("\n".join(frames)) if frames else None


def _source(file: Path, function: LocalFunction | None) -> Path:
    """Return where a file in the function's image comes from; any other file stays as it is."""
    if function is None or not file.is_relative_to(TASK):
        return file
    folders = [function.folder, *function.paths]
    sources = (folder / file.relative_to(TASK) for folder in folders)
    return next((source for source in sources if source.exists()), file)
