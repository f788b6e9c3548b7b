"""The runs that one `invoke run` carries out: each drawn as it goes, and kept."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from invoke.exceptions import Exit
from pydantic import JsonValue

from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.follow import follow
from dorc_runtime.local.inputs import Request, Start
from dorc_runtime.local.lambda_contract import contract_breach
from dorc_runtime.local.run import run
from dorc_runtime.local.run_plan import Plan, plan
from dorc_runtime.project.repository import Repository
from dorc_runtime.runs.folder import save_run, summary
from dorc_runtime.runs.result import RunResult
from dorc_runtime.tasks.drawings.run_drawing import RunDrawing, show_runs

MISTAKE = 2


@dataclass(frozen=True)
class Outcome:
    """How a run went, where it is ``kept``, and in what it ``broke`` Lambda's contract, if so."""

    result: RunResult
    kept: Path
    broke: str | None


class Runs:
    """Carries out runs of ``repository`` on ``lake``: one, or all that one leads to.

    With ``json`` nothing is drawn, and what functions print is not printed.
    """

    def __init__(self, repository: Repository, lake: Lake, *, inline: bool, json: bool) -> None:
        self._repository = repository
        self._lake = lake
        self._inline = inline
        self._json = json
        self._outcomes: list[Outcome] = []
        self._chains: list[tuple[str, ...]] = []

    def one(self, pipeline: str, request: Request) -> None:
        """Run ``pipeline``, print how that went, and end the task as `invoke run` does."""
        self._carry_out(self._plan(pipeline, request))
        if self._json:
            _print(self._told(self._outcomes[0]))
        self._end()

    def follow(self, pipeline: str, request: Request) -> None:
        """Do so, and then for all that is started by it; the task fails if one of them does."""
        try:
            for _, chain in follow(
                self._plan(pipeline, request),
                repository=self._repository,
                lake=self._lake,
                plan=self._plan_start,
                carry_out=self._carry_out,
            ):
                self._chains.append(chain)
        finally:
            # An error may end it between two runs.
            if self._json and self._outcomes:
                pairs = zip(self._outcomes, self._chains, strict=True)
                _print([{**self._told(outcome), "chain": [*chain]} for outcome, chain in pairs])
        if not self._json:
            show_runs([outcome.result for outcome in self._outcomes])
        self._end()

    def _plan(self, pipeline: str, request: Request) -> Plan:
        cache = self._repository.root / ".dorc" / "packages"
        drawing = self._drawing()
        return plan(self._repository, pipeline, request, cache=cache, on_install=drawing.installing)

    def _plan_start(self, pipeline: str, start: Start) -> Plan:
        return self._plan(pipeline, Request(start=start))

    def _carry_out(self, planned: Plan) -> RunResult:
        drawing = self._drawing()
        with drawing.following(planned):
            result = run(
                planned,
                lake=self._lake,
                inline=self._inline,
                printing=not self._json,
                observe=drawing.see,
            )
        kept = save_run(result, root=self._repository.root, now=datetime.now(UTC))
        drawing.end(result, kept=kept)
        broke = contract_breach(result.ending, planned.functions, result.refusals)
        self._outcomes.append(Outcome(result, kept, broke))
        return result

    def _drawing(self) -> RunDrawing:
        return RunDrawing.on_terminal(
            root=self._repository.root, json=self._json, inline=self._inline
        )

    def _told(self, outcome: Outcome) -> dict[str, JsonValue]:
        return {**summary(outcome.result), "kept": self._repository.show(outcome.kept)}

    def _end(self) -> None:
        for outcome in self._outcomes:
            if outcome.broke:
                raise Exit(f"error: {outcome.broke}", code=MISTAKE)
        if any(outcome.result.ending.status != "SUCCEEDED" for outcome in self._outcomes):
            raise Exit(code=1)


def _print(value: JsonValue | Sequence[JsonValue]) -> None:
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
