"""Standard output of commands, as a signal finds it."""

import subprocess
import sys
from collections import Counter

import pytest

# Prints lines, and goes on after the exceptions that a timer raises near each of them.
LINES = 3000
PRINT = f"""
import signal, sys
from dorc_runtime.tasks.drawings.streams import adapt_streams

class Interrupt(Exception):
    pass

def interrupt(number, frame):
    global armed
    if armed:
        armed = False
        raise Interrupt

adapt_streams()
signal.signal(signal.SIGALRM, interrupt)
armed = False
for line in range(1, {LINES} + 1):
    try:
        armed = True
        # One signal for each line, a little later each time.
        signal.setitimer(signal.ITIMER_REAL, (line % 60 + 1) / 1_000_000)
        sys.stdout.write(str(line) + "\\n")
        sys.stdout.flush()
        armed = False
    except Interrupt:
        pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no timer that sends signals")
def test_a_signal_while_a_line_is_printed_does_not_print_it_twice() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stderr, done.returncode) == ("", 0)
    numbers = Counter(done.stdout.split())
    assert [number for number, times in numbers.items() if times > 1] == []
    assert len(numbers) > LINES / 2
