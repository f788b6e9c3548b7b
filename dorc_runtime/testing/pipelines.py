"""Runs of pipelines inside tests."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from dorc_runtime.local.inputs import Request
from dorc_runtime.local.lake import Lake
from dorc_runtime.local.run import Result, plan, run
from dorc_runtime.local.scheduler import VirtualClock
from dorc_runtime.project.repository import Repository


@dataclass(frozen=True)
class PipelineRun:
    """How a run went.

    ``output`` is the pipeline's output, None when it failed; ``error`` and ``cause`` say why it
    failed, both "" when it did not; ``states`` are the names of the states in the order they were
    entered; ``lake`` holds what the run wrote, bytes by ``zone/key``.
    """

    succeeded: bool
    output: JsonValue
    error: str
    cause: str
    states: tuple[str, ...]
    lake: Mapping[str, bytes]


class PipelineRunner:
    """Runs pipelines of one repository; what ``run_pipeline`` is."""

    def __init__(self, repository: Repository, lake: Lake) -> None:
        self._repository = repository
        self._lake = lake

    def __call__(
        self,
        pipeline: str,
        *,
        example: str | None = None,
        file: Path | None = None,
        input: JsonValue = None,  # noqa: A002 - AWS's word for it
    ) -> PipelineRun:
        """Run ``pipeline`` (``layer/name``) on an example, a file that lands, or an input.

        Without any it is the first example. Raises a ``DorcError`` for what cannot be run at all.
        """
        given = None if input is None else json.dumps(input)
        planned = plan(
            self._repository,
            pipeline,
            Request(example, file, given),
            cache=self._repository.root / ".dorc" / "packages",
            on_install=lambda: None,
        )
        self._lake.reset()
        clock = VirtualClock(time.time())
        result = run(planned, lake=self._lake, inline=True, printing=True, clock=clock)
        return _told(result)


def _told(result: Result) -> PipelineRun:
    ending = result.ending
    return PipelineRun(
        succeeded=ending.status == "SUCCEEDED",
        output=ending.output,
        error=ending.error,
        cause=ending.cause,
        states=result.states,
        lake=result.written,
    )
