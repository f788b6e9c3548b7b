"""`new-env` writes the values of settings that have no default."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dorc_runtime.errors import DorcError
from dorc_runtime.project.definitions import load_config
from dorc_runtime.project.environment_values.setting_values import setting_values
from dorc_runtime.project.repository import Repository
from tests.template.conftest import Copy, Git, invoke

SETTINGS = """
from pydantic import BaseModel, Field, HttpUrl

class Settings(BaseModel):
    api_url: HttpUrl = Field(description="where the weather is")
    days: list[int]
    code: str = "1"
    clean_memory: int = 512

config = Config(universal=universal, settings=Settings)
"""
FILE = "infra/Pulumi.test.yaml"
VALUES = ("--setting", "api_url=https://api.example.org", "--setting", "days=[1, 2]")


@pytest.fixture
def repository(committed: Copy) -> Path:
    repository = committed(layers=["default"], environments=["dev"])
    configuration = repository / "pipeline_config.py"
    configuration.write_text(configuration.read_text() + SETTINGS)
    return repository


def settings_in(repository: Path) -> object:
    content = yaml.safe_load((repository / FILE).read_text())
    return content["config"]["settings"]


def test_values_come_from_options(repository: Path) -> None:
    done = invoke(repository, "new-env", "test", *VALUES, "--setting", "code=12")
    assert done.returncode == 0, done.stderr
    assert settings_in(repository) == {
        "api_url": "https://api.example.org",
        "days": [1, 2],
        "code": "12",
    }
    config = load_config(Repository(repository))
    assert config is not None
    assert setting_values(Repository(repository), config.settings, "test")["days"] == [1, 2]


def test_values_are_asked_for_at_a_terminal(repository: Path) -> None:
    terminal, stdin = pty.openpty()
    os.write(terminal, b"weather\nhttps://api.example.org\n[3]\n")
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "new-env", "test"],
        cwd=repository,
        stdin=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    os.close(stdin)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    assert "api_url in test (where the weather is): " in done.stdout
    assert "api_url: 'weather' is not valid: it must be a valid URL" in done.stdout
    assert settings_in(repository) == {"api_url": "https://api.example.org", "days": [3]}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            (),
            "the settings api_url, days have no defaults: add --setting api_url=VALUE --setting "
            "days=VALUE.",
        ),
        (VALUES[:2], "the setting 'days' has no default: add --setting days=VALUE."),
        ((*VALUES, "--setting", "api_ur=x"), "api_ur: no such setting. Did you mean 'api_url'?"),
        (("--setting", "days=x"), "days: 'x' is not valid: it must be a list"),
        (("--setting", "days"), "--setting days: write NAME=VALUE."),
    ],
    ids=["all missing", "one missing", "misspelt", "invalid", "no value"],
)
def test_nothing_is_written_without_valid_values(
    repository: Path, git: Git, words: tuple[str, ...], message: str
) -> None:
    before = git(repository, "status", "--porcelain")
    done = invoke(repository, "new-env", "test", *words)
    assert (done.returncode, done.stderr) == (2, f"error: {message}\n")
    assert git(repository, "status", "--porcelain") == before


def test_values_of_an_environment_with_a_file_belong_there(repository: Path) -> None:
    done = invoke(repository, "new-env", "dev", "--setting", "days=[1]")
    assert done.returncode == 2
    assert "infra/Pulumi.dev.yaml exists: write the values of settings there." in done.stderr


def test_a_new_repository_ignores_the_files_with_own_values(repository: Path, git: Git) -> None:
    for name in ("local.toml", "secrets.toml"):
        (repository / name).write_text("")
        assert git(repository, "check-ignore", name).strip() == name


def test_the_example_of_local_values_can_be_read(repository: Path) -> None:
    (repository / "local.toml").write_text('[settings]\napi_url = "http://localhost"\ndays = [1]\n')
    config = load_config(Repository(repository))
    assert config is not None
    assert setting_values(Repository(repository), config.settings, "local")["days"] == [1]
    text = (repository / "local.example.toml").read_text()
    uncommented = "".join(
        f"{line.removeprefix('# ')}\n"
        for line in text.splitlines()
        if line.startswith("# [") or " = " in line
    )
    (repository / "local.example.toml").write_text(uncommented)
    try:
        setting_values(Repository(repository), config.settings, "local")
    except DorcError as error:
        pytest.fail(str(error))
