"""From `copier copy gh:org/dorc` to the first run of a pipeline, as a new user does it.

The environment follows the README of the new repository, with the pin that the template wrote: pip
builds the library's wheel from the tagged release and installs it. What the library requires is
there already, linked from the environment of the tests.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dorc_runtime import __version__
from tests.template.conftest import ROOT, Git
from tests.template.release.linked_packages import link_requirements

Shell = Callable[[str], subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def released(
    tmp_path_factory: pytest.TempPathFactory, git: Git, release: Callable[[Path, str], None]
) -> Path:
    """This checkout, as it is on disk, as a release in a git repository."""
    folder = tmp_path_factory.mktemp("released")
    for name in git(ROOT, "ls-files", "-z", "-co", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    release(folder, __version__)
    return folder


@pytest.fixture(scope="module")
def made(released: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Shell]:
    """A repository made from that release, set up by its README; and a shell in it."""
    folder = tmp_path_factory.mktemp("newcomer")
    environment = {
        **{key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"},
        "COPIER_CACHE_DIR": str(folder / "cache"),
        "PIP_NO_COMPILE": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{released.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/org/dorc.git",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    repository = folder / "my-pipelines"

    def shell(commands: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-ec", commands],
            cwd=repository if repository.is_dir() else folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    copied = shell("copier copy --defaults gh:org/dorc my-pipelines")
    assert copied.returncode == 0, copied.stderr
    assert "invoke new-pipeline raw-to-processed example" in copied.stderr
    readme = (repository / "README.md").read_text(encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", str(repository / ".venv")], check=True)
    link_requirements(repository / ".venv", of="dorc-runtime[all]")
    setup = re.search(r"## Set up\n+```sh\n(.*?)```", readme, re.DOTALL)
    assert setup is not None
    installed = shell(setup[1])
    assert installed.returncode == 0, installed.stderr
    return repository, lambda commands: shell(f"source .venv/bin/activate; {commands}")


def test_the_release_is_pinned_by_its_tag(made: tuple[Path, Shell]) -> None:
    repository, _ = made
    pin = f'"dorc-runtime[all] @ git+https://github.com/org/dorc.git@v{__version__}"'
    assert pin in (repository / "pyproject.toml").read_text(encoding="utf-8")


def test_the_library_comes_from_a_wheel_not_from_a_checkout(made: tuple[Path, Shell]) -> None:
    repository, shell = made
    found = shell("python -c 'import dorc_runtime; print(dorc_runtime.__file__)'")
    assert Path(found.stdout.strip()).is_relative_to(repository / ".venv")


def test_a_repository_without_pipelines_passes_its_own_checks(made: tuple[Path, Shell]) -> None:
    _, shell = made
    done = shell("invoke check; invoke test")
    assert "0 pipelines, 0 functions: no problems found." in done.stdout
    assert "no tests: `invoke new-pipeline" in done.stdout
    assert done.returncode == 0, done.stderr


def test_a_new_pipeline_runs_and_passes_its_own_tests_and_checks(made: tuple[Path, Shell]) -> None:
    repository, shell = made
    written = shell("invoke new-pipeline raw-to-processed example")
    assert "try it: invoke run raw-to-processed/example" in written.stdout
    ran = shell("invoke run raw-to-processed/example")
    assert ran.returncode == 0, ran.stderr
    assert "processed/example/first.csv" in ran.stdout
    tested = shell("invoke test")
    assert "2 passed" in tested.stdout, tested.stdout
    assert "warning" not in tested.stdout
    assert shell("invoke check").stdout == "1 pipeline, 1 function: no problems found.\n"
    for check in ("check", "format --check"):
        command = [sys.executable, "-m", "ruff", *check.split(), "."]
        linted = subprocess.run(
            command, cwd=repository, capture_output=True, text=True, check=False
        )
        assert linted.returncode == 0, linted.stdout


def test_a_new_function_needs_a_step(made: tuple[Path, Shell]) -> None:
    _, shell = made
    shell("invoke new-pipeline raw-to-processed growing")
    written = shell("invoke new-function raw-to-processed/growing publish")
    assert "wrote src/raw-to-processed/growing/publish/lambda.py" in written.stdout
    assert 'Function("publish")' in written.stdout
    tested = shell("invoke test --pipeline raw-to-processed/growing --options='-k publish'")
    assert "1 passed" in tested.stdout, tested.stdout
    assert 'no step calls it: add Function("publish")' in shell("invoke check").stdout


def test_an_upgrade_brings_files_and_library_of_the_next_release(
    made: tuple[Path, Shell], released: Path, release: Callable[[Path, str], None]
) -> None:
    _, shell = made
    started = shell("git init -q && git add -A && git commit -qm 'Start with dorc'")
    assert started.returncode == 0, started.stderr
    assert shell("invoke upgrade --check").returncode == 0
    (released / "dorc_runtime" / "VERSION").write_text("99.0.0\n")
    ignored = released / "template" / ".gitignore"
    ignored.write_text(f"{ignored.read_text()}coverage.xml\n")
    release(released, "99.0.0")
    assert shell("invoke upgrade --check").returncode == 3
    for id_ in ("raw-to-processed/growing", "raw-to-processed/example"):
        shell(f"invoke remove-pipeline {id_} --yes && git commit -qam 'Remove {id_}'")
    done = shell("invoke upgrade")
    assert done.returncode == 0, done.stderr
    assert "  changed .gitignore\n  changed pyproject.toml\n" in done.stdout
    assert "0 pipelines, 0 functions: no problems found." in done.stdout
    installed = shell("python -c 'import dorc_runtime; print(dorc_runtime.__version__)'")
    assert installed.stdout == "99.0.0\n"
    status = shell("git status --porcelain").stdout.splitlines()
    assert status == [" M .copier-answers.yml", " M .gitignore", " M pyproject.toml"]


def test_the_wheel_holds_library_scaffold_and_licence(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(tmp_path), "."],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {"dorc_runtime/VERSION", "dorc_runtime/py.typed", "dorc_runtime/errors.py"} <= names
    assert "dorc_runtime/_scaffold/copier.yml" in names
    files = [path.relative_to(ROOT) for path in (ROOT / "template").rglob("*") if path.is_file()]
    template = {path.as_posix() for path in files if "__pycache__" not in path.parts}
    assert {f"dorc_runtime/_scaffold/{name}" for name in template} <= names
    assert "dorc_runtime/operate/cost/prices.toml" in names
    assert not any("__pycache__" in name for name in names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "examples/")) for name in names)
