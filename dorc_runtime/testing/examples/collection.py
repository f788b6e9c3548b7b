"""Examples that say what they expect, as tests: ``src/<layer>/<pipeline>/examples/<case>/``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dorc_runtime.errors import DorcError

if TYPE_CHECKING:
    from dorc_runtime.testing.pipeline_runs import PipelineRunner

MakeRunner = Callable[[pytest.Config, Path], "PipelineRunner"]


class UnexpectedError(Exception):
    """A run did not go as its example expects; the text tells how, a line each."""


class ExampleFolder(pytest.Directory):
    """The folder of an example, which is one test by itself."""

    make_runner: MakeRunner

    def collect(self) -> Iterable[pytest.Item]:
        """Yield the test, which has the folder's own id."""
        yield ExampleTest.from_parent(self, name=self.path.name, nodeid=self.nodeid)


class ExampleTest(pytest.Item):
    """Runs the pipeline on the example, and compares what comes of it with ``expected/``."""

    def runtest(self) -> None:
        """Run and compare.

        Raises:
            UnexpectedError: The run failed unexpectedly, or differs.
        """
        from dorc_runtime.testing.examples.expected_files import FOLDER, differences

        folder = self.parent
        assert isinstance(folder, ExampleFolder)  # noqa: S101 # nothing else makes one
        pipeline = self.path.parents[1]
        result = folder.make_runner(self.config, self.path)(
            f"{pipeline.parent.name}/{pipeline.name}", example=self.path.name
        )
        found = differences(self.path / FOLDER, result)
        if found:
            raise UnexpectedError("\n".join(found))

    def repr_failure(
        self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None
    ) -> str:
        """Return what differs, or what is to be mended; a traceback for nothing else."""
        if isinstance(excinfo.value, UnexpectedError | DorcError):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return where the test is, for reports."""
        return self.path, None, self.nodeid


def is_example(path: Path) -> bool:
    """Tell whether ``path`` is an example of a pipeline that says what it expects."""
    return (
        path.parent.name == "examples"
        and len(path.parts) > 5
        and path.parents[3].name == "src"
        and (path / "expected").is_dir()
        and (path.parents[1] / "pipeline.py").is_file()
    )
