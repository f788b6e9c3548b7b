"""The code on the page on writing pipelines works."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

import dorc_runtime
from dorc_runtime.compile.document.states import state_name
from dorc_runtime.model.steps import Step

PAGE = (Path(__file__).parents[2] / "docs" / "writing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_each_piece_of_code_on_the_page_runs(number: int) -> None:
    known = {
        name: getattr(dorc_runtime, name) for name in dorc_runtime.__all__ if "Create" not in name
    }
    exec(BLOCKS[number], {**known, "timedelta": timedelta})  # noqa: S102 - our own page


def test_the_page_describes_every_step() -> None:
    table = PAGE.partition("| step | what it does |")[2].partition("\n\n")[0]
    steps = {
        name
        for name in dorc_runtime.__all__
        if isinstance(kind := getattr(dorc_runtime, name), type) and issubclass(kind, Step)
    }
    assert steps <= set(re.findall(r"`(\w+)\(", table))


def test_the_name_of_an_unnamed_step_can_be_the_name_of_a_file() -> None:
    """A mock is a file with that name: no part of it may be a folder."""
    steps: list[Step] = [
        dorc_runtime.Call("processed-to-curated/load"),
        dorc_runtime.Service("aws-sdk:s3:copyObject"),
    ]
    assert [state_name(step) for step in steps] == ["Call load", "s3 copyObject"]
