"""Pipelines, functions and inputs as hypothesis makes them up, to be run by two interpreters.

Where things run side by side, at most one branch, or one item, may fail: else which of two failures
is seen first would be a matter of the moment. What may fail anyhow is ``fallible`` below.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any

from hypothesis import strategies as st
from pydantic import JsonValue

from dorc_runtime import (
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Pipeline,
    Repeat,
    Retry,
    Succeed,
    Wait,
    data,
    error,
    execution,
    item,
    jsonata,
    result,
    variable,
)
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.compile.documents import Document
from dorc_runtime.model.expressions.expression import Expression, Value
from dorc_runtime.model.steps import Step

ERRORS = ("ValueError", "KeyError", "Full")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"
DEPTH = 3
ALWAYS = 99


@dataclass(frozen=True)
class Body:
    """What a function does: fail by ``error`` the first ``failures`` times, then return ``value``.

    With ``only`` it fails for that item of a Map alone; without ``value`` it returns its payload.
    """

    failures: int = 0
    error: str = ""
    only: int | None = None
    value: JsonValue = "payload"


class Functions:
    """The functions of one run; they count their own failures."""

    def __init__(self, bodies: Mapping[str, Body]) -> None:
        self._bodies = bodies
        self._failed = dict.fromkeys(bodies, 0)
        self._lock = Lock()

    def answer(self, name: str, payload: JsonValue) -> tuple[JsonValue, bool]:
        """Return what the function ``name`` answers to ``payload``, and whether it is an error."""
        body = self._bodies[name]
        number = payload.get("n") if isinstance(payload, dict) else payload
        if body.only is None or number == body.only:
            with self._lock:
                if self._failed[name] < body.failures:
                    self._failed[name] += 1
                    return {"errorMessage": "broken", "errorType": body.error}, True
        return {"got": payload or {}} if body.value == "payload" else body.value, False


@dataclass(frozen=True)
class Example:
    """A pipeline's document, its functions, and what it is started with."""

    document: Document
    bodies: Mapping[str, Body]
    event: JsonValue


