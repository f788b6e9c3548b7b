"""The help of tasks, and calls that match no test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("run", "--help"), "Run a pipeline on this machine"),
        (("new-pipeline", "--help"), "Write a pipeline that runs as it is."),
        (("remove-pipeline", "-h"), "Remove a pipeline"),
        (("--help", "run"), "Run a pipeline on this machine"),
    ],
)
def test_help_works_before_a_task_and_after_it(
    repository: Repository, words: tuple[str, ...], text: str
) -> None:
    done = repository.invoke(*words)
    assert text in done.stdout
    assert done.returncode == 0


def test_options_that_match_no_test_are_a_mistake(repository: Repository) -> None:
    done = repository.invoke("test", "--options", "-q -k misspelt")
    assert done.stderr == "error: no test matches -q -k misspelt.\n"
    assert done.returncode == 2
