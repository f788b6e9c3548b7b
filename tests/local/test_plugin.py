"""What the pytest plugin gives to the tests of a repository, which are run as a user runs them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
FILE = re.compile(r"```\w+\n# (src/\S+)\n(.*?)```", re.DOTALL)
# Other plugins that happen to be installed with dorc's own tests take time and warn.
QUIET = ("-p", "no:cacheprovider", "-p", "no:copier", "-p", "no:hypothesispytest")
TIDY = "src/raw-to-processed/tidy"
EXAMPLE = f"{TIDY}/examples/first"
WRITTEN = f"{EXAMPLE}/expected/lake/processed/tidy/first.csv"

# A file under expected/, what is in it, and what pytest's summary says of it.
BROKEN = [
    ("output.json", '{"rows": 2}', "output.rows: expected 2, found 1"),
    ("output.json", '{"rows": true}', "output.rows: expected True, found 1"),
    ("output.json", "{", "output.json is not JSON"),
    ("notes.txt", "", "expects nothing: write output.json"),
    ("lake/processed/tidy/other.csv", "a\n", "other.csv: not written; written: processed/tidy/f"),
    ("lake/processed/tidy/first.csv", "name\nAda\n", "columns: expected name; found island, name"),
    ("lake/processed/tidy/first.csv", "name,island\n", "rows: expected 0, found 1"),
    ("lake/processed/tidy/first.csv", "name\nA,B\n", "row 1 has 2 fields, the header 1"),
]
# The name and body of an object that a function writes, and what its rows are, or the error.
OBJECTS = [
    ("a.json", '[{"n": 1}]', "[{'n': 1}]"),
    ("a.jsonl", '{"n": 1}\n{"n": 2}\n', "[{'n': 1}, {'n': 2}]"),
    ("a.csv", "n,m\n1,\n", "[{'n': '1', 'm': ''}]"),
    ("short.csv", "n,m\n1\n", "processed/short.csv: row 1 has 1 fields, the header 2."),
    ("object.json", "{}", "processed/object.json is no list of objects"),
    ("a.bin", "x", "processed/a.bin has no rows"),
]


class Checkout:
    """The repository of the page about testing, with ways to change it and to test it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pytest.ini", "[pytest]\naddopts = --import-mode=importlib\ntestpaths = src\n")
        for name, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
            self.write(name, text)

    def write(self, name: str, text: str) -> "Checkout":
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return self

    def define(self, steps: str, handler: str) -> None:
        """Write the pipeline anew with ``steps``, and the one line of its function."""
        names = "Fail, Function, Map, Parallel, Pipeline, Wait"
        imports = f"from datetime import timedelta\nfrom dorc_runtime import {names}\n"
        self.write(f"{TIDY}/pipeline.py", f"{imports}pipeline = Pipeline(steps=[{steps}])\n")
        self.write(f"{TIDY}/clean/lambda.py", f"def handler(event, context):\n    {handler}\n")

    def pytest(self, *words: str) -> subprocess.CompletedProcess[str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "PYTEST_"))
        }
        return subprocess.run(
            [sys.executable, "-m", "pytest", *QUIET, *words],
            cwd=self.root,
            env={**inherited, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def one(self, body: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one test with the given lines."""
        imports = "from dorc_runtime.testing import fail, slow, timeout\n"
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        name = f"{TIDY}/tests/test_one.py"
        self.write(name, f"{imports}\n\ndef test_one(run_pipeline):\n{lines}")
        return self.pytest(name, *words)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")


def test_the_examples_of_the_page_are_true(checkout: Checkout) -> None:
    done = checkout.pytest("-v")
    assert done.returncode == 0, done.stdout
    assert f"{EXAMPLE} PASSED" in done.stdout
    assert "8 passed" in done.stdout


def test_processes_of_xdist_tell_together_what_was_never_taken(checkout: Checkout) -> None:
    done = checkout.pytest("-n", "2")
    page = PAGE.read_text(encoding="utf-8")
    told = re.findall(r"^raw-to-processed/tidy: .*$", done.stdout, re.MULTILINE)
    assert "8 passed" in done.stdout
    assert told == re.findall(r"^raw-to-processed/tidy: .*$", page, re.MULTILINE)


def test_what_was_never_taken_can_be_left_out(checkout: Checkout) -> None:
    done = checkout.pytest(EXAMPLE, "--no-dorc-coverage")
    assert "1 passed" in done.stdout
    assert "never taken" not in done.stdout


def test_nothing_is_told_when_every_way_was_taken(checkout: Checkout, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("name,island\n", encoding="utf-8")
    body = f"""
from pathlib import Path
for faults in ([timeout("clean")], []):
    run_pipeline("raw-to-processed/tidy", faults=faults)
result = run_pipeline("raw-to-processed/tidy", file=Path({str(empty)!r}))
assert result.error == "EmptyFile"
"""
    done = checkout.one(body)
    assert "1 passed" in done.stdout, done.stdout
    assert "never taken" not in done.stdout


def test_a_difference_names_file_row_column_and_both_values(checkout: Checkout) -> None:
    checkout.write(WRITTEN, "name,island\nAda,Biscoe\n")
    done = checkout.pytest(EXAMPLE)
    line = re.search(r"^processed/.*expected.*$", done.stdout, re.MULTILINE)
    assert line is not None, done.stdout
    assert line[0] in PAGE.read_text(encoding="utf-8")
    assert "Traceback" not in done.stdout


@pytest.fixture(scope="module")
def of_broken_examples(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of all the examples of ``BROKEN``."""
    checkout = Checkout(tmp_path_factory.mktemp("broken"))
    for number, (name, text, _) in enumerate(BROKEN):
        copy = f"{TIDY}/examples/broken-{number}"
        checkout.write(f"{copy}/lake/raw/tidy/first.csv", "name,island\n Ada , Dream\n")
        checkout.write(f"{copy}/expected/{name}", text)
    return checkout.pytest(f"{TIDY}/examples").stdout


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_an_example_fails_for_a_reason_that_is_told(of_broken_examples: str, number: int) -> None:
    summary = f"FAILED {TIDY}/examples/broken-{number} - "
    assert summary in of_broken_examples
    assert BROKEN[number][2] in of_broken_examples.partition(summary)[2].partition("FAILED")[0]


def test_an_example_passes_when_csv_differs_in_its_line_ends_alone(checkout: Checkout) -> None:
    (checkout.root / WRITTEN).write_bytes(b'name,island\r\n"Ada",Dream\r\n')
    assert "1 passed" in checkout.pytest(EXAMPLE).stdout


def test_an_example_whose_run_fails_says_why(checkout: Checkout) -> None:
    checkout.write(f"{EXAMPLE}/lake/raw/tidy/first.csv", "name,island\n")
    told = "the run failed with EmptyFile: nothing to clean"
    assert told in checkout.pytest(EXAMPLE).stdout


def test_a_fault_of_an_unknown_function_names_the_nearest(checkout: Checkout) -> None:
    body = """run_pipeline("raw-to-processed/tidy", faults=[timeout("claen")])"""
    assert "no function 'claen'; there is: clean." in checkout.one(body).stdout


def test_what_would_take_longer_than_the_timeout_fails_by_it(checkout: Checkout) -> None:
    body = """
result = run_pipeline("raw-to-processed/tidy", faults=[slow("clean", seconds=400)])
assert (result.error, result.seconds, result.log) == ("TooSlow", 300, ())
"""
    assert "1 passed" in checkout.one(body).stdout


def test_items_of_a_map_are_slow_beside_each_other(checkout: Checkout) -> None:
    checkout.define('Map(over=[1, 2, 3], steps=[Function("clean")])', "return event * 2")
    body = """
result = run_pipeline("raw-to-processed/tidy", input={}, faults=[slow("clean", seconds=2)])
assert (result.output, result.seconds) == ([2, 4, 6], 2)
"""
    done = checkout.one(body)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.parametrize("words", [(), ("--dorc-workers",)])
def test_what_is_still_slow_when_another_branch_fails_is_not_waited_for(
    checkout: Checkout, words: tuple[str, ...]
) -> None:
    failing = '[Wait(timedelta(seconds=1)), Fail("No")]'
    checkout.define(f'Parallel([[Function("clean")], {failing}])', "return 1")
    body = """
result = run_pipeline("raw-to-processed/tidy", input={}, faults=[slow("clean", seconds=3)])
assert (result.error, result.seconds) == ("No", 1)
"""
    done = checkout.one(body, *words)
    assert "1 passed" in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("call", "words"), [("workers=True", ()), ("workers=None", ("--dorc-workers",))]
)
def test_functions_run_in_processes_of_their_own(
    checkout: Checkout, call: str, words: tuple[str, ...]
) -> None:
    checkout.write(
        f"{TIDY}/clean/lambda.py",
        "import os\n\n\ndef handler(event, context):\n    return {'rows': 1, 'pid': os.getpid()}\n",
    )
    body = f"""
import os
result = run_pipeline("raw-to-processed/tidy", faults=[slow("clean", seconds=5)], {call})
assert result.output["pid"] != os.getpid()
assert result.seconds == 3605
"""
    done = checkout.one(body, *words)
    assert "1 passed" in done.stdout, done.stdout


@pytest.fixture(scope="module")
def rows_told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a test prints of the rows of all ``OBJECTS``, and of an object that is not there."""
    checkout = Checkout(tmp_path_factory.mktemp("rows"))
    checkout.write(
        f"{TIDY}/clean/lambda.py",
        f"""
import os
import boto3


def handler(event, context):
    for key, body, _ in {OBJECTS!r}:
        boto3.client("s3").put_object(Bucket=os.environ["TARGET_BUCKET"], Key=key, Body=body)
    return {{"rows": 1}}
""",
    )
    body = f"""
from dorc_runtime.errors import DorcError
lake = run_pipeline("raw-to-processed/tidy").lake
for key in {[key for key, _, _ in OBJECTS]!r} + ["b.csv"]:
    try:
        print("rows of", key, lake.rows("processed/" + key))
    except DorcError as error:
        print("rows of", key, error)
print("text:", lake.text("processed/a.bin"), lake["processed/a.bin"], "processed/b" in lake)
"""
    return checkout.one(body, "-s").stdout


@pytest.mark.parametrize(("key", "told"), [(key, told) for key, _, told in OBJECTS])
def test_rows_are_read_by_the_ending_of_the_key(rows_told: str, key: str, told: str) -> None:
    assert f"rows of {key} {told}" in rows_told


def test_an_object_that_was_not_written_is_told_with_those_that_were(rows_told: str) -> None:
    known = "processed/a.bin, processed/a.csv"
    assert f"rows of b.csv no written object 'processed/b.csv'; there is: {known}" in rows_told


def test_an_object_is_text_and_bytes(rows_told: str) -> None:
    assert "text: x b'x' False" in rows_told


def test_the_plugin_loads_nothing_heavy_when_pytest_starts() -> None:
    heavy = {"boto3", "moto", "jsonata", "dorc_runtime.local", "dorc_runtime.project"}
    code = f"import sys, dorc_runtime.testing.plugin; print(sorted({heavy!r} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
