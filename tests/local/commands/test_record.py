"""`invoke test --record`: expected files that are written from runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.local.commands.conftest import Repository

if TYPE_CHECKING:
    import subprocess

TIDY = "src/raw-to-processed/tidy"
EXPECTED = f"{TIDY}/examples/first/expected"
OBJECT = f"{EXPECTED}/lake/processed/tidy/first.csv"
FAILING = """
import json


def handler(event, context):
    if event["key"] == "tidy/bad.csv":
        raise ValueError("bad")
    print("a line of the function")
    return {"size": 8, "n": 2}
"""


class Recorded:
    """A repository in which expected files are recorded step by step."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.first = repository.invoke("test", "--record", "first", "--yes")
        self.files = {
            name: (repository.root / name).read_text(encoding="utf-8")
            for name in (f"{EXPECTED}/output.json", OBJECT)
        }
        self.again = repository.invoke("test", "--record", "--yes")
        # The output changes, and the object is not written any more.
        repository.write(f"{TIDY}/clean/lambda.py", FAILING)
        repository.write(f"{TIDY}/examples/bad/lake/raw/tidy/bad.csv", "a\n")
        repository.write(f"{TIDY}/examples/bad/expected/output.json", "1")
        self.refused = repository.invoke("test", "--record")
        self.output_after_refusal = (repository.root / EXPECTED / "output.json").read_text()
        self.changed = repository.invoke("test", "--record", "--yes")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return Recorded(Repository(tmp_path_factory.mktemp("record") / "repository"))


def lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.strip() for line in done.stdout.splitlines() if line]


def test_a_named_example_gets_all_that_its_run_has(recorded: Recorded) -> None:
    assert lines(recorded.first) == [
        EXPECTED,
        "new      output.json  16 bytes",
        "new      lake/processed/tidy/first.csv  8 bytes",
        "changed 2 files.",
    ]
    assert list(recorded.files.values()) == ['{\n  "size": 8\n}\n', "A,B\n1,2\n"]


def test_files_that_fit_are_not_written(recorded: Recorded) -> None:
    assert recorded.again.stdout == "all expected files fit.\n"


def test_without_a_terminal_it_needs_yes(recorded: Recorded) -> None:
    assert recorded.refused.returncode == 2
    assert recorded.refused.stderr == "error: there is no terminal to ask at: add --yes.\n"
    assert recorded.output_after_refusal == recorded.files[f"{EXPECTED}/output.json"]


def test_differences_and_removed_files_are_shown(recorded: Recorded) -> None:
    shown = lines(recorded.changed)
    at = shown.index(EXPECTED)
    assert shown[at + 1 :] == [
        "changed  output.json",
        "output.n: expected nothing, found 2",
        "removed  lake/processed/tidy/first.csv",
        "changed 4 files.",
    ]
    assert not (recorded.repository.root / EXPECTED / "lake").exists()


def test_an_example_that_fails_expects_the_error_in_place_of_the_output(recorded: Recorded) -> None:
    folder = recorded.repository.root / TIDY / "examples/bad/expected"
    assert [path.name for path in folder.iterdir()] == ["error.json"]
    error = json.loads((folder / "error.json").read_text(encoding="utf-8"))
    assert error == {"error": "ValueError", "cause": "bad"}


def test_recorded_examples_pass(recorded: Recorded) -> None:
    assert "2 passed" in recorded.repository.invoke("test").stdout


def test_an_example_that_does_not_exist_is_a_mistake(recorded: Recorded) -> None:
    done = recorded.repository.invoke("test", "--record", "fist", "--yes")
    assert done.stderr == "error: no example 'fist'; known: bad, first.\n"
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--record", "--options", "-q", "--yes"), "--record does not run pytest: leave out"),
        (("--yes",), "--yes is for --record alone: tests ask nothing."),
    ],
)
def test_options_that_have_no_effect_are_refused(
    repository: Repository, words: tuple[str, ...], message: str
) -> None:
    done = repository.invoke("test", *words)
    assert done.stderr.startswith(f"error: {message}")
    assert done.returncode == 2


def test_without_expected_files_an_example_has_to_be_named(repository: Repository) -> None:
    done = repository.invoke("test", "--record", "--yes")
    assert "no example has a folder expected/: name the one that gets it" in done.stderr
    assert f"Examples: {TIDY}/examples/first." in done.stderr


def test_the_value_of_a_secret_is_not_recorded(repository: Repository) -> None:
    repository.define('Function("clean", secrets=["key"])')
    repository.handle(
        "import boto3, os\n"
        'boto3.client("s3").put_object(Bucket=os.environ["TARGET_BUCKET"], Key="a", Body="made-up")'
    )
    repository.write(f"{TIDY}/examples/first/secrets.toml", 'key = "made-up"\n')
    done = repository.invoke("test", "--record", "first", "--yes")
    assert "example first: lake/processed/a would have the value of a secret." in done.stderr
    assert done.returncode == 2
    assert not (repository.root / EXPECTED).exists()
