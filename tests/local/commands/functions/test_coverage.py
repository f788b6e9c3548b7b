"""`invoke test --coverage`: which lines of handlers and of lib/ the tests reach."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.local.commands.conftest import Repository
from tests.repositories import ROOT

if TYPE_CHECKING:
    from subprocess import CompletedProcess

TIDY = "src/raw-to-processed/tidy"
CLEAN = """
if event["size"] < 0:
    return "never"
return rules.double(event["size"])
"""
RULES = """
def double(number):
    return 2 * number


def never():
    return 0
"""
UNUSED = {
    "src/default/other/pipeline.py": "pipeline = None\n",
    "src/default/other/unused/lambda.py": "def handler(event, context):\n    return event\n",
}
TESTS = """
import rules


def test_run(run_pipeline):
    assert run_pipeline("raw-to-processed/tidy").output == 16


def test_function(function):
    assert function("raw-to-processed/tidy/clean")({"size": 2}).output == 4
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("coverage") / "made-by-hand")
    template = (ROOT / "template" / "pyproject.toml.jinja").read_text()
    settings = re.findall(r"^\[tool\.(?:coverage|pytest)\..*?(?=^\[|\Z)", template, re.M | re.S)
    made.write("pyproject.toml", "".join(settings))
    made.handle(CLEAN)
    handler = made.pipeline / "clean" / "lambda.py"
    handler.write_text(f"import rules\n\n\n{handler.read_text()}")
    for name, text in UNUSED.items():
        made.write(name, text)
    made.write("lib/rules.py", RULES)
    made.write(f"{TIDY}/tests/test_tidy.py", TESTS)
    return made


@pytest.fixture(scope="module")
def done(repository: Repository) -> CompletedProcess[str]:
    return repository.invoke("test", "--coverage")


def missing(report: str, file: str) -> str:
    """Return the lines of ``file`` that the report says were not reached."""
    [found] = re.findall(rf"^{re.escape(file)} +\d+ +\d+ +\d+% *(.*)$", report, re.MULTILINE)
    return str(found)


def test_lines_of_handlers_are_measured(done: CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert missing(done.stdout, f"{TIDY}/clean/lambda.py") == "7"


def test_lines_of_lib_are_measured(done: CompletedProcess[str]) -> None:
    assert missing(done.stdout, "lib/rules.py") == "6"


def test_a_function_that_no_test_calls_is_in_the_report(done: CompletedProcess[str]) -> None:
    assert missing(done.stdout, "src/default/other/unused/lambda.py") == "1-2"


def test_nothing_is_left_next_to_the_code(repository: Repository) -> None:
    assert (repository.root / ".dorc/coverage").is_file()
    assert not (repository.root / ".coverage").exists()


def test_workers_cannot_be_measured(repository: Repository) -> None:
    for more in (("--workers",), ("--options=-n 2",)):
        refused = repository.invoke("test", "--coverage", *more)
        assert refused.stderr == (
            "error: --coverage measures the process of the tests alone: leave out --workers and "
            "-n.\n"
        )
        assert refused.returncode == 2
