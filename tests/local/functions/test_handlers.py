"""What a function gives and how it fails, in a worker process and in this one alike."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from dorc_runtime.errors import UnknownNameError
from dorc_runtime.local.functions.outcome import (
    Functions,
    LocalFunction,
    LogLine,
    Outcome,
    Raised,
    Returned,
)
from dorc_runtime.local.functions.worker_pool import WorkerPool

Executor = Callable[..., Functions]
Write = Callable[..., LocalFunction]
Call = Callable[..., Outcome]


def cause(outcome: Outcome) -> dict[str, Any]:
    assert isinstance(outcome, Raised)
    failure: dict[str, Any] = json.loads(outcome.cause)
    assert failure["errorType"] == outcome.error
    return failure


def test_a_function_gets_the_event_and_its_answer_comes_back(
    executor: Executor, write: Write, call: Call
) -> None:
    echo = write("echo", "def handler(event, context): return {'got': event}")
    event: JsonValue = {"text": "é\u2028\n", "number": 1.5, "none": None, "list": [1, {"a": True}]}
    assert call(executor(echo), "echo", event) == Returned({"got": event})


def test_an_event_can_be_changed_by_a_handler_without_changing_the_caller_s(
    executor: Executor, write: Write, call: Call
) -> None:
    greedy = write("greedy", "def handler(event, context): event.clear()")
    event = {"rows": 1}
    call(executor(greedy), "greedy", event)
    assert event == {"rows": 1}


def test_the_error_for_an_unknown_function_lists_the_known_ones(
    executor: Executor, write: Write, call: Call
) -> None:
    clean = write("clean", "def handler(event, context): pass")
    with pytest.raises(UnknownNameError, match="no function 'claen'; known: clean"):
        call(executor(clean), "claen")


def test_a_module_is_loaded_once_for_many_calls(
    executor: Executor, write: Write, call: Call
) -> None:
    count = write(
        "count",
        """
        calls = 0

        def handler(event, context):
            global calls
            calls += 1
            return calls
        """,
    )
    functions = executor(count)
    assert [call(functions, "count") for _ in range(3)] == [Returned(1), Returned(2), Returned(3)]


def test_the_context_describes_the_function_and_the_call(
    executor: Executor, write: Write, call: Call
) -> None:
    describe = write(
        "describe",
        """
        def handler(event, context):
            return {
                "name": context.function_name,
                "version": context.function_version,
                "memory": context.memory_limit_in_mb,
                "arn": context.invoked_function_arn,
                "group": context.log_group_name,
                "stream": "[$LATEST]" in context.log_stream_name,
                "left": 29_000 < context.get_remaining_time_in_millis() <= 30_000,
                "request": len(context.aws_request_id),
                "identity": context.identity.cognito_identity_id,
                "client": context.client_context,
            }
        """,
        timeout=30,
        memory=512,
    )
    assert call(executor(describe), "describe") == Returned(
        {
            "name": "describe",
            "version": "$LATEST",
            "memory": "512",
            "arn": "arn:aws:lambda:eu-west-2:123456789012:function:describe",
            "group": "/aws/lambda/describe",
            "stream": True,
            "left": True,
            "request": 36,
            "identity": None,
            "client": None,
        }
    )


def test_an_exception_is_reported_with_its_class_message_and_own_frames(
    executor: Executor, write: Write, call: Call
) -> None:
    bad = write(
        "bad",
        """
        from rules import check

        def handler(event, context):
            check(event)
        """,
        files={"rules.py": "def check(event):\n    raise KeyError('rows')\n"},
    )
    functions = executor(bad)
    failure = cause(call(functions, "bad"))
    folder = "/var/task" if isinstance(functions, WorkerPool) else bad.folder
    assert (failure["errorType"], failure["errorMessage"]) == ("KeyError", "'rows'")
    assert len(failure["requestId"]) == 36
    assert failure["stackTrace"] == [
        f'  File "{folder}/lambda.py", line 5, in handler\n    check(event)\n',
        f"  File \"{folder}/rules.py\", line 2, in check\n    raise KeyError('rows')\n",
    ]


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        (
            "import nowhere",
            "Runtime.ImportModuleError",
            "Unable to import module 'lambda': No module named 'nowhere'",
        ),
        (
            "def handler(event, context)\n    pass",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'lambda': expected ':' (lambda.py, line 1)",
        ),
        (
            "def handle(event, context): pass",
            "Runtime.HandlerNotFound",
            "Handler 'handler' missing on module 'lambda'",
        ),
        ("raise ValueError('no rules')", "ValueError", "no rules"),
    ],
)
def test_a_handler_that_cannot_be_loaded_fails_its_calls(
    executor: Executor, write: Write, call: Call, code: str, error: str, message: str
) -> None:
    broken = write("broken", code)
    functions = executor(broken)
    for _ in range(2):
        failure = cause(call(functions, "broken"))
        assert (failure["errorType"], failure["errorMessage"]) == (error, message)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("datetime.date(2009, 1, 2)", "Object of type date is not JSON serializable"),
        ("{1, 2}", "Object of type set is not JSON serializable"),
        ("{(1, 2): 3}", "keys must be str, int, float, bool or None, not tuple"),
        ("float('nan')", "Out of range float values are not JSON compliant: nan"),
        ("(itself := []).append(itself) or itself", "Circular reference detected"),
    ],
)
def test_an_answer_that_json_cannot_hold_is_a_failure(
    executor: Executor, write: Write, call: Call, answer: str, message: str
) -> None:
    odd = write("odd", f"import datetime\ndef handler(event, context): return {answer}")
    failure = cause(call(executor(odd), "odd"))
    assert failure["errorType"] == "Runtime.MarshalError"
    # Python 3.12 began to name the number.
    assert message.startswith(failure["errorMessage"].removeprefix("Unable to marshal response: "))


def test_an_answer_that_is_nested_too_deep_is_a_failure(
    executor: Executor, write: Write, call: Call
) -> None:
    deep = write(
        "deep",
        """
        def handler(event, context):
            answer = []
            for _ in range(100_000):
                answer = [answer]
            return answer
        """,
    )
    failure = cause(call(executor(deep), "deep"))
    assert failure["errorType"] == "Runtime.MarshalError"
    assert "Circular" not in failure["errorMessage"]
    assert "recursion" in failure["errorMessage"]


@pytest.mark.parametrize("answer", [r'"\ud800"', r"""b'"\\ud800"'"""])
def test_half_of_a_character_is_no_answer(
    executor: Executor, write: Write, call: Call, answer: str
) -> None:
    odd = write("odd", f"def handler(event, context): return {answer}")
    failure = cause(call(executor(odd), "odd"))
    assert failure["errorType"] == "Runtime.MarshalError"
    assert "surrogates not allowed" in failure["errorMessage"]


def test_an_exception_that_has_no_text_keeps_its_type(
    executor: Executor, write: Write, call: Call
) -> None:
    text = """
