"""The task ``test``: pytest, coverage, and the recording of what examples expect."""

import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from dorc_runtime.tasks.entry import MISTAKE, pinned_repository, print_line, report_errors
from dorc_runtime.tasks.short_options import task

if TYPE_CHECKING:
    from dorc_runtime.project.repository import Repository

_NO_TESTS = 5


@task(
    help={
        "pipeline": "LAYER/NAME of one pipeline (default: all)",
        "workers": "run functions in worker processes, with Lambda's rules, as `invoke run` does",
        "options": "more options for pytest, as one text: --options='-x -k clean'",
        "coverage": "report the lines of functions and lib/ that no test reached",
        "record": "run the examples, and write what they expect: one, or all with expected/",
        "yes": "with --record: write without a question",
    },
    optional=["record"],
)
@report_errors
def test(
    c: Context,
    pipeline: str | None = None,
    workers: bool = False,
    options: str = "",
    coverage: bool = False,
    record: str | None = None,
    yes: bool = False,
) -> None:
    """Run the tests of the pipelines, or record what their examples expect."""
    if record is None and yes:
        raise Exit("error: --yes is for --record alone: tests ask nothing.", code=MISTAKE)
    if record is None:
        test_repository(c, pipeline, workers=workers, options=options, coverage=coverage)
        return
    if options or coverage:
        raise Exit(
            "error: --record does not run pytest: leave out --options and --coverage.", code=MISTAKE
        )
    from dorc_runtime.tasks.record import record_examples

    # Without a name, Invoke gives True.
    example = record if isinstance(record, str) else None
    record_examples(c, pipeline, example, workers=workers, yes=yes)


def test_repository(
    c: Context,
    pipeline: str | None = None,
    *,
    workers: bool = False,
    options: str = "",
    coverage: bool = False,
) -> None:
    """Run the tests of all pipelines or of one; end the task with pytest's exit code."""
    import shlex

    repository = pinned_repository(c)
    where = [repository.show(repository.pipeline(pipeline).path)] if pipeline else []
    where += ["--dorc-workers"] if workers else []
    words = ["-m", "pytest", *where, *shlex.split(options)]
    if coverage:
        _check_measurable(words, workers=workers)
        # Functions in worker processes are not measured, also where pytest's settings ask for them.
        words = ["-m", "coverage", "run", *words, "-o", "dorc_workers=false"]
    code = _python(repository, words)
    if coverage and code != _NO_TESTS:
        _python(repository, ["-m", "coverage", "report"])
    if code == _NO_TESTS and options:
        raise Exit(f"error: no test matches {options}.", code=MISTAKE)
    if code == _NO_TESTS:
        print_line(
            "there are no tests: `invoke new-pipeline LAYER NAME` writes a pipeline with one."
        )
    elif code:
        raise Exit(code=code)


def _python(repository: "Repository", words: Sequence[str]) -> int:
    """Run Python with ``words`` in the repository; return its exit code."""
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=repository.root, check=False).returncode  # noqa: S603


def _check_measurable(words: Sequence[str], *, workers: bool) -> None:
    """Raise a ``DorcError`` if coverage cannot measure a call of pytest."""
    from importlib.util import find_spec

    from dorc_runtime.errors import InputError, ToolMissingError

    if find_spec("coverage") is None:
        raise ToolMissingError(
            "coverage is not installed: add it to the dependencies in pyproject.toml, then "
            "`pip install -e .`."
        )
    if workers or any(word.startswith(("-n", "--numprocesses")) for word in words):
        raise InputError(
            "--coverage measures the process of the tests alone: leave out --workers and -n."
        )


TASKS: tuple[Task[Any], ...] = (test,)
