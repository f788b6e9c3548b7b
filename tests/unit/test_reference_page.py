"""The page with every field is what the code says."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

import dorc_runtime
from dorc_runtime.model.resources import Resource
from dorc_runtime.model.triggers import Trigger

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_code_says() -> None:
    """`invoke reference` writes it."""
    command = [sys.executable, "docs/reference.py", "--check"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    "model",
    [
        dorc_runtime.Config,
        dorc_runtime.UniversalConfig,
        *Resource.__subclasses__(),
        *Trigger.__args__,
    ],
    ids=lambda model: model.__name__,
)
def test_the_page_has_every_field(model: type[BaseModel]) -> None:
    table = PAGE.partition(f"### {model.__name__}\n")[2].partition("\n#")[0]
    assert all(f"\n| `{name}` |" in table for name in model.model_fields)
