"""What a run draws while it works: steps in a Map, waits, and memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.local.commands.conftest import Repository

if TYPE_CHECKING:
    from pathlib import Path

STEPS = """
    Function("clean", retry=[Retry(["Busy"], interval=timedelta(seconds=3))]),
    Map(data.items, name="Each", steps=[Pass(), Function("small")]),
    Wait(timedelta(seconds=3)),
"""
HANDLER = """
calls = []


class Busy(Exception):
    pass


def handler(event, context):
    calls.append(event)
    if len(calls) == 1:
        raise Busy
    return {"items": list(range(100))}
"""


def make_repository(folder: Path, steps: str) -> Repository:
    repository = Repository(folder)
    repository.write(
        "src/raw-to-processed/tidy/pipeline.py",
        "from datetime import timedelta\n"
        "from dorc_runtime import Function, Map, Pass, Pipeline, Retry, Wait, data\n"
        f"pipeline = Pipeline(steps=[{steps}])\n",
    )
    repository.write("src/raw-to-processed/tidy/clean/lambda.py", HANDLER)
    repository.handle("pass", function="small")
    return repository


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> str:
    repository = make_repository(tmp_path_factory.mktemp("progress") / "repository", STEPS)
    return repository.invoke("run", "raw-to-processed/tidy").stdout


@pytest.fixture(scope="module")
def on_terminal(tmp_path_factory: pytest.TempPathFactory) -> str:
    steps = 'Wait(timedelta(seconds=2)), Function("small"), Function("clean")'
    repository = make_repository(tmp_path_factory.mktemp("terminal") / "repository", steps)
    done = repository.invoke("run", "raw-to-processed/tidy", FORCE_COLOR="1", COLUMNS="100")
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "\n", done.stdout)


def test_the_first_steps_in_a_map_are_drawn_as_they_end(shown: str) -> None:
    drawn = re.findall(r"✓ Each\[\d+\] › (\w+) ", shown)
    assert drawn == ["small"] * 20
    assert shown.index("✓ Each[0] › small") < shown.index("✓ Each  ")


def test_of_a_large_map_each_tenth_of_the_items_is_drawn(shown: str) -> None:
    assert re.findall(r"Each +(\d+) of 100 items", shown)[-3:] == ["70", "80", "90"]
    assert re.search(r"✓ Each +[\d.]+ s  100 items", shown)


def test_a_wait_and_a_retry_say_until_when(shown: str) -> None:
    assert re.search(r"Busy; again in 3\.0 s, at \d\d:\d\d:\d\d \(try 2\)", shown)
    assert re.search(r"Wait +waits 3 s, until \d\d:\d\d:\d\d; --skip-waits skips it", shown)


def test_on_a_terminal_the_last_line_counts_down(on_terminal: str) -> None:
    for seconds in (2, 1):
        assert re.search(rf"Wait waits {seconds} s, until \d\d:\d\d:\d\d\n", on_terminal)
    assert "--skip-waits" not in on_terminal


def test_memory_is_next_to_its_size_and_a_line_names_what_was_never_used(shown: str) -> None:
    assert re.search(r"✓ clean +[\d.]+ s  \d+ of 512 MiB", shown)
    small = r"memory: clean used \d+ of 512 MiB, small used \d+ of 512 MiB"
    line = " ".join(shown.split())
    assert re.search(rf"{small}; half of it was never used saved in", line)
