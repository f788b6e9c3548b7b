"""The task `test`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

TESTS = "src/raw-to-processed/tidy/tests/test_tidy.py"


@pytest.mark.parametrize(("words", "is_worker"), [((), False), (("--workers",), True)])
def test_functions_run_in_workers_if_requested(
    repository: Repository, words: tuple[str, ...], is_worker: bool
) -> None:
    repository.write(
        "src/raw-to-processed/tidy/clean/lambda.py",
        """
import os


def handler(event, context):
    return os.getpid()
""",
    )
    repository.write(
        TESTS,
        f"""
import os


def test_tidy(run_pipeline):
    output = run_pipeline("raw-to-processed/tidy").output
    assert (output != os.getpid()) is {is_worker}
""",
    )
    done = repository.invoke("test", *words)
    assert done.returncode == 0, done.stdout


def test_options_that_match_no_test_are_a_mistake(repository: Repository) -> None:
    done = repository.invoke("test", "--options", "-q -k misspelt")
    assert done.stderr == "error: no test matches -q -k misspelt.\n"
    assert done.returncode == 2
