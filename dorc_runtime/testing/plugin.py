"""The pytest plugin for tests: ``run_pipeline``, ``function``, ``triggered``, examples.

pytest loads it in every environment that has the library, so it imports the rest only when used.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dorc_runtime.errors import DorcError
from dorc_runtime.testing.coverage import Coverage
from dorc_runtime.testing.reports import report_hooks

if TYPE_CHECKING:
    from dorc_runtime.local.aws.lake import Lake
    from dorc_runtime.project.repository import Repository
    from dorc_runtime.testing.examples.collection import ExampleFolder
    from dorc_runtime.testing.function_calls import Functions
    from dorc_runtime.testing.import_paths import ImportPaths
    from dorc_runtime.testing.pipeline_runs import PipelineRunner
    from dorc_runtime.testing.trigger_matches import Triggers

_lake = pytest.StashKey["Lake"]()
_import_paths: pytest.StashKey[ImportPaths] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of dorc."""
    group = parser.getgroup("dorc")
    workers = "run the functions of pipelines in worker processes, with Lambda's rules"
    group.addoption("--dorc-workers", action="store_true", help=workers)
    parser.addini("dorc_workers", workers, type="bool", default=False)
    group.addoption(
        "--no-dorc-coverage",
        action="store_true",
        help="do not report the states and transitions of pipelines that no test reached",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Let the first ``conftest.py`` import what the functions near it import.

    Raises:
        pytest.UsageError: Their packages cannot be installed.
    """
    named = [text.partition("::")[0] for text in early_config.known_args_namespace.file_or_dir]
    place = early_config.invocation_params.dir / (named[0] if named else "")
    try:
        _use_imports(early_config, place)
    except DorcError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark and the reports of dorc, and start to count what the session reaches."""
    config.addinivalue_line(
        "markers",
        "workers(enabled=True): run the functions of pipelines in worker processes; with False in "
        "the test's own process, also when the option --dorc-workers is given",
    )
    config.stash[report_hooks.COVERAGE] = Coverage()
    config.pluginmanager.register(report_hooks)
    if (config.rootpath / "pipeline_config.py").is_file():
        # Tests are next to the functions: a test run must not change the folders of images.
        sys.dont_write_bytecode = True


@pytest.fixture
def run_pipeline(request: pytest.FixtureRequest) -> PipelineRunner:
    """Run a pipeline of this repository: ``run_pipeline("raw-to-processed/penguins")``.

    The result has ``succeeded``, ``output``, ``error``, ``cause``, ``advice``, ``failure``,
    ``states``, ``lake``, ``log``, ``seconds`` and ``waits``. A test that fails shows why its runs
    failed. The functions are called in this process, where a debugger, coverage and patches reach
    them, or in worker processes: with ``workers=True``, the mark ``workers`` or the option
    ``--dorc-workers``. Waits and retries take no time.
    """
    return _test_runner(request)


@pytest.fixture
def function(request: pytest.FixtureRequest) -> Functions:
    """Call one function: ``function("raw-to-processed/penguins/clean")({"key": "a.csv"})``.

    The result is that of ``run_pipeline``. The function runs in a worker process with Lambda's
    rules; in this process with ``workers=False`` or ``@pytest.mark.workers(False)``, where the test
    patches something, and while coverage or pytest's debugger watches this process.
    """
    from dorc_runtime.testing.function_calls import Functions

    runner = _test_runner(request, prefers_workers=True)
    return Functions(_repository(Path(request.path)), runner)


@pytest.fixture
def triggered(request: pytest.FixtureRequest) -> Triggers:
    """Find what starts a pipeline: ``triggered("raw-to-processed/penguins", key="a.csv")``.

    The result is the input that the pipeline would get, or None when it would not start.
    """
    from dorc_runtime.testing.trigger_matches import Triggers

    return Triggers(_repository(Path(request.path)))


@pytest.hookimpl(tryfirst=True)
def pytest_make_collect_report(collector: pytest.Collector) -> pytest.CollectReport | None:
    """Let a test file, or a ``conftest.py``, import what the functions near it import."""
    path: Path | None = getattr(collector, "path", None)
    if path is None or not (path.suffix == ".py" or (path / "conftest.py").is_file()):
        return None
    try:
        _use_imports(collector.config, path)
    except DorcError as error:
        return pytest.CollectReport(collector.nodeid, "failed", str(error), [])
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Let a test import what it could import when it was collected."""
    if isinstance(item, pytest.Function):
        _use_imports(item.config, item.path)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call() -> Generator[None, object, object]:
    """Report a mistake of the user in one line, without a traceback through dorc's code."""
    try:
        return (yield)
    except DorcError as error:
        message = f"{_place(error)}{error}"
    pytest.fail(message, pytrace=False)


def _place(error: DorcError) -> str:
    """Return the place in a test that raised the error, ``test_a.py:3: ``, "" if there is none."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).name.startswith("test_")
    ]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: " if frames else ""


def pytest_collect_directory(path: Path, parent: pytest.Collector) -> ExampleFolder | None:
    """Collect an example that has ``expected/`` as a test."""
    if path.parent.name != "examples":
        return None
    from dorc_runtime.testing.examples.collection import ExampleFolder, is_example

    if not is_example(path):
        return None
    folder: ExampleFolder = ExampleFolder.from_parent(parent, path=path)
    folder.make_runner = _runner
    return folder


def _test_runner(
    request: pytest.FixtureRequest, *, prefers_workers: bool = False
) -> PipelineRunner:
    """Return a runner that calls functions where the mark of the test and the options say.

    Without both, that is this process. A runner that ``prefers_workers`` then uses workers, if
    nothing needs the functions in this process.
    """
    config = request.config
    mark = request.node.get_closest_marker("workers")
    monkeypatch: pytest.MonkeyPatch | None = (
        request.getfixturevalue("monkeypatch") if "monkeypatch" in request.fixturenames else None
    )
    workers = mark.args != (False,) if mark else None
    is_free = prefers_workers and mark is None and not _uses_workers(config)
    return _runner(
        request.node,
        workers=not _is_watched(config) if is_free else workers,
        adapts=is_free,
        # pytest has no public way to ask what a test has replaced.
        is_patched=lambda: bool(monkeypatch and monkeypatch._setattr),  # noqa: SLF001
    )


def _uses_workers(config: pytest.Config) -> bool:
    return bool(config.getoption("dorc_workers") or config.getini("dorc_workers"))


def _is_watched(config: pytest.Config) -> bool:
    """Return whether coverage or pytest's debugger watches this process."""
    coverage = sys.modules.get("coverage")
    is_measured = coverage is not None and coverage.Coverage.current() is not None
    return is_measured or bool(config.getoption("usepdb") or config.getoption("trace"))


def _runner(
    item: pytest.Item,
    *,
    workers: bool | None = None,
    adapts: bool = False,
    is_patched: Callable[[], bool] = lambda: False,
) -> PipelineRunner:
    """Return a runner for a test; ``workers`` is what the mark says, if any."""
    from dorc_runtime.testing.pipeline_runs import PipelineRunner

    config = item.config
    if workers is None:
        workers = _uses_workers(config)
    return PipelineRunner(
        _repository(item.path),
        lambda: _started_lake(config),
        workers=workers,
        adapts=adapts,
        is_patched=is_patched,
        coverage=config.stash[report_hooks.COVERAGE],
        redactions=report_hooks.shared_redactions(config),
        failed=item.stash.setdefault(report_hooks.FAILED, []),
    )


def _use_imports(config: pytest.Config, path: Path) -> None:
    """Change what can be imported to what a test in the file or folder ``path`` needs."""
    from dorc_runtime.testing.import_paths import ImportPaths

    def show_installation() -> None:
        reporter = config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line("installing the packages of the requirements files")

    if _import_paths not in config.stash:
        config.stash[_import_paths] = ImportPaths(show_installation)
    config.stash[_import_paths].use(path if path.is_dir() else path.parent)


def _repository(path: Path) -> Repository:
    from dorc_runtime.project.repository import find_repository

    return find_repository(path.parent)


def _started_lake(config: pytest.Config) -> Lake:
    """Return the server that plays AWS for all runs of the session."""
    from dorc_runtime.local.aws.lake import Lake

    if _lake not in config.stash:
        config.stash[_lake] = Lake.start()
        config.add_cleanup(config.stash[_lake].close)
    return config.stash[_lake]
