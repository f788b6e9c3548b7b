"""Tasks that try pipelines out on this machine: run, test, check."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task, task

from dorc_runtime.tasks.rim import pinned_repository, say, told

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
    }
)
@told
def run(
    c: Context,
    pipeline: str,
    example: str | None = None,
    file: str | None = None,
    input: str | None = None,  # noqa: A002 - AWS's word for it
    inline: bool = False,
    json: bool = False,
) -> None:
    """Run a pipeline here, on an example, a file or an input.

    Exits 0 when it succeeded, 1 when it failed, 2 for a mistake in the call or the code.
    """
    from dorc_runtime.local.inputs import Request
    from dorc_runtime.local.lake import Lake

    found = pinned_repository(c)
    found.pipeline(pipeline)
    if file is not None and input is not None:
        raise Exit("error: give --file or --input, not both.", code=MISTAKE)
    request = Request(example, Path(file) if file is not None else None, input)
    # The lake takes longest to start, so it starts before all else is even imported.
    with Lake.start() as lake:
        from dorc_runtime.local.contract import breach
        from dorc_runtime.local.kept import keep
        from dorc_runtime.local.run import plan
        from dorc_runtime.local.run import run as carry_out
        from dorc_runtime.tasks.show import RunDrawing

        drawing = RunDrawing.on_terminal(root=found.root, json=json, inline=inline)
        cache = found.root / ".dorc" / "packages"
        planned = plan(found, pipeline, request, cache=cache, on_install=drawing.installing)
        with drawing.following(planned):
            result = carry_out(
                planned, lake=lake, inline=inline, printing=not json, observe=drawing.see
            )
    kept = keep(result, root=found.root, now=datetime.now(UTC))
    drawing.end(result, kept=kept)
    if broken := breach(result.ending, planned.functions):
        raise Exit(f"error: {broken}", code=MISTAKE)
    if result.ending.status != "SUCCEEDED":
        raise Exit(code=1)


@task(
    help={
        "pipeline": "LAYER/NAME of one pipeline (default: all)",
        "options": "further options for pytest, as one text: --options='-x -k clean'",
    }
)
@told
def test(c: Context, pipeline: str | None = None, options: str = "") -> None:
    """Run the tests of the pipelines."""
    import shlex

    found = pinned_repository(c)
    where = [found.show(found.pipeline(pipeline).path)] if pipeline else []
    command = [sys.executable, "-m", "pytest", *where, *shlex.split(options)]
    code = subprocess.run(command, cwd=found.root, check=False).returncode  # noqa: S603
    if code == _NO_TESTS:
        say("no tests yet: `invoke new-pipeline LAYER NAME` writes a pipeline with one.")
    elif code:
        raise Exit(code=code)


@task()
@told
def check(c: Context) -> None:
    """Find mistakes in all pipelines, before anything runs."""
    from dorc_runtime.compile.checks import problems_between, problems_of
    from dorc_runtime.errors import DorcError
    from dorc_runtime.project.repository import load_config, load_source

    found = pinned_repository(c)
    problems: list[str] = []
    sources = []
    try:
        load_config(found)
    except DorcError as error:
        problems.append(str(error))
    for folder in found.pipelines:
        try:
            sources.append(load_source(folder))
        except DorcError as error:
            problems.append(str(error))
    checked = [problem for source in sources for problem in problems_of(source)]
    problems += [str(problem) for problem in (*checked, *problems_between(sources))]
    for problem in problems:
        say(problem)
    if problems:
        raise Exit(f"error: {_count(len(problems), 'problem')} to mend.", code=MISTAKE)
    functions = sum(len(source.functions) for source in sources)
    say(f"{_count(len(sources), 'pipeline')}, {_count(functions, 'function')}: nothing to mend.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


TASKS: tuple[Task[Any], ...] = (run, test, check)
