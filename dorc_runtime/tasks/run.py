"""Tasks that try pipelines on this machine: ``run`` and ``check``."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task
from pydantic import JsonValue

from dorc_runtime.tasks.entry import (
    MISTAKE,
    pinned_repository,
    print_line,
    report_errors,
    tasks_folder,
)
from dorc_runtime.tasks.options import JSON
from dorc_runtime.tasks.short_options import task
from dorc_runtime.tasks.signals import handle_sigterm

if TYPE_CHECKING:
    from dorc_runtime.local.follow import CompletedRun
    from dorc_runtime.project.repository import Repository


@task(
    help={
        "pipeline": "LAYER/NAME of the pipeline",
        "example": "folder under its examples/ to start from (default: first, or the only one)",
        "execution": "start as this execution on AWS did: its name, or its ARN; with --env",
        "env": "the environment of --execution",
        "file": "a file to upload where the pipeline's S3Trigger watches",
        "input": "JSON, or a JSON file, to start the pipeline with",
        "inline": "call functions in this process, for a debugger; no limits apply",
        **JSON,
        "seed-from": "the run to go on from, with its lake and tables: last, or a folder's name",
        "follow": "then run the pipelines that this run starts, and so on",
        "function": "call this function of the pipeline alone",
        "skip-waits": "let Wait states, and the pauses before retries, take no time",
        "event": "the function's event: JSON, a JSON file, last (of the last run) or last:ITEM",
        "trace": "show all frames of a failed function's stack trace, those of packages included",
        "answer": "STEP=JSON: what a step gets that waits for an answer; may be repeated",
    },
    iterable=["answer"],
)
@report_errors
def run(
    c: Context,
    pipeline: str,
    example: str | None = None,
    file: str | None = None,
    input: str | None = None,  # noqa: A002 - AWS's word for it
    execution: str | None = None,
    env: str | None = None,
    seed_from: str | None = None,
    inline: bool = False,
    json: bool = False,
    follow: bool = False,
    function: str | None = None,
    event: str | None = None,
    trace: bool = False,
    skip_waits: bool = False,
    answer: list[str] | None = None,
) -> None:
    """Run a pipeline on this machine, or one of its functions.

    It starts with an example, a file or an input, or as an execution on AWS did.

    Exits 0 when it succeeded, 1 when it failed, 2 for a mistake in the call or the code.
    """
    from dorc_runtime.local.aws.lake import Lake
    from dorc_runtime.tasks.run_request import run_request, token_answers

    repository = pinned_repository(c)
    if follow and function is not None:
        raise Exit("error: --follow runs whole pipelines: leave out --function.", code=MISTAKE)
    if execution is not None:
        from dorc_runtime.tasks.execution_request import execution_request

        given = {"file": file, "input": input, "seed-from": seed_from, "event": event,
                 "function": function}  # fmt: skip
        _check_alone(given)
        request = execution_request(
            c, repository, pipeline, execution=execution, env=env, example=example
        )
    else:
        if env is not None:
            raise Exit("error: --env is for --execution NAME: add it.", code=MISTAKE)
        request = run_request(
            repository,
            pipeline,
            example=example,
            file=file,
            input=input,
            seed_from=seed_from,
            function=function,
            event=event,
        )
    request = replace(request, answers=token_answers(answer or ()))
    # The lake starts slowly, so it starts before the rest is imported.
    with handle_sigterm(), Lake.start() as lake:
        from dorc_runtime.local.sandbox.mechanisms import Isolation
        from dorc_runtime.local.session import Session
        from dorc_runtime.project.settings import read_settings
        from dorc_runtime.tasks.drawings.run_drawing import RunDrawing
        from dorc_runtime.tasks.drawings.run_summary import print_runs, show_runs

        draw = partial(
            RunDrawing.on_terminal,
            root=repository.root,
            json=json,
            inline=inline,
            trace=trace,
            skip_waits=skip_waits,
        )
        settings = read_settings(tasks_folder(c))
        isolation = Isolation(settings.function_isolation, settings.function_network)
        session = Session(
            repository,
            lake,
            draw,
            inline=inline,
            printing=not json,
            isolation=isolation,
            skip_waits=skip_waits,
        )
        _warn_of_python(repository)
        completed: list[CompletedRun] = []
        try:
            runs = session.follow if follow else session.run
            completed.extend(runs(pipeline, request))
        finally:
            # An error may end the command between two runs.
            if json and completed:
                print_runs(completed, root=repository.root, chains=follow, trace=trace)
    if follow and not json:
        show_runs([each.result for each in completed])
    _end(completed)


def _check_alone(given: Mapping[str, str | None]) -> None:
    """End with 2 where one of the options ``given`` says what --execution says."""
    for option in (name for name, value in given.items() if value is not None):
        raise Exit(
            f"error: --execution says what the run starts with: leave out --{option}.",
            code=MISTAKE,
        )


def _end(completed: "Sequence[CompletedRun]") -> None:
    """End the task as its runs ended: 2 for a mistake in the code, 1 for any other failure."""
    failures = [each.result.failure for each in completed if each.result.failure]
    mistakes = dict.fromkeys(f"error: {each.advice}" for each in failures if each.is_mistake)
    if mistakes:
        raise Exit("\n".join(mistakes), code=MISTAKE)
    if failures:
        raise Exit(code=1)


@task(help=JSON)
@report_errors
def check(c: Context, json: bool = False) -> None:
    """Check all pipelines and their examples, without a run."""
    from datetime import UTC, datetime

    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.testing.repository_checks import problems_in

    settings = read_settings(tasks_folder(c))
    repository = pinned_repository(c)
    sources, problems = problems_in(
        repository,
        now=datetime.now(UTC),
        universal=settings.universal_stack_name,
        infra=settings.infra_stack_name,
    )
    _warn_of_python(repository)
    functions = sum(len(source.functions) for source in sources)
    if json:
        from dorc_runtime.tasks.drawings.console import print_json

        pipelines: list[JsonValue] = [source.id for source in sources]
        print_json({"pipelines": pipelines, "functions": functions, "problems": [*problems]})
    for problem in () if json else problems:
        print_line(problem)
    if problems:
        raise Exit(f"error: {_count(len(problems), 'problem')} found.", code=MISTAKE)
    if not json:
        numbers = f"{_count(len(sources), 'pipeline')}, {_count(functions, 'function')}"
        print_line(f"{numbers}: no problems found.")


def _warn_of_python(repository: "Repository") -> None:
    """Print to standard error that Python here is not that of the images, if so."""
    from dorc_runtime.project.images.image_python import different_python

    if difference := different_python(repository.root):
        sys.stderr.write(f"warning: {difference}.\n")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


TASKS: tuple[Task[Any], ...] = (run, check)
