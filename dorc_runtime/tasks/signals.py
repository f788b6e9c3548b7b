"""Signals that end a command, which cleans up first."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from invoke.exceptions import Exit

_TERMINATED = 128 + signal.SIGTERM


class _Terminated(KeyboardInterrupt):
    """The command got SIGTERM."""


@contextmanager
def handle_sigterm() -> Iterator[None]:
    """Let SIGTERM end the code inside as Ctrl-C does, with exit code 143."""
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        yield
    except _Terminated:
        raise Exit("terminated", code=_TERMINATED) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _terminate(number: int, frame: FrameType | None) -> None:
    # A second signal must not interrupt the code that cleans up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Terminated
