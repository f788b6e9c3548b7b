"""Tasks that try pipelines out on this machine: run, test, check."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.tasks.entry import pinned_repository, report_errors, say, tasks_folder
from dorc_runtime.tasks.signals import ended_in_order

MISTAKE = 2
_NO_TESTS = 5


@task(
    help={
        "pipeline": "LAYER/NAME of the pipeline",
        "example": "folder under its examples/ to start from (default: the first)",
        "file": "a file that lands where the pipeline's S3Trigger watches",
        "input": "JSON, or a file of it, that the pipeline is started with",
        "inline": "call functions in this process: for a debugger; without limits and guards",
        "json": "print the result as JSON, for machines",
        "follow": "then run the pipelines that it starts, and those that they start",
    }
)
@report_errors
def run(
    c: Context,
    pipeline: str,
    example: str | None = None,
    file: str | None = None,
    input: str | None = None,  # noqa: A002 - AWS's word for it
    inline: bool = False,
    json: bool = False,
    follow: bool = False,
) -> None:
    """Run a pipeline here, on an example, a file or an input.

    Exits 0 when it succeeded, 1 when it failed, 2 for a mistake in the call or the code.
    """
    from dorc_runtime.local.aws.lake import Lake
    from dorc_runtime.local.inputs import Request

    found = pinned_repository(c)
    found.pipeline(pipeline)
    if file is not None and input is not None:
        raise Exit("error: give --file or --input, not both.", code=MISTAKE)
    request = Request(example, Path(file) if file is not None else None, input)
    # The lake takes longest to start, so it starts before all else is even imported.
    with ended_in_order(), Lake.start() as lake:
        from dorc_runtime.tasks.runs import Runs

        runs = Runs(found, lake, inline=inline, json=json)
        (runs.follow if follow else runs.one)(pipeline, request)


@task(
    help={
        "pipeline": "LAYER/NAME of one pipeline (default: all)",
        "options": "further options for pytest, as one text: --options='-x -k clean'",
    }
)
@report_errors
def test(c: Context, pipeline: str | None = None, options: str = "") -> None:
    """Run the tests of the pipelines."""
    test_repository(c, pipeline, options=options)


def test_repository(c: Context, pipeline: str | None = None, *, options: str = "") -> None:
    """Run the tests of the repository's pipelines, or of one; end the task as pytest ends."""
    import shlex

    found = pinned_repository(c)
    where = [found.show(found.pipeline(pipeline).path)] if pipeline else []
    command = [sys.executable, "-m", "pytest", *where, *shlex.split(options)]
    code = subprocess.run(command, cwd=found.root, check=False).returncode  # noqa: S603
    if code == _NO_TESTS and options:
        raise Exit(f"error: no test fits {options}.", code=MISTAKE)
    if code == _NO_TESTS:
        say("no tests yet: `invoke new-pipeline LAYER NAME` writes a pipeline with one.")
    elif code:
        raise Exit(code=code)


@task()
@report_errors
def check(c: Context) -> None:
    """Find mistakes in all pipelines and their examples, before anything runs."""
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.testing.repository_checks import problems_in

    infra = read_settings(tasks_folder(c)).infra_stack_name
    sources, problems = problems_in(pinned_repository(c), infra=infra)
    for problem in problems:
        say(problem)
    if problems:
        raise Exit(f"error: {_count(len(problems), 'problem')} to mend.", code=MISTAKE)
    functions = sum(len(source.functions) for source in sources)
    say(f"{_count(len(sources), 'pipeline')}, {_count(functions, 'function')}: nothing to mend.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


TASKS: tuple[Task[Any], ...] = (run, test, check)
