"""What commands show of the machine of functions: its Python, its packages, what is not held."""

import json
import platform
import shutil
from pathlib import Path

import pytest

from dorc_runtime.local.sandbox.mechanisms import Isolation, held
from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy")
EXAMPLES = Path(__file__).parents[4] / "examples"
RUNS_OF_EXAMPLES = [
    ("penguins", "raw-to-processed/penguins"),
    ("every-step", "raw-to-processed/birds"),
]
OTHER_PYTHON = "3.99"


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files below ``folder``, without what this process itself may compile."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("mechanism", ["namespaces", "landlock", "python"])
def test_a_run_changes_nothing_in_the_source(repository: Repository, mechanism: str) -> None:
    repository.write("lib/places.py", "where = 'lib'\n")
    repository.handle(
        "import contextlib, places, sqlite3\n"
        "from pathlib import Path\n"
        "here = Path(__file__).parent\n"
        "for path in (Path('x'), here / 'y', here / '../z'):\n"
        "    with contextlib.suppress(OSError):\n"
        "        path.write_text('x')\n"
        "with contextlib.suppress(sqlite3.OperationalError):\n"
        "    sqlite3.connect('rows.db').execute('create table rows (id)')\n"
        "return places.where"
    )
    repository.invoke("check")
    before = contents(repository.root / "src"), contents(repository.root / "lib")
    done = repository.invoke(*RUN, "--json", FUNCTION_ISOLATION=mechanism)
    assert json.loads(done.stdout)["output"] == "lib", done.stderr
    assert (contents(repository.root / "src"), contents(repository.root / "lib")) == before


@pytest.mark.parametrize(("example", "pipeline"), RUNS_OF_EXAMPLES)
def test_runs_and_tests_of_the_examples_change_nothing_in_their_source(
    tmp_path: Path, example: str, pipeline: str
) -> None:
    root = tmp_path / example
    ignored = shutil.ignore_patterns("__pycache__", ".dorc", ".venv", ".pytest_cache")
    shutil.copytree(EXAMPLES / example, root, ignore=ignored)
    repository = Repository.__new__(Repository)
    repository.root = root
    before = contents(root / "src")
    for words in (("run", pipeline), ("run", pipeline, "--inline")):
        done = repository.invoke(*words)
        assert done.returncode == 0, done.stdout + done.stderr
    assert repository.invoke("test").returncode == 0
    assert contents(root / "src") == before


@pytest.mark.skipif(bool(held(Isolation()).missing), reason="this system does not hold all of it")
def test_a_run_that_is_held_says_nothing_of_it(repository: Repository) -> None:
    assert "not held" not in repository.invoke(*RUN).stdout
    shown = " ".join(repository.invoke("doctor", COLUMNS="200").stdout.split())
    assert "✓ isolation functions have Lambda's files and network, by namespaces" in shown


def test_a_run_says_in_one_line_what_is_not_held(repository: Repository) -> None:
    repository.write(".env", "FUNCTION_ISOLATION=python\n")
    done = repository.invoke(*RUN, COLUMNS="250")
    assert done.returncode == 0
    lines = [line for line in done.stdout.splitlines() if "not held on this machine: " in line]
    assert len(lines) == 1
    shown = " ".join(repository.invoke("doctor", COLUMNS="300").stdout.split())
    assert "! isolation not held: writes of C libraries and programs, the size of /tmp, " in shown
    assert "To hold it, remove FUNCTION_ISOLATION from .env" in shown


@pytest.mark.parametrize("words", [RUN, ("check",)])
def test_another_python_than_the_image_s_is_a_warning(
    repository: Repository, words: tuple[str, ...]
) -> None:
    repository.write("Dockerfile", f"FROM public.ecr.aws/lambda/python:{OTHER_PYTHON}-x86_64\n")
    done = repository.invoke(*words)
    assert done.returncode == 0
    assert done.stderr == (
        f"warning: the functions run on Python {OTHER_PYTHON} on AWS, and this is "
        f"{platform.python_version()}: run `invoke python-setup`, then `invoke venv`.\n"
    )


@pytest.mark.parametrize("file", ["src/raw-to-processed/tidy/clean/lambda.py", "lib/rules.py"])
def test_a_syntax_error_names_both_versions_where_they_differ(
    repository: Repository, file: str
) -> None:
    repository.write(".copier-answers.yml", f"python_version: '{OTHER_PYTHON}'\n")
    handler = "import rules\n\ndef handler(event, context):\n    pass\n"
    repository.write("src/raw-to-processed/tidy/clean/lambda.py", handler)
    repository.write(file, "def check():\n    return (\n")
    done = repository.invoke(*RUN)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert "'(' was never closed" in last
    assert f"Python {OTHER_PYTHON} on AWS, and this is {platform.python_version()}" in last


@pytest.mark.parametrize("words", [RUN, ("check",)])
def test_requirements_that_need_another_file_are_refused(
    repository: Repository, words: tuple[str, ...]
) -> None:
    repository.write("src/raw-to-processed/tidy/requirements.txt", "# ours\n./wheels/census.whl\n")
    done = repository.invoke(*words)
    assert done.returncode == 2
    place = "src/raw-to-processed/tidy/requirements.txt:2: './wheels/census.whl' needs another file"
    assert place in done.stdout + done.stderr


def test_a_trace_shows_the_files_of_the_repository(repository: Repository) -> None:
    repository.write("lib/rules.py", "def check():\n    raise ValueError('no rows')\n")
    repository.handle("import rules\nrules.check()")
    shown = repository.invoke(*RUN).stdout
    assert "src/raw-to-processed/tidy/clean/lambda.py:3 in handler" in shown
    assert "lib/rules.py:2 in check" in shown
