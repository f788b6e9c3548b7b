"""Lambda's rules on functions in worker processes: time, memory, concurrency, packages."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
from pydantic import JsonValue

from dorc_runtime.local.functions.outcome import (
    LocalFunction,
    LogLine,
    Outcome,
    Raised,
    Returned,
)
from dorc_runtime.local.functions.worker_pool import WorkerPool

Pool = Callable[..., WorkerPool]
Write = Callable[..., LocalFunction]
Call = Callable[..., Outcome]

SLEEP = """
import time

def handler(event, context):
    print("began")
    time.sleep(event)
    return event
"""
STARTS_A_PROGRAM = """
import subprocess
import sys
import time

def handler(event, context):
    program = subprocess.Popen([sys.executable, "-c", event["code"]], start_new_session=True)
    print(program.pid)
    time.sleep(event["seconds"])
"""
GREEDY = "rows = b'x' * 200_000_000; import time; time.sleep(30)"


def message(outcome: Outcome) -> str:
    assert isinstance(outcome, Raised)
    failure: dict[str, Any] = json.loads(outcome.cause)
    assert failure["errorType"] == outcome.error
    return str(failure["errorMessage"])


def ends(pid: int) -> bool:
    """Whether a process ends within a few seconds; one that nobody has waited for has ended."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_a_call_that_takes_too_long_is_ended(pool: Pool, write: Write, call: Call) -> None:
    functions = pool(write("slow", SLEEP, timeout=1))
    began = time.monotonic()
    outcome = call(functions, "slow", 30)
    assert 1 <= time.monotonic() - began < 3
    assert isinstance(outcome, Raised)
    assert outcome.error == "Sandbox.Timedout"
    assert message(outcome).endswith(" Error: Task timed out after 1.00 seconds")
    assert call(functions, "slow", 0) == Returned(0)


def test_loading_a_handler_takes_nothing_of_a_call_s_time(
    pool: Pool, write: Write, call: Call
) -> None:
    code = "import time\ntime.sleep(1.5)\ndef handler(event, context): return 'loaded'"
    assert call(pool(write("heavy", code, timeout=1)), "heavy") == Returned("loaded")


def test_a_call_that_takes_too_much_memory_is_ended(pool: Pool, write: Write, call: Call) -> None:
    code = f"def handler(event, context): exec({GREEDY!r})"
    outcome = call(pool(write("greedy", code, memory=128)), "greedy")
    assert isinstance(outcome, Raised)
    assert outcome.error == "Runtime.OutOfMemory"
    assert message(outcome).endswith(" Error: Runtime exited with error: signal: killed")


def test_the_memory_of_programs_that_a_handler_starts_counts(
    pool: Pool, write: Write, call: Call
) -> None:
    functions = pool(write("start", STARTS_A_PROGRAM, memory=128))
    outcome = call(functions, "start", {"code": GREEDY, "seconds": 30})
    assert isinstance(outcome, Raised)
    assert outcome.error == "Runtime.OutOfMemory"


def test_a_program_that_a_handler_started_ends_with_its_process(
    pool: Pool, write: Write, call: Call, log: list[LogLine]
) -> None:
    functions = pool(write("start", STARTS_A_PROGRAM, timeout=1))
    outcome = call(functions, "start", {"code": "import time; time.sleep(60)", "seconds": 60})
    assert isinstance(outcome, Raised)
    assert ends(int(log[0].text))


def test_a_process_that_is_killed_is_a_failure_of_the_runtime(
    pool: Pool, write: Write, call: Call
) -> None:
    code = """
        import ctypes

        def handler(event, context):
            if event:
                ctypes.string_at(0)
            return "well"
        """
    functions = pool(write("crash", code))
    outcome = call(functions, "crash", True)
    assert isinstance(outcome, Raised)
    assert outcome.error == "Runtime.ExitError"
    assert message(outcome).endswith("Runtime exited with error: signal: segmentation fault")
    assert call(functions, "crash", False) == Returned("well")


def test_a_handler_s_exit_is_found_though_a_program_holds_its_output(
    pool: Pool, write: Write, call: Call
) -> None:
    code = """
        import os
        import subprocess
        import sys

        def handler(event, context):
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
            os._exit(4)
        """
    outcome = call(pool(write("leave", code)), "leave")
    assert message(outcome).endswith("Runtime exited with error: exit status 4")


def test_a_module_that_exits_while_it_is_loaded_fails_the_call(
    pool: Pool, write: Write, call: Call
) -> None:
    functions = pool(write("leave", "import sys; sys.exit(5)"))
    for _ in range(2):
        assert message(call(functions, "leave")).endswith("exited with error: exit status 5")


