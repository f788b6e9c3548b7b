"""Functions called in this process: what a test or a debugger reaches, and what stays as it was."""

import importlib
import logging
import os
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.functions.inline import InlineFunctions
from dorc_runtime.local.functions.outcome import LocalFunction, LogLine, Outcome, Returned

Inline = Callable[..., InlineFunctions]
Write = Callable[..., LocalFunction]
Call = Callable[..., Outcome]

PLAIN = "def handler(event, context): return event"


def test_a_handler_runs_on_the_calling_thread(inline: Inline, write: Write) -> None:
    code = "import threading\ndef handler(event, context): return threading.get_ident()"
    outcomes: list[Outcome] = []
    inline(write("here", code)).submit("here", None, outcomes.append)
    assert outcomes == [Returned(threading.get_ident())]


def test_what_a_test_has_patched_is_patched_for_the_handler(
    inline: Inline, write: Write, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import time\ndef handler(event, context): return time.monotonic()"
    monkeypatch.setattr(time, "monotonic", lambda: 7.0)
    outcomes: list[Outcome] = []
    inline(write("clock", code)).submit("clock", None, outcomes.append)
    assert outcomes == [Returned(7.0)]


def test_a_call_leaves_the_process_as_it_was(inline: Inline, write: Write, call: Call) -> None:
    code = """
        import logging
        import os
        import sys
        import tempfile
        import helpers

        logging.getLogger().setLevel(logging.DEBUG)

        def handler(event, context):
            os.environ["LEFT"] = "behind"
            sys.path.append("/nowhere")
            os.chdir("/")
            return tempfile.gettempdir()
        """

    def state() -> tuple[object, ...]:
        root = logging.getLogger()
        return (
            dict(os.environ),
            Path.cwd(),
            sys.path[:],
            {"lambda", "helpers"} & set(sys.modules),
            (sys.stdout, sys.stderr),
            (root.level, root.handlers[:]),
            tempfile.gettempdir(),
            time.localtime(0).tm_gmtoff,
        )

    before = state()
    call(inline(write("untidy", code, files={"helpers.py": ""})), "untidy")
    assert state() == before


def test_a_failing_call_leaves_the_process_as_it_was(
    inline: Inline, write: Write, call: Call
) -> None:
    before = dict(os.environ), sys.path[:], sys.stdout
    functions = inline(write("broken", "raise ValueError"), write("fail", "def handler(): pass"))
    call(functions, "broken")
    call(functions, "fail")
    assert (dict(os.environ), sys.path[:], sys.stdout) == before


def test_a_variable_that_a_handler_sets_is_there_in_its_next_call(
    inline: Inline, write: Write, call: Call
) -> None:
    code = """
        import os

        def handler(event, context):
            return os.environ.setdefault("SEEN", event)
        """
    functions = inline(write("one", code), write("two", code))
    answers = [call(functions, *asked) for asked in (("one", "a"), ("one", "b"), ("two", "c"))]
    assert answers == [Returned("a"), Returned("a"), Returned("c")]


def test_a_module_of_the_process_is_not_taken_for_one_of_the_function_s(
    inline: Inline, write: Write, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = types.ModuleType("helpers")
    monkeypatch.setitem(sys.modules, "helpers", ours)
    code = "import helpers\ndef handler(event, context): return helpers.who"
    function = write("own", code, files={"helpers.py": "who = 'the function'"})
    assert call(inline(function), "own") == Returned("the function")
    assert sys.modules["helpers"] is ours


def test_a_new_executor_loads_what_has_changed(inline: Inline, write: Write, call: Call) -> None:
    assert call(inline(write("edit", PLAIN)), "edit", 1) == Returned(1)
    changed = write("edit", "def handler(event, context): return -event")
    assert call(inline(changed), "edit", 1) == Returned(-1)


def test_shared_modules_are_forgotten_when_the_executor_is_closed(
    inline: Inline, write: Write, call: Call, tmp_path: Path
) -> None:
    code = "import census\ndef handler(event, context): return census.year"
    for year in (2008, 2009):
        lib = tmp_path / str(year)
        lib.mkdir()
        (lib / "census.py").write_text(f"year = {year}")
        functions = inline(write("count", code, lib=lib))
        assert call(functions, "count") == Returned(year)
        functions.close()


def test_a_module_that_a_test_has_imported_is_the_handler_s_too(
    inline: Inline, write: Write, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "surveys.py").write_text("def fetch():\n    return 'the real one'\n")
    monkeypatch.syspath_prepend(tmp_path / "lib")
    surveys = importlib.import_module("surveys")
    monkeypatch.setattr(surveys, "fetch", lambda: "another")
    code = "import surveys\ndef handler(event, context): return surveys.fetch()"
    functions = inline(write("ask", code, lib=tmp_path / "lib"))
    assert call(functions, "ask") == Returned("another")
    functions.close()
    assert sys.modules.pop("surveys") is surveys


def test_boto3_reaches_the_lake_and_keeps_no_session_for_others(
    inline: Inline, write: Write, call: Call, lake: Lake
) -> None:
    lake.create_bucket("raw")
    code = """
        import boto3

        s3 = boto3.client("s3")

        def handler(event, context):
            s3.put_object(Bucket="raw", Key="a b.csv", Body=b"rows")
        """
    before = boto3.DEFAULT_SESSION
    functions = inline(write("put", code), endpoint=lambda: lake.endpoint)
    assert call(functions, "put") == Returned(None)
    assert lake.get("raw", "a b.csv") == b"rows"
    assert boto3.DEFAULT_SESSION is before


def test_the_callback_of_an_outcome_may_make_the_next_call(inline: Inline, write: Write) -> None:
    functions = inline(write("one", PLAIN), write("two", PLAIN))
    outcomes: list[Outcome] = []

    def go_on(first: Outcome) -> None:
        outcomes.append(first)
        functions.submit("two", 2, outcomes.append)

    functions.submit("one", 1, go_on)
    assert outcomes == [Returned(1), Returned(2)]


def test_printed_text_is_kept_from_the_terminal(
    inline: Inline, write: Write, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "def handler(event, context): print('seen')"
    call(inline(write("speak", code)), "speak")
    assert capsys.readouterr().out == ""


def test_printed_text_is_passed_on_with_passthrough(
    inline: Inline,
    write: Write,
    call: Call,
    log: list[LogLine],
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = "def handler(event, context): print('(Pdb) ', end='', flush=True)"
    call(inline(write("debug", code), passthrough=True), "debug")
    assert capsys.readouterr().out == "(Pdb) "
    assert [line.text for line in log] == ["(Pdb) "]


def test_pytest_s_own_failures_pass_through(inline: Inline, write: Write, call: Call) -> None:
    code = "import pytest\ndef handler(event, context): pytest.fail('in the handler')"
    with pytest.raises(pytest.fail.Exception, match="in the handler"):
        call(inline(write("fail", code)), "fail")
