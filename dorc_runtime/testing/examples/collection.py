"""Examples with ``expected/``, as tests: ``src/<layer>/<pipeline>/examples/<case>/``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dorc_runtime.errors import DorcError

if TYPE_CHECKING:
    from dorc_runtime.testing.pipeline_runs import PipelineRunner

MakeRunner = Callable[[pytest.Item], "PipelineRunner"]


class UnexpectedError(Exception):
    """A run differs from what its example expects; the text has one line for each difference."""


class ExampleFolder(pytest.Directory):
    """The folder of an example, which is one test."""

    make_runner: MakeRunner

    def collect(self) -> Iterable[pytest.Item]:
        """Yield the test, which has the folder's own id."""
        yield ExampleTest.from_parent(self, name=self.path.name, nodeid=self.nodeid)


class ExampleTest(pytest.Item):
    """Runs the pipeline with the example, and compares the result with ``expected/``."""

    def runtest(self) -> None:
        """Run and compare.

        Raises:
            UnexpectedError: The run failed, or its result differs.
        """
        from dorc_runtime.testing.examples.expected_files import FOLDER, differences

        folder = self.parent
        assert isinstance(folder, ExampleFolder)  # noqa: S101 # nothing else makes one
        pipeline = self.path.parents[1]
        result = folder.make_runner(self)(
            f"{pipeline.parent.name}/{pipeline.name}", example=self.path.name
        )
        lines = differences(self.path / FOLDER, result)
        if lines:
            raise UnexpectedError("\n".join(lines))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """Return the differences or the mistake; a traceback only for other errors."""
        if isinstance(excinfo.value, UnexpectedError | DorcError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the test is, for reports."""
        return self.path, None, self.nodeid


def is_example(path: Path) -> bool:
    """Return whether ``path`` is an example of a pipeline, with ``expected/``."""
    return (
        path.parent.name == "examples"
        and len(path.parts) > 5
        and path.parents[3].name == "src"
        and (path / "expected").is_dir()
        and (path.parents[1] / "pipeline.py").is_file()
    )
