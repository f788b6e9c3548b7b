"""The functions on the page about secrets read them, with each library."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

PAGE = (Path(__file__).parents[3] / "docs" / "secrets.md").read_text(encoding="utf-8")
HANDLERS = re.findall(r"```python\n(# fetch/lambda\.py\n.*?)```", PAGE, re.DOTALL)
SECRET = re.search(r"```python\n(Secret\(.*?\n\))\n```", PAGE, re.DOTALL)


@pytest.mark.parametrize("handler", HANDLERS, ids=["boto3", "powertools", "secretsmanager"])
def test_each_function_on_the_page_reads_its_secret(repository: Repository, handler: str) -> None:
    assert SECRET is not None
    repository.define(
        f'Function("clean", secrets=["weather-key", {SECRET[1]}])',
        imports="Function, Pipeline, Secret",
    )
    repository.write("src/raw-to-processed/tidy/clean/lambda.py", handler)
    repository.write("secrets.toml", 'weather-key = "correct horse"\ndatabase = "battery staple"\n')
    done = repository.invoke("run", "raw-to-processed/tidy", "--inline")
    length = len("battery staple" if "SECRET_DATABASE" in handler else "correct horse")
    assert json.dumps({"length": length}) in done.stdout, done.stdout
