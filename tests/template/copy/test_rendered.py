"""What `copier copy` writes, for answers of every kind."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path, PurePosixPath

import copier
import pytest
import yaml
from pytest_copier.plugin import CopierFixture

from dorc_runtime.project.definitions import load_config
from dorc_runtime.project.repository import Repository
from tests.template.conftest import ROOT, Copy

LAYERS = ["raw-to-processed", "processed-to-curated", "default"]
PIPELINES = [
    {"layer": "raw-to-processed", "name": "penguins"},
    {"layer": "default", "name": "hello_world"},
]
# Every pair of values occurs at least once.
ANSWERS: dict[str, dict[str, object]] = {
    "defaults": {},
    "arm": {
        "project_name": "ExampleDorc",
        "architecture": "arm64",
        "python_version": "3.13",
        "layers": LAYERS,
        "pipelines": PIPELINES,
    },
    "account": {
        "aws_account": "123456789012",
        "runtime_source": "pypi",
        "python_version": "3.11",
        "environments": ["prod"],
        "layers": LAYERS,
        "pipelines": PIPELINES,
    },
    "one layer": {
        "layers": ["default"],
        "aws_account": "123456789012",
        "architecture": "arm64",
        "pipelines": PIPELINES[1:],
    },
    "other layers": {
        "layers": ["a-to-b-to-c", "ingest2"],
        "environments": ["dev", "test", "prod"],
        "runtime_source": "pypi",
        "python_version": "3.13",
        "pipelines": [{"layer": "a-to-b-to-c", "name": "x"}],
    },
}


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
class TestEveryCombination:
    def test_every_file_is_complete_and_parses(
        self, copy: Copy, answers: dict[str, object]
    ) -> None:
        for path in files(copy(**answers)):
            text = path.read_text(encoding="utf-8")
            # GitHub's own expressions look like Jinja's.
            rest = re.sub(r"\$\{\{ [\w.]+ \}\}", "", text)
            assert not re.search(r"\{[{%#]|[%#}]\}\s", rest), f"not rendered: {path}"
            assert re.search(r"[^\n]\n\Z", text), f"the end of {path}"
            assert not re.search(r"[ \t]$", text, re.M), f"blanks at the end of a line: {path}"
            match path.suffix:
                case ".py":
                    ast.parse(text)
                case ".yml":
                    assert yaml.safe_load(text)
                case ".toml":
                    tomllib.loads(text)
                case ".json":
                    json.loads(text)

    def test_ruff_finds_nothing(
        self, copier: CopierFixture, tmp_path: Path, answers: dict[str, object]
    ) -> None:
        project = copier.copy(tmp_path / "my-pipelines", **answers)
        for command in ("check", "format --check"):
            project.run(f"{sys.executable} -m ruff {command} --no-cache .")


def test_the_configuration_has_the_answers(copy: Copy) -> None:
    repository = copy(
        project_name="ExampleDorc",
        aws_region="us-east-1",
        aws_account="123456789012",
        architecture="arm64",
    )
    config = load_config(Repository(repository))
    assert config is not None
    assert config.universal.model_dump(exclude_defaults=True) == {
        "project": "ExampleDorc",
        "region": "us-east-1",
        "account": "123456789012",
        "architecture": "arm64",
        "tags": {"project": "ExampleDorc"},
    }


def test_without_an_account_the_configuration_has_none(copy: Copy) -> None:
    config = load_config(Repository(copy()))
    assert config is not None
    assert config.universal.account is None


def test_the_image_has_the_chosen_python_and_processor(copy: Copy) -> None:
    repository = copy(python_version="3.13", architecture="arm64")
    assert (
        "FROM public.ecr.aws/lambda/python:3.13-arm64\n" in (repository / "Dockerfile").read_text()
    )
    assert (repository / ".python-version").read_text() == "3.13\n"


def test_both_kinds_of_requirements_file_exist(copy: Copy) -> None:
    repository = copy(layers=LAYERS, pipelines=PIPELINES)
    found = {
        path.relative_to(repository).as_posix() for path in repository.rglob("requirements.txt")
    }
    assert found == {
        "requirements.txt",
        "src/raw-to-processed/penguins/requirements.txt",
        "src/default/hello_world/requirements.txt",
    }


def test_no_folder_is_empty(copy: Copy) -> None:
    repository = copy(layers=LAYERS, pipelines=PIPELINES)
    assert not [path for path in repository.rglob("*") if path.is_dir() and not any(path.iterdir())]


def test_it_needs_no_trust(copier_template: Path, tmp_path: Path) -> None:
    repository = tmp_path / "my-pipelines"
    copier.run_copy(str(copier_template), repository, defaults=True, quiet=True, unsafe=False)
    assert (repository / "pyproject.toml").is_file()


def test_at_most_ten_questions_are_asked() -> None:
    questions = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    asked = [
        name
        for name, question in questions.items()
        if not name.startswith("_") and question.get("when", question.get("ask", True))
    ]
    assert len(asked) <= 10
    assert all(questions[name]["help"] for name in asked)


def test_the_next_commands_are_printed_at_the_end(copier_template: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "copier", "copy", "--defaults"]
    done = subprocess.run(
        [*command, "--data", "layers=[ingest]", str(copier_template), "my-pipelines"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.strip() for line in done.stderr.splitlines()]
    assert lines[lines.index('cd "my-pipelines"') :] == [
        'cd "my-pipelines"',
        'git init && git add -A && git commit -m "Start with dorc"',
        "invoke venv && source .venv/bin/activate",
        "invoke new-pipeline ingest example",
        "invoke run ingest/example",
        "invoke test",
        "",
    ]


TEMPLATE_PATHS = sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / "template").rglob("*") if path.is_file()
)


@pytest.mark.parametrize("path", TEMPLATE_PATHS)
def test_a_path_of_the_template_is_legal_on_windows(path: str) -> None:
    assert not re.search(r'[<>:"|?*\\]', path)
    assert not any(part.endswith((" ", ".")) for part in PurePosixPath(path).parts)
    assert len(path) <= 160
