"""The tasks of a repository while only Invoke is installed, and not dorc's library."""

import os
import re
import subprocess
import sys
from pathlib import Path

import copier
import invoke
import pytest

from tests.template.conftest import ROOT, Copy

Result = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages that holds Invoke and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    assert invoke.__file__
    for part in Path(invoke.__file__).parents[1].glob("invoke*"):
        (folder / part.name).symlink_to(part)
    return folder


def run(bare: Path, folder: Path, *words: str, **variables: str) -> Result:
    environment = {**os.environ, "PYTHONPATH": str(bare), **variables}
    # -S: without the packages of the environment that the tests run in.
    return subprocess.run(
        [sys.executable, "-S", "-m", "invoke", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_tasks_are_listed_with_the_next_step(bare: Path, copy: Copy) -> None:
    done = run(bare, copy(), "--list")
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")]
    assert [name for name in listed if name in ("python-setup", "venv", "run")] == [
        "python-setup",
        "venv",
    ]
    assert "dorc_runtime is not installed, so most tasks are missing" in done.stderr


def test_without_pyenv_one_line_says_how_to_install_it(
    bare: Path, copy: Copy, tmp_path: Path
) -> None:
    done = run(bare, copy(python_version="3.13"), "python-setup", PATH=str(tmp_path))
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: neither pyenv nor uv is installed: see https://github.com/pyenv")
    assert "Python 3.13" in last


@pytest.fixture(scope="module")
def repository(copier_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository for a Python version that is not installed."""
    folder = tmp_path_factory.mktemp("venv") / "my-pipelines"
    copier.run_copy(str(copier_template), folder, defaults=True, quiet=True)
    (folder / ".python-version").write_text("3.99\n")
    # The library from here, and without its extras, which these tests do not need.
    file = folder / "pyproject.toml"
    text, number = re.subn(
        r'"dorc-runtime\[all\].*"', f'"dorc-runtime @ {ROOT.as_uri()}"', file.read_text()
    )
    assert number == 1
    file.write_text(text)
    (folder / "lib/units").mkdir()
    (folder / "lib/units/__init__.py").write_text("METRE = 'm'\n")
    return folder


@pytest.fixture(scope="module")
def first(bare: Path, repository: Path) -> Result:
    """The first run of `invoke venv`, in a folder of the repository."""
    (repository / "src/somewhere").mkdir()
    return run(bare, repository / "src/somewhere", "venv")


def test_it_prints_the_next_step(first: Result) -> None:
    assert first.returncode == 0, first.stderr
    assert first.stdout.endswith("ready; next: source .venv/bin/activate\n")


def test_it_says_that_another_python_is_used(first: Result) -> None:
    running = ".".join(map(str, sys.version_info[:2]))
    assert f"Python 3.99 is not installed, so .venv has {running}. To use 3.99:" in first.stdout


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(
    ("module", "file"),
    [("pipeline_config", "pipeline_config.py"), ("units", "lib/units/__init__.py")],
)
def test_the_configuration_and_lib_can_be_imported_from_anywhere(
    repository: Path, tmp_path: Path, module: str, file: str
) -> None:
    code = f"from importlib.util import find_spec; print(find_spec({module!r}).origin)"
    found = subprocess.run(
        [repository / ".venv/bin/python", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == str(repository / file)


@pytest.mark.usefixtures("first")
def test_the_second_time_installs_nothing(bare: Path, repository: Path) -> None:
    """Without a package index; a change of ``pyproject.toml`` needs it again."""
    again = run(bare, repository, "venv", PIP_NO_INDEX="1")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == "ready; next: source .venv/bin/activate\n"
    file = repository / "pyproject.toml"
    file.write_text(file.read_text().replace("]", '  "no-such-package-of-dorc",\n]', 1))
    changed = run(bare, repository, "venv", PIP_NO_INDEX="1")
    assert changed.returncode == 2
    assert "pip install" in changed.stderr
