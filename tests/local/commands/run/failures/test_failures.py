"""How `invoke run` shows that a run failed: one rendering, at any width, in colour and as JSON."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.local.commands.conftest import Repository

if TYPE_CHECKING:
    import subprocess

TIDY = "raw-to-processed/tidy"
LOAD = "processed-to-curated/load"
NAMES = "Call, Catch, Fail, Function, Map, Pass, Pipeline, Wait, data, jsonata"
FUNCTION = "load_the_rows_of_one_file_of_the_lake"
ITEMS = '{"items": [{"n": 1}, {"n": 2}]}'


def define(repository: Repository, name: str, steps: str, more: str = "") -> None:
    repository.write(
        f"src/{name}/pipeline.py",
        "from datetime import timedelta\n"
        f"from dorc_runtime import {NAMES}\n\npipeline = Pipeline(steps=[{steps}]{more})\n",
    )


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A pipeline that calls another one, in which a function fails for an item."""
    repository = Repository(tmp_path_factory.mktemp("failing") / "repository")
    define(repository, TIDY, f'Call("{LOAD}")')
    shutil.rmtree(repository.pipeline / "clean")
    define(repository, LOAD, f'Map(data["items"], steps=[Function("{FUNCTION}")])')
    repository.write("lib/rows.py", "import json\n\n\ndef parse(text):\n    json.loads(text)\n")
    repository.write(
        f"src/{LOAD}/{FUNCTION}/lambda.py",
        """
from rows import parse


def handler(event, context):
    print("item", event["n"])
    parse("{}" if event["n"] == 1 else "{no")
""",
    )
    return repository


def run(
    repository: Repository, *words: str, width: str = "140", **environment: str
) -> subprocess.CompletedProcess[str]:
    command = ("run", TIDY, "--input", ITEMS, *words)
    done = repository.invoke(*command, folder=None, COLUMNS=width, **environment)
    assert done.returncode == 1, done.stderr
    return done


def rows(text: str) -> dict[str, str]:
    """Return the rows of the failure by their labels, each in one line."""
    found: dict[str, str] = {}
    label = ""
    for line in text.splitlines():
        if match := re.match(r"  (\w+) +(.*)", line):
            label = match[1]
            found[label] = match[2]
        elif label and line.startswith(" " * 11):
            found[label] += " " + line.strip()
        else:
            label = ""
    return found


@pytest.mark.parametrize("width", ["60", "80", "140"])
def test_the_failure_of_a_called_pipeline_is_shown_as_its_own(
    failing: Repository, width: str
) -> None:
    shown = run(failing, width=width).stdout
    lines = [line for line in shown.splitlines() if not line.startswith(("saved", "call"))]
    assert max(map(len, lines)) <= int(width)
    assert rows(shown) == {
        "pipeline": LOAD,
        "state": f"Call load › Map[1] › {FUNCTION}",
        "error": "JSONDecodeError",
        "message": "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        "trace": rows(shown)["trace"],
        "input": '{"n": 2}',
        "log": "item 2",
        "run": "failed with States.TaskFailed",
    }


def test_a_trace_has_the_users_files_and_with_trace_all(failing: Repository) -> None:
    own = (
        f"src/{LOAD}/{FUNCTION}/lambda.py:6 in handler "
        'parse("{}" if event["n"] == 1 else "{no") '
        "lib/rows.py:5 in parse json.loads(text)"
    )
    short = rows(run(failing).stdout)["trace"]
    assert short == f"{own} and 3 frames outside the repository: --trace shows all"
    long = rows(run(failing, "--trace").stdout)["trace"]
    assert long.startswith(own)
    assert len(re.findall(r"/json/\w+\.py:\d+ in \w+", long)) == 3


def test_colours_change_nothing_of_the_text(failing: Repository) -> None:
    coloured = run(failing, FORCE_COLOR="1").stdout
    assert "\033[2m  error    \033[0m\033[1;31mJSONDecodeError" in coloured
    assert rows(re.sub(r"\033\[[\d;]*m", "", coloured)) == rows(run(failing).stdout)


