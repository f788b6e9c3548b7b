"""What an editor finds in a repository: pyright and mypy resolve every name in it."""

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.local.wheels import write_wheel
from tests.proof.npm import node, npm_package
from tests.repositories import ROOT, copy_template, render_repository, replace_code

PYRIGHT = "pyright@1.1.414"
EXAMPLE = ROOT / "examples" / "penguins"
PIPELINES = ("raw-to-processed/penguins", "processed-to-curated/penguins")
CLEAN = "src/raw-to-processed/penguins/clean"
# What an editor shows for names: in a function, those of its modules, of lib/ and of packages; in a
# definition, those of the configuration and of dorc; in a test, those of lib/.
HOVERS = {
    f"{CLEAN}/lambda.py": {
        "rules.number": "(text: Unknown) -> (float | None)",
        "tables.read_csv": "(bucket: Unknown, key: Unknown) -> list[dict[str | Any, str | Any]]",
        "census.version": "str",
    },
    "src/raw-to-processed/penguins/pipeline.py": {
        "pipeline_config.config.universal.project": "str",
        "Pipeline": "type[Pipeline]",
    },
    "src/raw-to-processed/penguins/tests/test_penguins.py": {
        "tables.read_csv": "(bucket: Unknown, key: Unknown) -> list[dict[str | Any, str | Any]]",
    },
}
MODULES = ("rules", "tables", "census", "pipeline_config")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pipelines from the template, with the packages of their functions in `.venv`."""
    folder = tmp_path_factory.mktemp("editors")
    template = copy_template(folder / "template")
    repository = render_repository(template, folder / "my-pipelines", PIPELINES)
    replace_code(repository, {name: EXAMPLE / "src" / name for name in PIPELINES})
    shutil.copytree(EXAMPLE / "lib", repository / "lib", dirs_exist_ok=True)
    (repository / CLEAN).parent.joinpath("requirements.txt").write_text("census\n")
    (folder / "wheels").mkdir()
    write_wheel(folder / "wheels", "census", "1.0")
    command = [sys.executable, "-m", "venv", "--without-pip", str(repository / ".venv")]
    subprocess.run(command, check=True)
    [packages] = repository.glob(".venv/lib/*/site-packages")
    installed = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "tests.pth").write_text("\n".join([*installed, str(ROOT)]))
    subprocess.run(
        [repository / ".venv/bin/python", "-m", "dorc_runtime.project.editors", repository],
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder / "wheels")},
        check=True,
    )
    return repository


@pytest.fixture(scope="module")
def reports(repository: Path) -> list[dict[str, Any]]:
    """What pyright reports in the whole repository, with a `reveal_type` for each of `HOVERS`."""
    program = npm_package(PYRIGHT) / "node_modules/pyright/index.js"
    originals = {name: (repository / name).read_text() for name in HOVERS}
    for name, hovers in HOVERS.items():
        used = [module for module in MODULES if any(each.startswith(module) for each in hovers)]
        lines = [f"import {module}" for module in used]
        lines += [f"reveal_type({each})" for each in hovers]
        (repository / name).write_text("\n".join([originals[name], *lines, ""]))
    done = subprocess.run(
        [node(), program, "--outputjson", "--pythonpath", ".venv/bin/python"],
        cwd=repository,
        capture_output=True,
        text=True,
        check=False,
    )
    for name, text in originals.items():
        (repository / name).write_text(text)
    answer = json.loads(done.stdout)
    assert answer["summary"]["filesAnalyzed"] >= 15
    found: list[dict[str, Any]] = answer["generalDiagnostics"]
    return found


def test_pyright_finds_no_problem(reports: list[dict[str, Any]]) -> None:
    problems = [each for each in reports if each["severity"] != "information"]
    assert [f"{each['file']}: {each['message']}" for each in problems] == []


def test_an_editor_shows_the_types_of_names_from_everywhere(
    repository: Path, reports: list[dict[str, Any]]
) -> None:
    shown: dict[str, dict[str, str]] = defaultdict(dict)
    for each in reports:
        name = Path(each["file"]).relative_to(repository.resolve()).as_posix()
        # Type of "rules.number" is "(text) -> (float | None)"
        _, expression, _, kind, _ = each["message"].split('"')
        shown[name][expression] = kind
    assert shown == HOVERS


def test_mypy_finds_no_problem(repository: Path) -> None:
    """A run takes each module name once, so that files of one name are in different runs."""
    runs: dict[int, list[str]] = defaultdict(list)
    names: dict[str, int] = defaultdict(int)
    for file in sorted([*repository.glob("src/*/*/**/*.py"), *repository.glob("lib/**/*.py")]):
        runs[names[file.name]].append(str(file.relative_to(repository)))
        names[file.name] += 1
    runs[0].append("pipeline_config.py")
    python = ["--python-executable", ".venv/bin/python"]
    for files in runs.values():
        done = subprocess.run(
            [sys.executable, "-m", "mypy", "--check-untyped-defs", *python, *files],
            cwd=repository,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
