"""The page on libraries says what its pipelines do, and these are the ones that are tested."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "libraries.md").read_text(encoding="utf-8")
PIPELINES = ROOT / "examples" / "libraries" / "src" / "raw-to-processed"
TABLE = PAGE.partition("| library |")[2].partition("\n\n")[0].splitlines()[2:]
ROWS = {row.split("[")[-1].partition("]")[0]: row for row in TABLE}


def test_each_pipeline_has_a_row_and_a_test() -> None:
    test = (ROOT / "tests/libraries/test_libraries.py").read_text(encoding="utf-8")
    tested = {node.value for node in ast.walk(ast.parse(test)) if isinstance(node, ast.Constant)}
    assert set(ROWS) == {path.parent.name for path in PIPELINES.glob("*/pipeline.py")}
    assert set(ROWS) <= tested


@pytest.mark.parametrize("name", ROWS)
def test_a_row_names_the_packages_and_the_code_of_its_pipeline(name: str) -> None:
    *_, packages, pipeline, _ = ROWS[name].split("|")
    file = PIPELINES / name / "requirements.txt"
    lines = file.read_text(encoding="utf-8").split() if file.exists() else []
    assert re.findall(r"`(.+?)`", packages) == [line.partition("==")[0] for line in lines]
    [link] = re.findall(r"\((.+?)\)", pipeline)
    assert (ROOT / "docs" / link).is_file()


def test_the_versions_of_duckdb_are_those_that_are_tested() -> None:
    requirements = (PIPELINES / "duckdb" / "requirements.txt").read_text(encoding="utf-8")
    assert f"```text\n{requirements}```" in PAGE


def test_a_function_loads_the_extension_as_the_page_shows() -> None:
    handler = (PIPELINES / "duckdb" / "mean" / "lambda.py").read_text(encoding="utf-8")
    code = PAGE.partition("```python\n")[2].partition("```")[0].splitlines()
    assert [line for line in code if line not in map(str.strip, handler.splitlines())] == []
