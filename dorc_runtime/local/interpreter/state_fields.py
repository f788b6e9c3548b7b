"""The fields of a state, evaluated on its input: what they yield, and how they fail."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import NoneType
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.documents import LARGEST_PAYLOAD
from dorc_runtime.local.interpreter.executions import History
from dorc_runtime.local.jsonata import QueryEvaluationError, evaluate_template
from dorc_runtime.local.jsonata.evaluation import expression_of
from dorc_runtime.runs.events import Ending, StateFailed

_LONGEST_WAIT = 99_999_999
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d(:\d\d)?)", re.ASCII
)
_TYPES = {
    NoneType: "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}
# JSON without spaces, as Step Functions writes it.
compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# The texts of AWS that were recorded on it are in tests/proof/test_aws_words.py.
_ENTERED = "An error occurred while executing the state '{name}' (entered at the event id #{id}). "
_NO_NEXT_STATE = "Failed to transition out of the state. The state does not point to a next state."


class StateError(Exception):
    """A state fails with the name of an error and its cause; either is "" where there is none.

    ``advice`` says what to do about it, and is no part of the cause. ``inner`` is the ending of
    another execution that it follows from. ``failed`` is the event of the first state that failed
    by the error, once there is one.
    """

    def __init__(
        self, error: str, cause: str = "", *, advice: str = "", inner: Ending | None = None
    ) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.advice = advice
        self.inner = inner
        self.failed: StateFailed | None = None


def too_large(name: str) -> StateError:
    """Return the error of the state or service ``name`` that hands on more than is allowed."""
    return StateError(
        "States.DataLimitExceeded",
        f"The state/task '{name}' returned a result with a size exceeding the maximum number of "
        "bytes service limit.",
        advice="Step Functions hands on at most 256 KiB. Write the data to the lake and return "
        "its key.",
    )


@dataclass(frozen=True)
class StateResult:
    """What a state hands on: its output, the variables it assigns, and the next state."""

    output: JsonValue
    assigned: Mapping[str, JsonValue]
    next_state: str | None


@dataclass(frozen=True)
class StateFields:
    """The fields of the state ``name``, with what their expressions find.

    The state was entered by the event ``entered`` of the execution's ``history``. ``context`` is
    the context object that its expressions see, ``variables`` are those with a value, by name.
    """

    name: str
    state: Mapping[str, Any]
    input: JsonValue
    context: dict[str, JsonValue]
    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    history: History = field(default_factory=History)
    entered: int = 0

    def evaluate(self, path: str, template: JsonValue, **more: JsonValue) -> JsonValue:
        """Return ``template`` with its expressions evaluated; it is at ``path`` in the state.

        ``more`` is what they find in ``$states`` as well as ``input`` and ``context``.

        Raises:
            StateError: An expression fails.
        """
        states = {"input": self.input, "context": self.context, **more}
        try:
            return evaluate_template(template, states=states, variables=self.variables)
        except QueryEvaluationError as error:
            cause = (
                f"The JSONata expression '{error.expression}' specified for the field "
                f"'{path}{error.path}' {error.reason}"
            )
            raise self._failure(cause, error.advice) from error

    def typed(self, path: str, template: JsonValue, kind: str, **more: JsonValue) -> Any:
        """Return ``template`` evaluated, which has to be of JSONata's type ``kind``.

        Raises:
            StateError: An expression fails, or yields another type.
        """
        value = self.evaluate(path, template, **more)
        if (actual := _TYPES[type(value)]) != kind:
            raise self._failure(
                f"The JSONata expression '{expression_of(template)}' specified for the field "
                f"'{path}' returned an unexpected result type. Expected '{kind}', but was "
                f"'{actual}' for value: {compact(value)}"
            )
        return value

    def whole_number(self, path: str) -> int | None:
        """Return the field at ``path``, from 0 to 99,999,999; None if there is none.

        Raises:
            StateError: An expression fails, or yields something else.
        """
        *outer, key = path.split("/")
        fields = self.state
        for name in outer:
            fields = fields.get(name, {})
        if key not in fields:
            return None
        number = fields[key]
        if type(number) is not int:
            number = self.typed(path, number, "number")
        # No answer of AWS to such numbers was recorded.
        if not isinstance(number, int):
            raise self._failure(f"The {path} field cannot be parsed as an integer: {number}")
        if not 0 <= number <= _LONGEST_WAIT:
            limit = _LONGEST_WAIT
            raise self._failure(f"{path} must be between 0 and {limit} but was: {number}")
        return number

    def result(
        self, fields: Mapping[str, Any], default: JsonValue, *, at: str = "", **more: JsonValue
    ) -> StateResult:
        """Return what follows, by the ``Output``, ``Assign`` and ``Next`` among ``fields``.

        These are the state's own, or those of its choice or catcher ``at``; ``default`` is the
        output where they have none. The variables are all assigned at once, after the output is
        made.
        """
        output = default
        if "Output" in fields:
            output = self.evaluate(f"{at}Output", fields["Output"], **more)
        self.check_size(output)
        assigned: JsonValue = {}
        if "Assign" in fields:
            assigned = self.typed(f"{at}Assign", fields["Assign"], "object", **more)
            self.check_size(assigned)
        return StateResult(output, assigned, fields.get("Next"))  # type: ignore[arg-type] # checked

    def items(self) -> list[JsonValue]:
        """Return the items of a Map, which is its input when it names none."""
        if "Items" in self.state:
            items: list[JsonValue] = self.typed("Items", self.state["Items"], "array")
            return items
        if not isinstance(self.input, list):
            raise self._failure(f"Map state input must be an array but was: {compact(self.input)}")
        return self.input

    def selected(self, index: int, item: JsonValue) -> JsonValue:
        """Return what the steps of a Map get for ``item``, by its field ``ItemSelector``."""
        if "ItemSelector" not in self.state:
            return item
        about: JsonValue = {"Item": {"Index": index, "Value": item}}
        fields = replace(self, context={**self.context, "Map": about})
        return fields.evaluate("ItemSelector", self.state["ItemSelector"])

    def choose(self) -> StateResult:
        """Return the result of a Choice: that of the first choice with a true condition."""
        for number, choice in enumerate(self.state["Choices"]):
            at = f"Choices[{number}]/"
            if self.typed(f"{at}Condition", choice["Condition"], "boolean"):
                return self.result(choice, self.input, at=at)
        if "Default" not in self.state:
            raise StateError("States.Runtime", self._entered() + _NO_NEXT_STATE)
        return self.result({**self.state, "Next": self.state["Default"]}, self.input)

    def seconds_to_wait(self, *, now: float) -> float:
        """Return how long a Wait takes; ``now`` is in seconds since 1970."""
        if "Timestamp" not in self.state:
            return float(self.whole_number("Seconds") or 0)
        text: str = self.typed("Timestamp", self.state["Timestamp"], "string")
        moment = _moment(text)
        if moment is None:
            raise self._failure(
                "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time "
                f"format string: {text}",
                "Write it like 2030-01-31T06:00:00Z.",
            )
        return max(0.0, moment - now)

    def failure(self) -> StateError:
        """Return the error that a Fail state ends with, without what the state does not have."""
        texts = [
            self.typed(key, self.state[key], "string") if key in self.state else ""
            for key in ("Error", "Cause")
        ]
        return StateError(*texts)

    def check_size(self, value: JsonValue, name: str = "") -> None:
        """Raise an error if ``value`` is too large for the state, or for the service ``name``."""
        if len(compact(value).encode()) > LARGEST_PAYLOAD:
            raise too_large(name or self.name)

    def _failure(self, cause: str, advice: str = "") -> StateError:
        self.history.add("EvaluationFailed")
        cause = self._entered() + cause
        return StateError("States.QueryEvaluationError", cause, advice=advice)

    def _entered(self) -> str:
        return _ENTERED.format(name=self.name, id=self.entered)


def _moment(text: str) -> float | None:
    """Return the seconds since 1970 of a time with a zone, None if ``text`` is none."""
    if not _TIMESTAMP.fullmatch(text):
        return None
    try:
        # Python reads six digits of a second.
        return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text)).timestamp()
    except ValueError:
        return None
