"""Standard output and standard error: closed, full, or without some of our characters."""

import codecs
import io
import os
import sys
from typing import TextIO

_ASCII = {"✓": "+", "✗": "x", "↻": "~", "│": "|", "…": "...", "→": "->", "›": ">", "±": "+-"}
_REPLACE = "dorc.replace"


class _Output(io.TextIOWrapper):
    """A stream that drops what cannot be written, so that the work of a command goes on.

    The file below stays Python's own: a write that a signal interrupts must not be repeated.
    """

    problem: OSError | None = None
    used = False

    def write(self, text: str, /) -> int:
        """Write ``text``, or drop it when the file could not be written."""
        self.used = True
        try:
            return super().write(text)
        except OSError as error:
            self._drop(error)
        return len(text)

    def flush(self) -> None:
        """Write what is buffered, or drop it."""
        try:
            super().flush()
        except OSError as error:
            self._drop(error)

    def _drop(self, error: OSError) -> None:
        # What is buffered, and all that follows, goes to the null device.
        self.problem = error
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())
        os.close(null)


def adapt_streams() -> None:
    """Let standard output and error take all that is printed, whatever they are."""
    codecs.register_error(_REPLACE, _replacement)
    sys.stdout = _adapted(sys.stdout, sys.__stdout__)
    sys.stderr = _adapted(sys.stderr, sys.__stderr__)


def output_problem() -> str:
    """Return why standard output could not be written, "" if it could.

    A reader that stopped to read, such as ``head``, is no problem.
    """
    output = _output()
    problem = output.problem if output else None
    if problem is None or isinstance(problem, BrokenPipeError):
        return ""
    return problem.strerror or str(problem)


def can_write_output() -> bool:
    """Return whether standard output, which is flushed, takes what is printed."""
    output = _output()
    return output is None or output.problem is None


def is_output_empty() -> bool:
    """Return whether nothing was printed on standard output."""
    output = _output()
    return output is None or not output.used


def _output() -> _Output | None:
    sys.stdout.flush()
    return sys.stdout if isinstance(sys.stdout, _Output) else None


def _adapted(stream: TextIO | None, original: TextIO | None) -> TextIO:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 # a device
    # Another stream than Python's own belongs to who put it there: a test, or an earlier task.
    if stream is not original or not isinstance(stream, io.TextIOWrapper):
        return stream
    if os.name == "nt" and stream.isatty():
        # Its console has a file of its own kind.
        stream.reconfigure(errors=_REPLACE)
        return stream
    stream.flush()
    return _Output(
        io.BufferedWriter(io.FileIO(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors=_REPLACE,
        line_buffering=stream.line_buffering,
    )


def _replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    """Return what to print for a character that the stream's encoding does not have."""
    if isinstance(error, UnicodeEncodeError):
        character = error.object[error.start]
        if character in _ASCII:
            return _ASCII[character], error.start + 1
    return codecs.backslashreplace_errors(error)
