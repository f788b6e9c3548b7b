"""What happened in a run, event by event, and how it ended.

Times are seconds since the epoch. A visit is one entering of a state: a state in a Map is visited
once for each item, and ``path`` names the item (``("Map", "3")``). ``pipeline`` is the one
(``layer/name``) that a Call started, "" for the run's own states.
"""

from dataclasses import dataclass

from pydantic import JsonValue

from dorc_runtime.model.triggers import Status


@dataclass(frozen=True, slots=True)
class Visit:
    """One entering of a state."""

    number: int
    state: str
    kind: str
    path: tuple[str, ...]
    pipeline: str = ""

    @property
    def location(self) -> str:
        """The state's name after what it is in: ``Map[3] › clean``, ``Call load › clean``."""
        pairs = zip(self.path[::2], self.path[1::2], strict=True)
        # A Call is followed by the name of the pipeline, which has its own states.
        outer = [f"{name}[{inner}]" if inner.isdecimal() else name for name, inner in pairs]
        return " › ".join((*outer, self.state))


@dataclass(frozen=True, slots=True)
class StateEntered:
    """A state starts."""

    at: float
    visit: Visit
    input: JsonValue


@dataclass(frozen=True, slots=True)
class StateExited:
    """A state has ended with its output."""

    at: float
    visit: Visit
    output: JsonValue


@dataclass(frozen=True, slots=True)
class StateRetried:
    """A state failed and is retried in ``wait`` seconds; ``attempt`` is 1 for the first retry."""

    at: float
    visit: Visit
    error: str
    cause: str
    attempt: int
    wait: float


@dataclass(frozen=True, slots=True)
class StateWaiting:
    """A Wait state has started to wait ``until`` a time."""

    at: float
    visit: Visit
    until: float


@dataclass(frozen=True, slots=True)
class MapProgressed:
    """Of the ``items`` of a Map, so many have ``ended``: 0 when it starts."""

    at: float
    visit: Visit
    ended: int
    items: int


@dataclass(frozen=True, slots=True)
class StateCaught:
    """A state failed and the run goes on at the state ``to``."""

    at: float
    visit: Visit
    error: str
    cause: str
    to: str


@dataclass(frozen=True, slots=True)
class StateFailed:
    """A state failed, and so does what it is part of.

    ``inner`` is the ending of the pipeline that it called, or of the item of a distributed Map,
    which made it fail.
    """

    at: float
    visit: Visit
    error: str
    cause: str
    input: JsonValue
    inner: "Ending | None" = None


@dataclass(frozen=True, slots=True)
class FunctionCalled:
    """A state calls a function with ``event``; ``path`` is that of the state's visit.

    A function of a called pipeline has the name ``<layer>.<pipeline>.<function>``.
    """

    at: float
    function: str
    path: tuple[str, ...]
    event: JsonValue


@dataclass(frozen=True, slots=True)
class FunctionLogged:
    """A function wrote a line to its log; ``request_id`` is "" while its handler is loaded."""

    at: float
    function: str
    text: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class FunctionMeasured:
    """A call of a function has ended; its process has used at most ``memory`` MiB so far."""

    at: float
    function: str
    memory: int


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: an output, or an error with its cause and the state that failed first.

    ``error`` and ``cause`` are as on AWS, "" where there is none. ``advice`` says what to do.
    ``pipeline`` is the one that a Call started, "" for the run's own.
    """

    status: Status
    output: JsonValue = None
    error: str = ""
    cause: str = ""
    failed: StateFailed | None = None
    advice: str = ""
    pipeline: str = ""

    @property
    def first(self) -> "Ending":
        """The ending that this one follows from: of a called pipeline, or of an item of a Map."""
        inner = self.failed.inner if self.failed else None
        return inner.first if inner else self


@dataclass(frozen=True, slots=True)
class ExecutionStatusChanged:
    """An execution started, or ended with ``ending``: that of the run, or one that it called.

    ``arn`` and ``machine`` are the ARNs of the execution and of its state machine. It started with
    ``input`` at ``started_at``.
    """

    at: float
    arn: str
    machine: str
    name: str
    input: JsonValue
    started_at: float
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class ExecutionRedriven:
    """An execution on AWS that failed continues, for the ``count``-th time.

    The states that failed are entered again.
    """

    at: float
    count: int


Event = (
    StateEntered
    | StateExited
    | StateWaiting
    | MapProgressed
    | StateRetried
    | StateCaught
    | StateFailed
    | FunctionCalled
    | FunctionLogged
    | FunctionMeasured
    | ExecutionStatusChanged
    | ExecutionRedriven
)
