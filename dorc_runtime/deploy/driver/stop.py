"""What a signal that ends a command does while Pulumi's engine is at work: the engine ends first.

An engine that is asked to stop finishes what it is making, writes its state and takes away its
lock; one whose parent is gone does neither.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# The first stops the engine in order, the second at once, whatever it leaves behind.
_PATIENCE = 2


class Stop:
    """Whether a user has asked this process to stop, and which engines have heard of it."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._heard = 0
        self._reached: set[int] = set()

    @property
    def asked(self) -> bool:
        """Whether a signal has come."""
        return self._heard > 0

    def hear(self, number: int, frame: FrameType | None = None) -> None:
        """Take in a signal, the third of which ends this process as ever."""
        self._heard += 1
        if self._heard > _PATIENCE:
            raise KeyboardInterrupt
        # Ctrl-C reaches all processes of a terminal by itself.
        self._reach(again=True, send=number == signal.SIGTERM)
        if self._heard == 1:
            self._tell(
                "stopping, once what is being made is made; again stops at once, and leaves a lock"
            )

    def pass_on(self) -> None:
        """Stop an engine that was not there yet when the signal came."""
        if self.asked:
            self._reach()

    def _reach(self, *, again: bool = False, send: bool = True) -> None:
        import psutil

        for child in psutil.Process().children():
            # It may end meanwhile.
            with suppress(psutil.NoSuchProcess):
                if (again or child.pid not in self._reached) and child.name().startswith("pulumi"):
                    self._reached.add(child.pid)
                    if send:
                        child.send_signal(signal.SIGINT)


_current: Stop | None = None


@contextmanager
def stop_in_order(tell: Callable[[str], None]) -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM stop the engines that this process has started, and wait for them.

    ``tell`` gets a line when that begins. Python hears of signals on the main thread alone: on
    others this is what the main thread hears.
    """
    # Signals are the process's, not one caller's.
    global _current
    if threading.current_thread() is not threading.main_thread():
        yield _current or Stop(tell)
        return
    outer, _current = _current, Stop(tell)
    before = {number: signal.signal(number, _current.hear) for number in _SIGNALS}
    try:
        yield _current
    finally:
        _current = outer
        for number, handler in before.items():
            signal.signal(number, handler)
