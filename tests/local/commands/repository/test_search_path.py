"""What `invoke venv` makes importable: the code and the packages of all functions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.commands.conftest import Repository
from tests.local.wheels import write_wheel


class Environment:
    """A virtual environment for a repository, as `invoke venv` makes it."""

    def __init__(self, repository: Repository, folder: Path) -> None:
        self.repository = repository
        self._wheels = folder / "wheels"
        self._wheels.mkdir()
        for name, version in (("census", "1.0"), ("census", "2.0"), ("surveys", "1.0")):
            write_wheel(self._wheels, name, version)
        command = [sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")]
        subprocess.run(command, check=True)
        self._python = str(folder / ".venv/bin/python")
        [packages] = (folder / ".venv").glob("lib/*/site-packages")
        ours = [path for path in sys.path if path.endswith("site-packages")]
        (packages / "tests.pth").write_text("\n".join([*ours, str(Path(__file__).parents[4])]))

    def prepare(self) -> subprocess.CompletedProcess[str]:
        """Run the part of `invoke venv` that makes packages importable."""
        return self._run("-m", "dorc_runtime.project.editors", str(self.repository.root))

    def evaluate(self, module: str, expression: str) -> str:
        """Return what an expression with a module is for this environment's Python."""
        done = self._run("-c", f"import {module}; print({module}.{expression})")
        return done.stdout.strip() or done.stderr.strip().splitlines()[-1]

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._python, *words],
            env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(self._wheels)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """One for two pipelines that need different versions of a package."""
    folder = tmp_path_factory.mktemp("editors")
    repository = Repository(folder / "repository")
    repository.write("lib/units/__init__.py", "METRE = 'm'\n")
    other = "src/raw-to-processed/other"
    repository.write(f"{other}/pipeline.py", "")
    repository.write(f"{other}/requirements.txt", "Census==2.0\n")
    own = "src/raw-to-processed/tidy/requirements.txt"
    repository.write(own, "census==1.0  # as before\nsurveys\n")
    return Environment(repository, folder)


@pytest.fixture(scope="module")
def first(environment: Environment) -> subprocess.CompletedProcess[str]:
    return environment.prepare()


def test_it_names_what_it_installs_and_versions_that_differ(
    first: subprocess.CompletedProcess[str],
) -> None:
    assert first.returncode == 0, first.stderr
    assert first.stdout == (
        "installing the packages of raw-to-processed/other\n"
        "installing the packages of raw-to-processed/tidy\n"
        "note: editors see one version of each package: census 2.0 (runs of "
        "raw-to-processed/tidy have 1.0).\n"
    )


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(
    ("module", "expression", "value"),
    [
        ("units", "METRE", "m"),
        ("pipeline_config", "config.universal.project", "Example"),
        ("census", "version", "2.0"),
        ("surveys", "version", "1.0"),
    ],
)
def test_code_and_packages_of_all_functions_can_be_imported(
    environment: Environment, module: str, expression: str, value: str
) -> None:
    assert environment.evaluate(module, expression) == value


@pytest.mark.usefixtures("first")
def test_the_second_time_installs_nothing(environment: Environment) -> None:
    assert "installing" not in environment.prepare().stdout


@pytest.mark.usefixtures("first")
def test_one_that_cannot_be_installed_is_reported_and_the_rest_is_there(
    environment: Environment,
) -> None:
    own = "src/raw-to-processed/tidy/requirements.txt"
    environment.repository.write(own, "no-such-package-of-dorc==1.0\n")
    done = environment.prepare()
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert done.stderr.startswith("error: ")
    assert "raw-to-processed/tidy/requirements.txt cannot be installed" in done.stderr
    assert environment.evaluate("census", "version") == "2.0"
    assert "No module named 'surveys'" in environment.evaluate("surveys", "version")