class Odd(Exception):
    def __str__(self):
        raise KeyError("text")

def handler(event, context):
    raise Odd
"""
    failure = cause(call(executor(write("odd", text)), "odd"))
    assert failure["errorType"] == "Odd"
    assert failure["errorMessage"] == "<exception str() failed> (KeyError in __str__)"


@pytest.mark.parametrize(
    ("status", "how"),
    [
        ("3", "exited with error: exit status 3"),
        ("'no rows'", "exited with error: exit status 1"),
        ("0", "exited without providing a reason"),
    ],
)
def test_a_handler_that_exits_is_a_failure_of_the_runtime(
    executor: Executor, write: Write, call: Call, status: str, how: str
) -> None:
    leave = write("leave", f"import sys\ndef handler(event, context): sys.exit({status})")
    failure = cause(call(executor(leave), "leave"))
    assert failure["errorType"] == "Runtime.ExitError"
    assert failure["errorMessage"].endswith(f" Error: Runtime {how}")


def test_an_event_over_6_mb_is_refused(executor: Executor, write: Write, call: Call) -> None:
    echo = write("echo", "def handler(event, context): return len(event)")
    functions = executor(echo)
    assert call(functions, "echo", "x" * 6_000_000) == Returned(6_000_000)
    failure = cause(call(functions, "echo", "x" * 6_500_000))
    assert failure["errorType"] == "Lambda.RequestTooLargeException"


def test_an_answer_over_6_mb_is_a_failure(executor: Executor, write: Write, call: Call) -> None:
    big = write("big", "def handler(event, context): return 'x' * event")
    functions = executor(big)
    assert call(functions, "big", 6_000_000) == Returned("x" * 6_000_000)
    assert cause(call(functions, "big", 6_500_000)) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": (
            "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
        ),
    }


def test_what_a_handler_prints_and_logs_arrives_before_its_outcome(
    executor: Executor, write: Write, call: Call, log: list[LogLine]
) -> None:
    speak = write(
        "speak",
        """
        import logging
        import sys

        logging.getLogger().setLevel(logging.INFO)

        def handler(event, context):
            print("out")
            print("err", file=sys.stderr)
            logging.getLogger("rules").info("in\\nfo")
            logging.debug("not shown")
            sys.stdout.buffer.write("bytes é\\n".encode())
            sys.stdout.buffer.flush()
            context.log("no end")
            return context.aws_request_id
        """,
    )
    outcome = call(executor(speak), "speak")
    assert isinstance(outcome, Returned)
    out, err, first, second, raw, last = log
    assert {line.request_id for line in log} == {outcome.payload}
    assert {line.function for line in log} == {"speak"}
    assert (out.text, err.text, raw.text, last.text) == ("out", "err", "bytes é", "no end")
    level, when, request_id, message = first.text.split("\t")
    assert (level, request_id, message) == ("[INFO]", outcome.payload, "in")
    assert when[-1] == "Z"
    assert second.text == "fo"


def test_two_functions_may_have_modules_and_packages_of_the_same_name(
    executor: Executor, write: Write, call: Call
) -> None:
    code = """
        import helpers

        def handler(event, context):
            from rules import limits
            return [helpers.who, limits.most]
        """
    one, two = (
        write(
            name,
            code,
            files={
                "helpers.py": f"who = {name!r}",
                "rules/__init__.py": "",
                "rules/limits.py": f"most = {most}",
            },
        )
        for name, most in (("one", 1), ("two", 2))
    )
    functions = executor(one, two)
    assert call(functions, "one") == Returned(["one", 1])
    assert call(functions, "two") == Returned(["two", 2])
    assert call(functions, "one") == Returned(["one", 1])


def test_shared_folders_are_imported_from_behind_the_function_s_own(
    executor: Executor, write: Write, call: Call, tmp_path: Path
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "census.py").write_text("where = 'lib'")
    (tmp_path / "lib" / "places.py").write_text("where = 'lib'")
    code = """
        import census
        import places

        def handler(event, context):
            return [census.where, places.where]
        """
    own = write("own", code, lib=tmp_path / "lib", files={"places.py": "where = 'the function'"})
    assert call(executor(own), "own") == Returned(["lib", "the function"])


def test_a_function_finds_its_variables_its_folder_and_empty_ones_for_its_files(
    executor: Executor, write: Write, call: Call
) -> None:
    look = write(
        "look",
        """
        import os
        import tempfile
        import time
        from pathlib import Path

        def handler(event, context):
            names = ("COLOUR", "AWS_REGION", "AWS_LAMBDA_FUNCTION_NAME", "AWS_ENDPOINT_URL")
            return {
                "variables": [os.environ[name] for name in names],
                "rows": Path("rows.txt").read_text(),
                "temporary": os.listdir(tempfile.gettempdir()),
                "zone": time.tzname[0],
            }
        """,
        environment={"COLOUR": "blue", "AWS_REGION": "mars-north-1"},
        files={"rows.txt": "344"},
    )
    assert call(executor(look, endpoint=lambda: "http://127.0.0.1:77"), "look") == Returned(
        {
            "variables": ["blue", "eu-west-2", "look", "http://127.0.0.1:77"],
            "rows": "344",
            "temporary": [],
            "zone": "UTC",
        }
    )


def test_a_closed_executor_leaves_no_files(executor: Executor, write: Write, call: Call) -> None:
    keep = write(
        "keep",
        """
        import tempfile

        def handler(event, context):
            with tempfile.NamedTemporaryFile(delete=False) as file:
                return file.name
        """,
    )
    functions = executor(keep)
    outcome = call(functions, "keep")
    assert isinstance(outcome, Returned)
    kept = Path(str(outcome.payload))
    assert kept.exists() or isinstance(functions, WorkerPool)
    functions.close()
    functions.close()
    assert not kept.exists()
