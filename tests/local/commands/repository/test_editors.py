"""The files of VS Code that `invoke vscode` completes; `invoke lint` and `invoke fmt`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

SETTINGS = ".vscode/settings.json"
LAUNCH = ".vscode/launch.json"


def read(repository: Repository, name: str) -> str:
    return (repository.root / name).read_text(encoding="utf-8")


def launches(repository: Repository) -> dict[str, dict[str, object]]:
    [*configurations] = json.loads(read(repository, LAUNCH))["configurations"]
    return {each["name"]: each for each in configurations}


def test_vscode_can_run_and_debug_pipelines_and_run_tests(repository: Repository) -> None:
    done = repository.invoke("vscode")
    assert done.stdout == f"wrote {SETTINGS}\nwrote {LAUNCH}\n"
    settings = json.loads(read(repository, SETTINGS))
    assert settings["python.defaultInterpreterPath"] == "${workspaceFolder}/.venv/bin/python"
    assert settings["python.testing.pytestEnabled"] is True
    arguments = {name: each["args"] for name, each in launches(repository).items()}
    assert arguments["dorc: run this pipeline"] == ["run", "${relativeFile}"]
    assert arguments["dorc: debug this pipeline"] == ["run", "${relativeFile}", "--inline"]
    function = "run ${relativeFile} --function ${fileDirnameBasename} --event last --inline"
    assert arguments["dorc: debug this function, with its last event"] == function.split()
    assert arguments["dorc: debug the tests in this file"] == ["${file}"]
    assert repository.invoke("vscode").stdout == ".vscode is complete: nothing was changed\n"


def test_a_pipeline_is_run_by_the_path_of_a_file_in_it(repository: Repository) -> None:
    """As VS Code's ``${relativeFile}`` names it."""
    done = repository.invoke("run", "src/raw-to-processed/tidy/clean/lambda.py", "--inline")
    assert done.stdout.startswith("raw-to-processed/tidy  from example first"), done.stderr
    function = ["--function", "clean", "--event", "last", "--inline"]
    again = repository.invoke("run", "src/raw-to-processed/tidy/clean/lambda.py", *function)
    assert again.returncode == 0, again.stderr
    wrong = repository.invoke("run", "src/raw-to-processed/tidy/clean/other.py")
    assert wrong.stderr.startswith("error: no pipeline 'src/raw-to-processed/tidy/clean/other.py'")


def test_vscode_keeps_what_a_person_wrote(repository: Repository) -> None:
    repository.write(
        SETTINGS, '{\n    // our tests\n    "python.testing.pytestArgs": ["-x"], /* first */\n}\n'
    )
    mine = '{"name": "dorc: run this pipeline", "type": "debugpy"}, // "mine", }'
    repository.write(
        LAUNCH, f'{{\n    "inputs": [],\n    "configurations": [\n        {mine}\n    ]\n}}\n'
    )
    assert repository.invoke("vscode").returncode == 0
    settings = read(repository, SETTINGS)
    assert settings.endswith(
        '// our tests\n    "python.testing.pytestArgs": ["-x"], /* first */\n}\n'
    )
    assert '"python.testing.pytestEnabled": true,\n' in settings
    assert settings.count("pytestArgs") == 1
    launch = read(repository, LAUNCH)
    assert mine in launch
    assert launch.count('"dorc: run this pipeline"') == 1
    repository.write(LAUNCH, launch.replace(', // "mine", }', ""))
    assert len(launches(repository)) == 4
    assert repository.invoke("vscode").stdout == ".vscode is complete: nothing was changed\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1', "Expecting ',' delimiter: line 1 column 8 (char 7)"),
        ("[]", "it is not an object"),
        ('{"configurations": {}}', "'configurations' is not a list"),
    ],
)
def test_a_file_that_cannot_be_completed_is_refused(
    repository: Repository, text: str, message: str
) -> None:
    repository.write(LAUNCH, text)
    done = repository.invoke("vscode")
    assert done.returncode == 2
    assert done.stderr == (
        f"error: {LAUNCH} cannot be completed: {message}. Correct or remove the file.\n"
    )
    assert read(repository, LAUNCH) == text
    assert not (repository.root / SETTINGS).exists()


def test_with_dorc_next_to_the_repository_its_environment_is_used(repository: Repository) -> None:
    dorc = repository.root.parent / "dorc"
    dorc.mkdir()
    (dorc / "tasks.py").write_text(read(repository, "tasks.py"))
    (dorc / ".env").write_text(f"CONFIG_REPO_PATH=../{repository.root.name}\n")
    repository.invoke("vscode", folder=dorc)
    place = "${workspaceFolder}/../dorc"
    settings = json.loads(read(repository, SETTINGS))
    assert settings["python.defaultInterpreterPath"] == f"{place}/.venv/bin/python"
    assert launches(repository)["dorc: run this pipeline"]["cwd"] == place


def test_lint_finds_what_fmt_corrects(repository: Repository) -> None:
    handler = repository.write(
        "src/raw-to-processed/tidy/clean/lambda.py",
        "import os\ndef handler(event, context): return {'size' : 1}\n",
    )
    found = repository.invoke("lint")
    assert found.returncode == 1
    assert "`os` imported but unused" in found.stdout
    assert "1 file would be reformatted" in found.stdout
    assert repository.invoke("fmt").returncode == 0
    assert handler.read_text() == 'def handler(event, context):\n    return {"size": 1}\n'
    assert repository.invoke("lint").returncode == 0


def test_without_ruff_one_line_says_how_to_get_it(repository: Repository) -> None:
    repository.write("hidden/sitecustomize.py", "import sys\nsys.modules['ruff'] = None\n")
    done = repository.invoke("lint", PYTHONPATH=str(repository.root / "hidden"))
    assert done.returncode == 2
    assert done.stderr == (
        "error: ruff is not installed: add it to the dependencies in pyproject.toml, then "
        "`invoke venv`.\n"
    )
