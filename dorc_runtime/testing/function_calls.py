"""Calls of single functions in tests: the fixture ``function``."""

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from dorc_runtime.errors import InputError
from dorc_runtime.local.inputs import Request
from dorc_runtime.local.plan.function_source import check_function
from dorc_runtime.local.seeds.example_seeds import SeedValues
from dorc_runtime.local.seeds.seeded_files import Content, seeded_files
from dorc_runtime.project.repository import Repository
from dorc_runtime.testing.pipeline_runs import PipelineRun, PipelineRunner


class Functions:
    """Finds the functions of one repository: the value of the fixture ``function``."""

    def __init__(self, repository: Repository, runner: PipelineRunner) -> None:
        self._repository = repository
        self._runner = runner

    def __repr__(self) -> str:
        return "<fixture function>"

    def __call__(self, name: str) -> "FunctionCall":
        """Return the function ``layer/pipeline/name``, to call it with events.

        Raises:
            UnknownNameError: There is no such pipeline, or no such function.
        """
        pipeline, _, function = name.strip("/").removeprefix("src/").rpartition("/")
        if pipeline.count("/") != 1:
            raise InputError(f"'{name}' is no function: write layer/pipeline/function.")
        check_function(self._repository.pipeline(pipeline), function)
        return FunctionCall(self._runner, pipeline, function)


class FunctionCall:
    """Calls one function with the role, settings, secrets and limits of its step."""

    def __init__(self, runner: PipelineRunner, pipeline: str, function: str) -> None:
        self._runner = runner
        self._pipeline = pipeline
        self._function = function

    def __repr__(self) -> str:
        return f"<function {self._pipeline}/{self._function}>"

    def __call__(
        self,
        event: JsonValue = None,
        *,
        example: str | None = None,
        files: Mapping[str, Content] | None = None,
        tables: Mapping[str, Sequence[Mapping[str, object]]] | None = None,
        queues: Mapping[str, Sequence[JsonValue]] | None = None,
        parameters: Mapping[str, str | list[str]] | None = None,
        secrets: Mapping[str, str] | None = None,
        patches: Mapping[str, object] | None = None,
        workers: bool | None = None,
    ) -> PipelineRun:
        """Call the function once with ``event``; return what it did as a run does.

        Without an event, the first function of a pipeline gets what starts the pipeline. ``files``
        has the objects that are in the lake, by ``zone/key``; the other seeds are those of
        ``run_pipeline``. ``patches`` replace names in the function: ``{"today": lambda: "2030"}``.
        Raises a ``DorcError`` for a call that cannot start.
        """
        with seeded_files(files or {}) as objects:
            request = Request(
                example,
                None,
                _event_text(event),
                seeds=SeedValues(tables or {}, queues or {}, parameters or {}),
                secrets=secrets or {},
                objects=objects,
                function=self._function,
            )
            by_path = {f"{self._function}.{path}": new for path, new in (patches or {}).items()}
            return self._runner.run(self._pipeline, request, patches=by_path, workers=workers)


def _event_text(event: JsonValue) -> str | None:
    if event is None:
        return None
    try:
        return json.dumps(event)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"the event is not JSON: {error}.") from error