def test_json_has_the_failure_without_json_in_its_texts(failing: Repository) -> None:
    done = run(failing, "--json")
    result: dict[str, Any] = json.loads(done.stdout)
    failure = result["failure"]
    assert list(failure) == [
        *("pipeline", "state", "path", "error", "message", "trace", "input", "log", "advice")
    ]
    assert (failure["pipeline"], failure["state"]) == (LOAD, FUNCTION)
    assert [frame["function"] for frame in failure["trace"]] == ["handler", "parse"]
    assert failure["trace"][1] == {
        "file": "lib/rows.py",
        "line": 5,
        "function": "parse",
        "code": "json.loads(text)",
        "own": True,
    }
    assert result["error"] == "States.TaskFailed"
    assert "errorMessage" not in done.stdout


def ended(repository: Repository, steps: str, body: str = "return event", more: str = "") -> Any:
    """Return the failure of a run of a pipeline with ``steps`` and one function."""
    define(repository, TIDY, steps, more)
    repository.handle(body)
    done = repository.invoke("run", TIDY, "--input", ITEMS, "--json")
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)["failure"]


def test_the_item_that_was_one_too_many_for_a_distributed_map_is_shown(
    repository: Repository,
) -> None:
    steps = 'Map(data["items"], distributed=True, steps=[Function("clean")])'
    failure = ended(repository, steps, 'raise ValueError(event["n"])')
    assert (failure["path"], failure["error"]) == ("Map[0] › clean", "ValueError")


def test_a_caught_error_that_a_fail_passes_on_keeps_message_and_trace(
    repository: Repository,
) -> None:
    steps = 'Function("clean", catch=[Catch(["States.ALL"], steps=[Fail("No", data.error.Cause)])])'
    failure = ended(repository, steps, 'raise ValueError("no rows")')
    assert (failure["error"], failure["message"]) == ("No", "no rows")
    assert failure["trace"][0]["file"] == f"src/{TIDY}/clean/lambda.py"


def test_a_caught_failure_of_a_called_pipeline_keeps_message_trace_and_log(
    failing: Repository,
) -> None:
    catch = 'catch=[Catch(["States.ALL"], steps=[Fail("No", data.error.Cause)])]'
    define(failing, "raw-to-processed/catching", f'Call("{LOAD}", {catch})')
    command = ("run", "raw-to-processed/catching", "--input", ITEMS, "--json")
    failure = json.loads(failing.invoke(*command).stdout)["failure"]
    assert (failure["error"], failure["log"]) == ("No", ["item 2"])
    assert failure["message"].startswith("JSONDecodeError: Expecting property name")
    assert [frame["file"] for frame in failure["trace"]][1] == "lib/rows.py"


def test_a_pipeline_that_takes_too_long_shows_the_state_that_was_running(
    repository: Repository,
) -> None:
    steps, more = (
        'Function("clean"), Wait(timedelta(seconds=60), name="pause")',
        ", timeout=timedelta(seconds=1)",
    )
    failure = ended(repository, steps, more=more)
    assert (failure["state"], failure["error"]) == ("pause", "States.Timeout")
    assert "timeout of 1 s: give it more" in failure["advice"]


def test_a_function_of_a_called_pipeline_that_breaks_a_rule_has_the_remedy(
    repository: Repository,
) -> None:
    define(repository, LOAD, 'Function("clean", memory=256)')
    repository.write(
        f"src/{LOAD}/clean/lambda.py", "def handler(event, context):\n    return {1}\n"
    )
    define(repository, TIDY, f'Function("clean"), Call("{LOAD}")')
    repository.handle("return event")
    done = repository.invoke("run", TIDY, "--input", "{}")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "error: processed-to-curated.load.clean returned a value that JSON does not have"
    )
