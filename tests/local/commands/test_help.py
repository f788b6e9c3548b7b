"""The help of tasks."""

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
        (("secret", "set", "--help"), "Set, list, copy or remove secrets of functions"),
    ],
)
def test_help_works_before_a_task_and_after_it(
    repository: Repository, words: tuple[str, ...], text: str
) -> None:
    done = repository.invoke(*words)
    assert text in done.stdout
    assert done.returncode == 0
