"""The runs of one command: planned, carried out and saved."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.follow import CompletedRun, follow
from dorc_runtime.local.inputs import Request, Start
from dorc_runtime.local.interpreter.scheduler import Clock, RealClock, Scheduler, SkippingClock
from dorc_runtime.local.plan.run_plan import Plan, plan
from dorc_runtime.local.run import run
from dorc_runtime.local.sandbox.mechanisms import Isolation
from dorc_runtime.project.repository import Repository
from dorc_runtime.runs.events import Event
from dorc_runtime.runs.folder import make_runs_folder, save_run
from dorc_runtime.runs.result import RunResult


class RunObserver(Protocol):
    """What follows one run, from its plan to its result."""

    def installing(self) -> None:
        """Report that packages are being installed, which takes a while."""

    def running(self, planned: Plan) -> AbstractContextManager[None]:
        """Return a context that lasts as long as the run."""

    def event(self, event: Event) -> None:
        """Report one event."""

    def ended(self, result: RunResult, *, folder: Path) -> None:
        """Report how the run ended, and the folder that it is saved in."""


class Session:
    """Runs pipelines of ``repository`` on ``lake``; ``observer`` makes an observer for each run.

    Functions run ``inline``, or in worker processes that ``isolation`` holds. With ``printing``
    inline functions also print to the terminal. With ``skip_waits``, Wait states and the pauses
    before retries take no time.
    """

    def __init__(
        self,
        repository: Repository,
        lake: Lake,
        observer: Callable[[], RunObserver],
        *,
        inline: bool,
        printing: bool,
        isolation: Isolation = Isolation(),  # noqa: B008 # frozen
        skip_waits: bool = False,
    ) -> None:
        self._repository = repository
        self._lake = lake
        self._observer = observer
        self._inline = inline
        self._printing = printing
        self._isolation = isolation
        self._clock: Callable[[], Clock] = SkippingClock if skip_waits else RealClock

    def run(self, pipeline: str, request: Request) -> Iterator[CompletedRun]:
        """Run ``pipeline``, and yield that one run."""
        yield self._carry_out(self._plan(pipeline, request), ())

    def follow(self, pipeline: str, request: Request) -> Iterator[CompletedRun]:
        """Run ``pipeline``, then all pipelines that it starts; yield each run when it ends."""
        return follow(
            self._plan(pipeline, request),
            repository=self._repository,
            lake=self._lake,
            plan=self._plan_start,
            carry_out=self._carry_out,
        )

    def _plan(self, pipeline: str, request: Request) -> Plan:
        cache = self._repository.root / ".dorc" / "packages"
        on_install = self._observer().installing
        return plan(self._repository, pipeline, request, cache=cache, on_install=on_install)

    def _plan_start(self, pipeline: str, start: Start) -> Plan:
        return self._plan(pipeline, Request(start=start))

    def _carry_out(self, planned: Plan, chain: tuple[str, ...]) -> CompletedRun:
        # Before the run: nobody waits for a result that cannot be saved.
        make_runs_folder(self._repository.root)
        observer = self._observer()
        with observer.running(planned):
            result = run(
                planned,
                lake=self._lake,
                inline=self._inline,
                printing=self._printing,
                scheduler=Scheduler(self._clock()),
                observe=observer.event,
                isolation=self._isolation,
            )
        folder = save_run(
            result,
            root=self._repository.root,
            now=datetime.now(UTC),
            redaction=planned.redaction,
        )
        observer.ended(result, folder=folder)
        return CompletedRun(result, folder, chain)
