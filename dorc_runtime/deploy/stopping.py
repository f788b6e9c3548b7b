"""What a signal that ends a command does while Pulumi's engine is at work: the engine ends first.

An engine that is asked to stop finishes what it is making, writes its state and takes away its
lock; one whose parent is gone does neither.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# The first stops the engine in order, the second at once, whatever it leaves behind.
_PATIENCE = 2


@contextmanager
def stopping_in_order(tell: Callable[[str], None]) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM stop the engines that this process has started, and wait for them.

    ``tell`` gets a line when that begins. A third signal ends this process as ever. Without effect
    but on the main thread, where alone Python hears of signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = 0

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        heard += 1
        if heard > _PATIENCE:
            raise KeyboardInterrupt
        if heard == 1:
            tell(
                "stopping, once what is being made is made; again stops at once, and leaves a lock"
            )
        # Ctrl-C reaches all processes of a terminal by itself.
        if number == signal.SIGTERM:
            _interrupt_engines()

    for number in _SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt_engines() -> None:
    import psutil

    for child in psutil.Process().children():
        if child.name().startswith("pulumi"):
            child.send_signal(signal.SIGINT)
