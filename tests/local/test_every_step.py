"""The example with every kind of step runs here, and passes its own checks and tests."""

import subprocess
import sys
from pathlib import Path

import dorc_runtime
from dorc_runtime.model.steps import Function, Map, Step, all_steps
from dorc_runtime.project.definitions import load_pipeline
from dorc_runtime.project.repository import find_repository

KINDS = [
    kind
    for name in dorc_runtime.__all__
    if isinstance(kind := getattr(dorc_runtime, name), type) and issubclass(kind, Step)
]
EXAMPLE = Path(__file__).parents[2] / "examples" / "every-step"


def steps() -> list[Step]:
    pipelines = [load_pipeline(folder) for folder in find_repository(EXAMPLE).pipelines]
    return [step for pipeline in pipelines for step in all_steps(pipeline.steps)]


def test_it_has_every_kind_of_step() -> None:
    assert {type(step) for step in steps()} == set(KINDS)


def test_it_has_the_kinds_that_one_step_comes_in() -> None:
    found = steps()
    assert any(step.wait_for_token for step in found if isinstance(step, Function))
    assert {step.distributed for step in found if isinstance(step, Map)} == {True, False}


def test_it_passes_its_own_checks_and_tests() -> None:
    for command in (
        ["-m", "invoke", "check"],
        ["-m", "invoke", "test"],
        ["-m", "ruff", "check", "."],
        ["-m", "ruff", "format", "--check", "."],
    ):
        done = subprocess.run(
            [sys.executable, *command], cwd=EXAMPLE, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
