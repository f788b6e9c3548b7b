"""Why a run failed, as one value, and the rows in which people see it everywhere."""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from dorc_runtime.runs.causes import Frame, read_cause

# Of a text, so that it does not fill the screen.
_MOST_LINES = 30
_MOST_CHARACTERS = 2_000
_LONGEST_JSON_LINE = 70

# Of the longest label.
LABEL_WIDTH = 8

# A label, and a text that may have several lines.
FailureRow = tuple[str, str]


@dataclass(frozen=True, repr=False)
class Failure:
    """Why a run failed: the state that failed first, in the pipeline that it belongs to.

    ``pipeline`` (``layer/name``) is the one that a Call started, where that failed. ``state`` is
    the name of the state, and ``path`` says where it is: ``Map[3] › clean``; where the pipeline
    itself took too long, it is the state that was still running. ``retries`` says how often the
    state was retried before. ``error`` is the name on AWS, ``message`` the cause without JSON
    around it. ``trace`` has the frames of a function's exception, the last call last, ``log`` the
    last lines that the failed call printed. ``run_error`` is what the run ended with because of it,
    "" for the same error. ``advice`` says what to do. Where ``is_mistake``, it is a mistake in the
    code: the function broke a rule of Lambda, or its role does not allow what it did.
    """

    pipeline: str
    error: str
    message: str = ""
    state: str = ""
    path: str = ""
    trace: tuple[Frame, ...] = ()
    input: JsonValue = None
    log: tuple[str, ...] = ()
    run_error: str = ""
    advice: str = ""
    is_mistake: bool = False
    retries: int = 0

    def __repr__(self) -> str:
        # One line, which pytest shows after ``assert run.succeeded, run.failure``.
        # A Fail without a name has that of its error.
        line = self.error if self.path in ("", self.error) else f"{self.error} in {self.path}"
        first, *_ = (*self.message.splitlines(), "")
        return f"{line}: {first}" if first else line

    def as_json(self, *, all_frames: bool = True) -> dict[str, JsonValue]:
        """Return the failure as ``result.json`` has it, with null in place of "".

        Without ``all_frames``, the trace is cut to the frames in the user's own files.
        """
        return {
            "pipeline": self.pipeline,
            "state": self.state or None,
            "path": self.path or None,
            "error": self.error,
            "message": self.message,
            "trace": [frame.as_json() for frame in self._frames(all_frames=all_frames)],
            "input": self.input,
            "log": list(self.log),
            "advice": self.advice or None,
        }

    def rows(
        self, run: str, *, all_frames: bool = False, option: str = "", without: Collection[str] = ()
    ) -> Iterator[FailureRow]:
        """Yield what people see of the failure of a run of the pipeline ``run``, row by row.

        The rows ``without`` are left out. The trace is cut to the frames in the user's own files,
        with the number of the others, and the ``option`` that shows them; with ``all_frames`` it is
        whole.
        """
        rows = (
            ("pipeline", "" if self.pipeline == run else self.pipeline),
            ("state", self.path + self._after_retries()),
            ("error", self.error),
            ("message", _first_lines(self.message)),
            ("trace", "\n".join(self._trace_lines(all_frames=all_frames, option=option))),
            ("input", json_lines(_readable(self.input)) if self.state else ""),
            ("log", "\n".join(self.log)),
            ("run", f"failed with {self.run_error}" if self.run_error else ""),
            ("advice", self.advice),
        )
        yield from ((label, text) for label, text in rows if text and label not in without)

    def _after_retries(self) -> str:
        if not self.retries:
            return ""
        return ", after 1 retry" if self.retries == 1 else f", after {self.retries} retries"

    def _frames(self, *, all_frames: bool) -> list[Frame]:
        return [frame for frame in self.trace if all_frames or frame.is_own]

    def _trace_lines(self, *, all_frames: bool, option: str) -> Iterator[str]:
        shown = self._frames(all_frames=all_frames)
        for frame in shown:
            yield f"{frame.file}:{frame.line}" + (f" in {frame.function}" if frame.function else "")
            if frame.code:
                yield f"    {frame.code}"
        hidden = len(self.trace) - len(shown)
        if hidden:
            lines = "1 frame" if hidden == 1 else f"{hidden} frames"
            yield f"and {lines} outside the repository" + (
                f": {option} shows all" if option else ""
            )


def _readable(value: JsonValue) -> JsonValue:
    """Return a value with the message of each caught error in place of its cause, which is JSON."""
    match value:
        case dict():
            return {
                key: read_cause(inner).message
                if key == "Cause" and isinstance(inner, str)
                else _readable(inner)
                for key, inner in value.items()
            }
        case list():
            return [_readable(inner) for inner in value]
        case _:
            return value


def json_lines(value: JsonValue) -> str:
    """Return JSON on as few lines as it needs, cut where it would fill the screen."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) > _LONGEST_JSON_LINE:
        text = json.dumps(value, indent=2, ensure_ascii=False)
    return _first_lines(text)


def _first_lines(text: str) -> str:
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        text = "\n".join((*lines[:_MOST_LINES], f"... and {len(lines) - _MOST_LINES} more lines"))
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[:_MOST_CHARACTERS]}... and {len(text) - _MOST_CHARACTERS} more characters"
    return text
