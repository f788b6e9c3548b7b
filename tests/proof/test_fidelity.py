"""Each line of the page on fidelity is backed by a test that exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES = [
    line
    for line in (ROOT / "docs/fidelity.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| Feature")
]


@pytest.mark.parametrize("line", LINES)
def test_a_line_names_what_to_expect_and_a_test_that_exists(line: str) -> None:
    _, _, kind, test, _ = (cell.strip() for cell in line.split("|"))
    assert re.match("exact|approximated|refused", kind)
    path, _, name = test.strip("`").partition("::")
    source = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in source.body if isinstance(node, ast.FunctionDef)}
