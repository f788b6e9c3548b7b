"""The tables of docs/security.md and the rules in this folder are in step."""

import ast
import re
from collections import Counter

import pytest

from tests.repositories import ROOT

FOLDER = ROOT / "tests" / "synth"
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]*) \| [^|]* \| ([^|]*) \|$", PAGE.partition("## Rules")[2], re.M)
ROWS = [(rules, here) for rules, here in ROWS if rules != "rule"]


def rules_in(pattern: str) -> set[str]:
    """Return the names of the tests in files, without ``test_``: those are the rules."""
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in FOLDER.glob(pattern)]
    functions = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {node.name.removeprefix("test_") for node in functions if node.name.startswith("test_")}


def named(here: str) -> list[str]:
    """Return the tests that a cell names."""
    return re.findall(r"`([a-z0-9_]+)`", here)


@pytest.mark.parametrize(("rules", "here"), ROWS)
def test_a_row_says_what_is_kept_and_which_rule_holds_it(rules: str, here: str) -> None:
    assert re.match(r"kept: `|option `|no: \w", here)
    if not here.startswith("no:"):
        assert named(here)
    assert set(named(here)) <= rules_in("test_*.py")


def test_every_rule_stands_in_a_row() -> None:
    assert rules_in("test_security.py") <= {test for _, here in ROWS for test in named(here)}


def test_no_rule_of_others_stands_in_two_rows() -> None:
    counted = Counter(rule for rules, _ in ROWS for rule in rules.split(", ") if rule != "none")
    assert counted
    assert not [rule for rule, number in counted.items() if number > 1]
