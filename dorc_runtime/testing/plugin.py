"""The pytest plugin that tests of pipelines use: ``run_pipeline``, ``triggered``, examples.

It is loaded in every environment that has the library, so it imports nothing before it is used.
"""

from __future__ import annotations

import traceback
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dorc_runtime.errors import DorcError
from dorc_runtime.testing.coverage import Coverage

if TYPE_CHECKING:
    from dorc_runtime.local.aws.lake import Lake
    from dorc_runtime.project.repository import Repository
    from dorc_runtime.testing.examples.collection import ExampleFolder
    from dorc_runtime.testing.pipeline_runs import PipelineRunner
    from dorc_runtime.testing.trigger_matches import Triggers

_lake = pytest.StashKey["Lake"]()
_coverage = pytest.StashKey[Coverage]()
_SENT = "dorc_coverage"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of dorc."""
    group = parser.getgroup("dorc")
    workers = "run the functions of pipelines in processes of their own, by Lambda's rules"
    group.addoption("--dorc-workers", action="store_true", help=workers)
    parser.addini("dorc_workers", workers, type="bool", default=False)
    group.addoption(
        "--no-dorc-coverage",
        action="store_true",
        help="do not tell which ways through pipelines no test has taken",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make room for what the session counts."""
    config.stash[_coverage] = Coverage()


@pytest.fixture
def run_pipeline(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> PipelineRunner:
    """Run a pipeline of this repository: ``run_pipeline("raw-to-processed/penguins")``.

    The result has ``succeeded``, ``output``, ``error``, ``cause``, ``states``, ``lake``, ``log``,
    ``seconds`` and ``waits``. The functions are called in this process, so that a debugger,
    coverage and monkeypatching reach them, or with ``workers=True`` in their own; waits and retries
    take no time.
    """
    return _runner(pytestconfig, Path(request.path))


@pytest.fixture
def triggered(request: pytest.FixtureRequest) -> Triggers:
    """Tell what starts a pipeline: ``triggered("raw-to-processed/penguins", key="a.csv")``.

    It is the event that the pipeline would receive, or None when it would not be started.
    """
    from dorc_runtime.testing.trigger_matches import Triggers

    return Triggers(_repository(Path(request.path)))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Tell what a user can mend in its one line, without the way through dorc's own code."""
    try:
        return (yield)
    except DorcError as error:
        told = f"{_place(error)}{error}"
    pytest.fail(told, pytrace=False)


def _place(error: DorcError) -> str:
    """Return where in a test the error came up, as ``tests/test_a.py:3: ``, "" for elsewhere."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name.startswith("test_")
    ]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: " if frames else ""


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> ExampleFolder | None:
    """Take an example that says what it expects for a test."""
    if path.parent.name != "examples":
        return None
    from dorc_runtime.testing.examples.collection import ExampleFolder, is_example

    if not is_example(path):
        return None
    folder: ExampleFolder = ExampleFolder.from_parent(parent, path=path)
    folder.make_runner = _runner
    return folder


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Send what was counted from a process of pytest-xdist to the one that reports."""
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_SENT] = session.config.stash[_coverage].data()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # pytest-xdist has no types for it
    """Count what a process of pytest-xdist has counted; one that crashed sends nothing."""
    sent = getattr(node, "workeroutput", {}).get(_SENT, {})
    node.config.stash[_coverage].join(sent)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell which ways through pipelines no test has taken."""
    lines = config.stash[_coverage].lines()
    if lines and not config.getoption("no_dorc_coverage"):
        terminalreporter.section("dorc: never taken in pipelines")
        for line in lines:
            terminalreporter.line(line)


def _runner(config: pytest.Config, path: Path) -> PipelineRunner:
    from dorc_runtime.testing.pipeline_runs import PipelineRunner

    return PipelineRunner(
        _repository(path),
        lambda: _started_lake(config),
        workers=config.getoption("dorc_workers") or config.getini("dorc_workers"),
        coverage=config.stash[_coverage],
    )


def _repository(path: Path) -> Repository:
    from dorc_runtime.project.repository import find_repository

    return find_repository(path.parent)


def _started_lake(config: pytest.Config) -> Lake:
    """Return the one server that plays S3 and the rest for all runs of the session."""
    from dorc_runtime.local.aws.lake import Lake

    if _lake not in config.stash:
        config.stash[_lake] = Lake.start()
        config.add_cleanup(config.stash[_lake].close)
    return config.stash[_lake]
