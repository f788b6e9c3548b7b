"""The short options of all tasks of a generated repository."""

import re
from collections import defaultdict
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from invoke.collection import Collection

from dorc_runtime.tasks.short_options import LETTERS

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def tasks() -> Collection:
    """All tasks that a user has, from the file in the template."""
    spec = spec_from_file_location("dorc_tasks", ROOT / "template" / "dorc_tasks.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    collection: Collection = module.namespace
    return collection


def test_a_letter_stands_for_the_same_option_in_all_tasks(tasks: Collection) -> None:
    meanings = defaultdict(set)
    for context in tasks.to_contexts():
        for argument in context.args.values():
            for letter in (name for name in argument.names if len(name) == 1):
                meanings[letter].add(argument.names[0])
    assert {letter: {name} for name, letter in LETTERS.items()} == meanings


def test_the_page_lists_all_letters() -> None:
    page = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `-(\w)` \| `--([\w-]+)` \|$", page, re.MULTILINE)
    assert rows == [(letter, name) for name, letter in LETTERS.items()]