def test_what_programs_print_is_in_the_log(
    pool: Pool, write: Write, call: Call, log: list[LogLine]
) -> None:
    code = """
        import os
        import subprocess
        import sys

        def handler(event, context):
            print("before")
            subprocess.run([sys.executable, "-c", "print('from a program')"])
            os.write(1, b"one level down\\n")
            os.write(2, b"no end")
        """
    call(pool(write("speak", code)), "speak")
    assert [line.text for line in log] == ["before", "from a program", "one level down", "no end"]


def test_lines_arrive_while_the_call_still_runs(
    pool: Pool, write: Write, log: list[LogLine]
) -> None:
    functions = pool(write("slow", SLEEP))
    functions.submit("slow", 30, lambda outcome: None)
    deadline = time.monotonic() + 5
    while not log and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [line.text for line in log] == ["began"]


WHICH_PROCESS = """
import os
import time

def handler(event, context):
    time.sleep(0.05)
    return os.getpid()
"""


def of_calls(functions: WorkerPool, number: int) -> list[Outcome]:
    """Return the outcomes of calls at the same time."""
    outcomes: list[Outcome] = []
    ended = threading.Semaphore(0)

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        ended.release()

    for _ in range(number):
        functions.submit("count", None, done)
    for _ in range(number):
        assert ended.acquire(timeout=10)
    assert all(isinstance(outcome, Returned) for outcome in outcomes)
    return outcomes


def test_a_function_runs_in_no_more_processes_than_the_limit(pool: Pool, write: Write) -> None:
    functions = pool(write("count", WHICH_PROCESS), limit=3)
    assert 2 <= len(set(of_calls(functions, 20))) <= 3


def test_a_function_runs_in_no_more_processes_than_its_concurrency(
    pool: Pool, write: Write
) -> None:
    functions = pool(write("count", WHICH_PROCESS, concurrency=1), limit=3)
    assert len(set(of_calls(functions, 4))) == 1


def test_a_started_function_answers_from_the_process_that_was_started(
    pool: Pool, write: Write, call: Call, log: list[LogLine]
) -> None:
    code = """
        import os

        print(os.getpid())

        def handler(event, context):
            return os.getpid()
        """
    functions = pool(write("warm", code))
    functions.start(["warm"])
    outcome = call(functions, "warm")
    assert isinstance(outcome, Returned)
    assert [line.text for line in log] == [str(outcome.payload)]


def test_a_cancelled_call_is_ended_and_not_answered(
    pool: Pool, write: Write, call: Call, log: list[LogLine]
) -> None:
    code = """
        import os
        import time

        def handler(event, context):
            print(os.getpid(), flush=True)
            time.sleep(event)
        """
    functions = pool(write("slow", code), limit=1)
    answered: list[Outcome] = []
    running = functions.submit("slow", 30, answered.append)
    waiting = functions.submit("slow", 30, answered.append)
    while not log:
        time.sleep(0.01)
    waiting()
    running()
    assert ends(int(log[0].text))
    assert call(functions, "slow", 0) == Returned(None)
    assert answered == []


def test_only_what_lambda_has_can_be_imported(pool: Pool, write: Write, call: Call) -> None:
    code = """
        import importlib

        def handler(event, context):
            found = []
            for name in event:
                try:
                    importlib.import_module(name)
                except ModuleNotFoundError:
                    continue
                found.append(name)
            return found
        """
    present: list[JsonValue] = [
        "boto3",
        "botocore",
        "dateutil",
        "jmespath",
        "s3transfer",
        "six",
        "urllib3",
    ]
    absent = ["dorc_runtime", "pydantic", "pytest", "pip", "yaml", "guard", "handlers", "worker"]
    functions = pool(write("find", code))
    assert call(functions, "find", [*present, *absent]) == Returned(present)


def test_dorc_is_not_among_the_loaded_modules(pool: Pool, write: Write, call: Call) -> None:
    code = """
        import sys

        def handler(event, context):
            return [name for name in sys.modules if "dorc" in name]
        """
    assert call(pool(write("look", code)), "look") == Returned([])


def test_exit_is_there_as_on_lambda(pool: Pool, write: Write, call: Call) -> None:
    outcome = call(pool(write("leave", "def handler(event, context): exit(7)")), "leave")
    assert message(outcome).endswith("exited with error: exit status 7")


def test_a_closed_pool_has_ended_its_processes_in_the_middle_of_calls(
    pool: Pool, write: Write, log: list[LogLine]
) -> None:
    code = """
        import os
        import time

        def handler(event, context):
            print(os.getpid(), flush=True)
            time.sleep(60)
        """
    functions = pool(write("slow", code), limit=2)
    answered: list[Outcome] = []
    for _ in range(3):
        functions.submit("slow", None, answered.append)
    while len(log) < 2:
        time.sleep(0.01)
    began = time.monotonic()
    functions.close()
    assert time.monotonic() - began < 2
    assert not any(psutil.pid_exists(int(line.text)) for line in log)
    assert answered == []
