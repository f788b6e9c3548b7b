"""What tasks tell of themselves, and of calls that do nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run", "--help"), "Run a pipeline here"),
        (("new-pipeline", "--help"), "Write a pipeline that runs at once."),
        (("remove-pipeline", "-h"), "Take a pipeline away"),
        (("--help", "run"), "Run a pipeline here"),
    ],
)
def test_help_may_stand_before_a_task_or_behind(
    repository: Repository, words: tuple[str, ...], told: str
) -> None:
    done = repository.invoke(*words)
    assert told in done.stdout
    assert done.returncode == 0


def test_tests_that_none_fits_are_no_success(repository: Repository) -> None:
    done = repository.invoke("test", "--options", "-q -k misspelt")
    assert done.stderr == "error: no test fits -q -k misspelt.\n"
    assert done.returncode == 2
