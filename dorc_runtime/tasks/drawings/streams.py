"""Standard output and standard error: closed, full, or without some of our characters."""

import codecs
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_ASCII = {"✓": "+", "✗": "x", "↻": "~", "│": "|", "…": "...", "→": "->", "›": ">", "±": "+-"}
_REPLACE = "dorc.replace"


class _OutputFile(io.FileIO):
    """A file that drops what cannot be written, so that the work of a command goes on."""

    problem: OSError | None = None
    used = False

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write ``data``, or drop it when the file once could not be written."""
        self.used = True
        if self.problem is None:
            try:
                return super().write(data)
            except OSError as error:
                self.problem = error
        return memoryview(data).nbytes


def adapt_streams() -> None:
    """Let standard output and error take all that is printed, whatever they are."""
    codecs.register_error(_REPLACE, _replacement)
    sys.stdout = _adapted(sys.stdout, sys.__stdout__)
    sys.stderr = _adapted(sys.stderr, sys.__stderr__)


def output_problem() -> str:
    """Return why standard output could not be written, "" if it could.

    A reader that stopped to read, such as ``head``, is no problem.
    """
    file = _output_file()
    problem = file.problem if file else None
    if problem is None or isinstance(problem, BrokenPipeError):
        return ""
    return problem.strerror or str(problem)


def is_output_empty() -> bool:
    """Return whether nothing was printed on standard output."""
    file = _output_file()
    return file is None or not file.used


def _output_file() -> _OutputFile | None:
    sys.stdout.flush()
    file = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    return file if isinstance(file, _OutputFile) else None


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
    return io.TextIOWrapper(
        io.BufferedWriter(_OutputFile(stream.fileno(), "w", closefd=False)),
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