@dataclass
class _Maker:
    """Draws steps; ``scopes`` are the variables of the machine that they are in, and around it.

    Each machine has a variable of its own, since none has one name inside and outside.
    """

    draw: Callable[[st.SearchStrategy[Any]], Any]
    bodies: dict[str, Body] = field(default_factory=dict)
    scopes: list[str] = field(default_factory=lambda: ["v0"])
    named: int = 0

    def one_of(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def maybe(self) -> bool:
        return bool(self.draw(st.booleans()))

    def count(self, low: int, high: int) -> int:
        return int(self.draw(st.integers(low, high)))

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Draw the steps of a machine in a Map or Parallel."""
        self.named += 1
        self.scopes.append(f"v{self.named}")
        yield
        self.scopes.pop()

    def steps(self, depth: int, fallible: bool, first: str = "") -> list[Step]:
        steps = [self.step(first, depth, fallible)] if first else []
        steps += [self.step(self.kind(depth), depth, fallible) for _ in range(self.count(0, 2))]
        if not steps or self.count(0, 5) == 0:
            steps.append(self.last(fallible))
        return steps

    def kind(self, depth: int) -> str:
        nested = ("choice", "map", "parallel", "repeat") if depth else ()
        return str(self.one_of("function", "pass", "wait", "function", *nested))

    def last(self, fallible: bool) -> Step:
        if fallible and self.maybe():
            error: str | Expression = self.one_of(*ERRORS, jsonata("$string($states.input.kind)"))
            return Fail(error, self.one_of("", "why"))
        return Succeed(self.value(fallible))

    def step(self, kind: str, depth: int, fallible: bool) -> Step:
        match kind:
            case "function":
                return self.function(depth, fallible)
            case "choice":
                ways = [
                    If(
                        self.condition(fallible),
                        then=self.inner(depth, fallible),
                        **self.handed_on(fallible),
                    )
                    for _ in range(self.count(1, 2))
                ]
                otherwise = self.inner(depth, fallible)
                # Where a way leads to the same state, moto takes it for this one.
                handed = self.handed_on(fallible) if otherwise else {}
                return Choice(*ways, otherwise=otherwise, **handed)
            case "map":
                return self.map(depth, fallible)
            case "parallel":
                weak = self.count(0, 2) if fallible else -1
                branches = []
                for number in range(self.count(1, 3)):
                    with self.inside():
                        branches.append(self.steps(depth - 1, number == weak))
                handed = self.handed_on(False, result)
                return Parallel(branches, **self.recovery(depth, fallible), **handed)
            case "repeat":
                return self.repeat(depth, fallible)
            case "wait":
                lengths = (
                    timedelta(seconds=3),
                    timedelta(hours=5),
                    jsonata("$floor($states.input.n)"),
                )
                length = self.one_of(*lengths) if fallible else lengths[0]
                return Wait(length, **self.handed_on(fallible))
            case _:
                return Pass(**self.handed_on(fallible))

    def repeat(self, depth: int, fallible: bool) -> Repeat:
        return Repeat(
            self.steps(depth - 1, fallible),
            until=self.condition(fallible),
            most=self.count(1, 3),
            wait=self.one_of(None, timedelta(minutes=1)),
            **self.handed_on(fallible),
        )

    def inner(self, depth: int, fallible: bool) -> list[Step]:
        """Return the steps of a Choice's way or of a Catch, which may have none."""
        return self.steps(depth - 1, fallible) if depth and self.maybe() else []

    def function(self, depth: int, fallible: bool, only: int | None = None) -> Function:
        name = f"f{len(self.bodies)}"
        failures = self.one_of(0, 1, 2, ALWAYS) if fallible or only is not None else 0
        value = self.one_of("payload", None, [], [1, {"n": 2}], {"n": 3, "items": [1, 2]}, "text")
        self.bodies[name] = Body(failures, self.one_of(*ERRORS), only, value)
        return Function(
            name,
            **self.recovery(depth, fallible, wildcard=True),
            **self.handed_on(False, result),
        )

    def map(self, depth: int, fallible: bool) -> Map:
        numbers = list(range(self.count(0, 4)))
        one_by_one = self.maybe()
        with self.inside():
            steps = self.steps(depth - 1, fallible and one_by_one)
            if fallible and not one_by_one:
                steps = [self.function(0, False, only=self.count(0, 4)), *steps]
        over: Value = self.one_of(numbers, data["items"], data["items"][item > 1])
        return Map(
            over=over if fallible and one_by_one else numbers,
            steps=steps,
            select=self.one_of(None, {"n": item, "of": data}, {"n": item, "items": [item, 7]}),
            max_concurrency=1 if one_by_one else self.one_of(0, 2, 40),
            **self.recovery(depth, fallible),
            **self.handed_on(False, result),
        )

    def recovery(self, depth: int, fallible: bool, *, wildcard: bool = False) -> dict[str, Any]:
        retries = [
            Retry(
                self.errors(wildcard),
                interval=timedelta(seconds=self.count(1, 3)),
                max_attempts=self.count(0, 2),
                backoff=self.one_of(1.0, 1.5, 2.0),
                max_delay=self.one_of(None, timedelta(seconds=4)),
            )
            for _ in range(self.count(0, 2))
        ]
        if self.count(0, 3) == 0:
            retries.append(Retry(max_attempts=1))
        catches = [
            Catch(
                self.errors(wildcard),
                steps=self.inner(depth, fallible),
                **self.handed_on(False, {"was": error.Error}),
            )
            for _ in range(self.count(0, 1))
        ]
        if self.count(0, 2) == 0:
            catches.append(Catch(steps=self.inner(depth, fallible)))
        return {"retry": self.one_of(None, retries, retries), "catch": catches}

    def errors(self, wildcard: bool) -> list[str]:
        own = "States.TaskFailed" if wildcard else "States.QueryEvaluationError"
        named: list[str] = self.one_of(*([error] for error in ERRORS), list(ERRORS[:2]), [own])
        return named

    def condition(self, fallible: bool) -> Expression:
        sure = (data.n.exists(), data.kind == "a", ~(data.n == 1), data.got.exists())
        unsure = (data.n > 1, (data.n > 0) & (data.kind == "b"), data.kind.is_in(["a", "c"]))
        return self.one_of(*sure, *(unsure if fallible else ()))  # type: ignore[no-any-return]

    def handed_on(self, fallible: bool, *more: Value) -> dict[str, Any]:
        """Return what a step hands on, or assigns; ``more`` are values that only it has.

        Not both at once: moto assigns first, and the output then finds that.
        """
        match self.one_of("", "output", "assign"):
            case "output":
                return {"output": self.one_of(self.value(fallible), *more)}
            case "assign":
                return {"assign": {self.scopes[-1]: self.one_of(self.value(False), *more)}}
            case _:
                return {}

    def value(self, fallible: bool) -> Value:
        sure: tuple[Value, ...] = (
            None,
            data,
            {"n": data.n.or_else(5), "kind": "b", "items": [3, 1, 2]},
            [data, 1],
            data.kind.or_else("c"),
            {"n": 2, "run": execution.input},
            {"n": 1, "kept": variable(self.one_of(*self.scopes)).or_else("none")},
        )
        unsure: tuple[Value, ...] = (
            data.n,
            {"n": data.n + 1, "kind": data.kind, "items": data["items"]},
            data["items"][0],
            variable(self.scopes[0]),
        )
        return self.one_of(*sure, *(unsure if fallible else ()))  # type: ignore[no-any-return]


_EVENTS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries(
        {
            "n": st.integers(0, 4),
            "kind": st.sampled_from("abc"),
            "items": st.lists(st.integers(0, 4), max_size=4),
        }
    ),
    st.sampled_from([None, [], {}, "text", 3, [1, 2], {"items": [{"n": 1}, None]}]),
)


@st.composite
def examples(draw: Callable[[st.SearchStrategy[Any]], Any], first: str) -> Example:
    """Return pipelines that begin with a step of the kind ``first``, and what they run on."""
    maker = _Maker(draw)
    steps = maker.steps(DEPTH, True, first)
    arns = {name: ARN + name for name in maker.bodies}
    document = state_machine(Pipeline(steps=steps, timeout=timedelta(days=300)), arns=arns)
    return Example(document, maker.bodies, draw(_EVENTS))
