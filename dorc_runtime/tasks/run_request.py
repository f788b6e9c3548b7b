"""What the options of `invoke run` ask a run to start with."""

import json
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.errors import InputError
from dorc_runtime.local.inputs import Request
from dorc_runtime.local.json_text import given_json
from dorc_runtime.local.plan.function_source import check_function
from dorc_runtime.project.repository import Repository
from dorc_runtime.runs.folder import SavedRun, last_run, named_run, read_run
from dorc_runtime.runs.function_events import last_event

_LAST = "last"


def run_request(
    repository: Repository,
    pipeline: str,
    *,
    example: str | None,
    file: str | None,
    input: str | None,  # noqa: A002 - AWS's word for it
    seed_from: str | None,
    function: str | None,
    event: str | None,
) -> Request:
    """Return the request of a run of ``pipeline``, or of its ``function`` alone.

    Raises:
        InputError: Options exclude each other.
        UnknownNameError: The pipeline, its function or a saved run does not exist.
        RunFolderError: A saved run has nothing of what is asked for.
    """
    folder = repository.pipeline(pipeline)
    if function is None and event is not None:
        raise InputError(
            "--event is the event of one function: add --function NAME, or give --input for the "
            "whole pipeline."
        )
    if function is not None:
        check_function(folder, function)
    if function is not None and input is not None:
        raise InputError("--input starts the whole pipeline: give --event for the function.")
    if file is not None and (input is not None or event is not None):
        raise InputError(f"give --file or --{'input' if event is None else 'event'}, not both.")
    earlier = _earlier(repository, seed_from) if seed_from is not None else None
    if function is not None and event is not None and event.partition(":")[0] == _LAST:
        saved = last_event(repository.root, folder.id, function, item=event.partition(":")[2])
        run = read_run(saved.folder)
        if earlier is None and example is None:
            earlier = run
            own = run.pipeline == folder.id and run.example in folder.examples
            example = run.example if own else None
        text = json.dumps(saved.event)
        names = ", with names in place of secrets" if "[secret " in text else ""
        origin = f"its event in {saved.folder.name}{names}"
        return Request(example, None, text, earlier=earlier, function=function, origin=origin)
    origin = ""
    if event is not None and example is None and earlier is None and folder.default_example:
        # An event names objects: those of an example are more likely than none.
        example = folder.default_example
        origin = f"the event, with example {example}"
    return Request(
        example,
        Path(file) if file is not None else None,
        input if event is None else event,
        earlier=earlier,
        function=function or "",
        origin=origin,
    )


def token_answers(options: Sequence[str]) -> dict[str, JsonValue]:
    """Return the answers that ``options`` give (``STEP=JSON``), by the names of the steps.

    Raises ``InputError`` for an option of another form.
    """
    answers = {}
    for option in options:
        step, equals, text = option.partition("=")
        if not equals:
            raise InputError(
                f"--answer is '{option}': write STEP=JSON, for example "
                f"""--answer '{step}={{"approved": true}}'."""
            )
        answers[step] = given_json(text, option=f"--answer {step}=")
    return answers


def _earlier(repository: Repository, name: str) -> SavedRun:
    root = repository.root
    return read_run(last_run(root) if name == _LAST else named_run(root, name))
