"""The repository of the page about testing, in which pytest is run as a user runs it."""

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands import run_module

PAGE = Path(__file__).parents[3] / "docs" / "testing.md"
FILE = re.compile(r"```\w+\n# (src/\S+)\n(.*?)```", re.DOTALL)
# Other plugins that happen to be installed with dorc's own tests take time and warn.
QUIET = ("-p", "no:cacheprovider", "-p", "no:copier", "-p", "no:hypothesispytest")
TIDY = "src/raw-to-processed/tidy"


class Checkout:
    """The repository of the page about testing, with ways to change it and to test it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pytest.ini", "[pytest]\naddopts = --import-mode=importlib\ntestpaths = src\n")
        for name, text in FILE.findall(PAGE.read_text(encoding="utf-8")):
            self.write(name, text)

    def write(self, name: str, text: str) -> "Checkout":
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return self

    def define(self, steps: str, handler: str) -> None:
        """Write the pipeline again with ``steps``, and the one line of its function."""
        self.define_steps(steps)
        self.write(f"{TIDY}/clean/lambda.py", f"def handler(event, context):\n    {handler}\n")

    def define_steps(self, steps: str) -> None:
        """Write the pipeline again with ``steps``, and without triggers."""
        names = "Fail, Function, Map, Parallel, Pipeline, Wait"
        imports = f"from datetime import timedelta\nfrom dorc_runtime import {names}\n"
        self.write(f"{TIDY}/pipeline.py", f"{imports}pipeline = Pipeline(steps=[{steps}])\n")

    def pytest(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            # With CI, pytest repeats the whole text of each failure in its summary.
            if not name.startswith(("AWS_", "PYTEST_")) and name != "CI"
        }
        return run_module(
            "pytest",
            *QUIET,
            *words,
            folder=self.root,
            environment={**inherited, "COLUMNS": "400", **variables},
        )

    def one(self, body: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one test with the given lines."""
        imports = "from dorc_runtime.testing import fail, slow, timeout\n"
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        name = f"{TIDY}/tests/test_one.py"
        self.write(name, f"{imports}\n\ndef test_one(run_pipeline):\n{lines}")
        return self.pytest(name, *words)

    def passes(self, body: str, *words: str) -> None:
        """Run one test with the given lines, which has to pass."""
        done = self.one(body, *words)
        assert "1 passed" in done.stdout, done.stdout


@pytest.fixture(scope="session")
def new_checkout() -> Callable[[Path], Checkout]:
    """Make a repository in a folder that does not exist yet."""
    return Checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "checkout")
