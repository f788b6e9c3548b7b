"""What happens when a user stops a command while Pulumi's engine works: the engine ends first.

An engine that receives SIGINT finishes the resources in progress, writes its state and removes its
lock. An engine that loses its parent process does not.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# The first signal stops the engine in order, the second stops it at once and can leave a lock.
_MOST_SIGNALS = 2


class Stop:
    """Whether a user has stopped this process, and which engines have received the signal."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._signals = 0
        self._engines: set[int] = set()

    @property
    def requested(self) -> bool:
        """Whether a signal has arrived."""
        return self._signals > 0

    def handle(self, number: int, frame: FrameType | None = None) -> None:
        """Handle a signal; the third one ends this process at once."""
        self._signals += 1
        if self._signals > _MOST_SIGNALS:
            raise KeyboardInterrupt
        # Ctrl-C reaches all processes of a terminal by itself.
        self._signal_engines(again=True, send=number == signal.SIGTERM)
        if self._signals == 1:
            self._report(
                "stopping after the resources in progress; a second signal stops at once and "
                "leaves a lock"
            )

    def signal_new_engines(self) -> None:
        """Stop each engine that started after the signal."""
        if self.requested:
            self._signal_engines()

    def _signal_engines(self, *, again: bool = False, send: bool = True) -> None:
        import psutil

        for child in psutil.Process().children():
            # It can end in the meantime.
            with suppress(psutil.NoSuchProcess):
                if (again or child.pid not in self._engines) and child.name().startswith("pulumi"):
                    self._engines.add(child.pid)
                    if send:
                        child.send_signal(signal.SIGINT)


_current: Stop | None = None


@contextmanager
def stop_in_order(report: Callable[[str], None]) -> Iterator[Stop]:
    """Let Ctrl-C and SIGTERM stop the engines that this process has started, and wait for them.

    ``report`` gets a line when a signal arrives. Python handles signals only in the main thread:
    other threads share the ``Stop`` of the main thread.
    """
    # Signals belong to the process, not to one caller.
    global _current
    if threading.current_thread() is not threading.main_thread():
        yield _current or Stop(report)
        return
    outer, _current = _current, Stop(report)
    before = {number: signal.signal(number, _current.handle) for number in _SIGNALS}
    try:
        yield _current
    finally:
        _current = outer
        for number, handler in before.items():
            signal.signal(number, handler)
