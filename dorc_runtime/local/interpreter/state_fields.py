"""The fields of a state, evaluated on its input: what they yield, and how they fail."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pydantic import JsonValue

from dorc_runtime.local.interpreter.state_error import StateError
from dorc_runtime.local.jsonata import QueryEvaluationError, evaluate_template

# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
LARGEST_PAYLOAD = 256 * 1024

_LONGEST_WAIT = 99_999_999


@dataclass(frozen=True)
class StateResult:
    """What a state hands on: its output, the variables it assigns, and the next state."""

    output: JsonValue
    assigned: Mapping[str, JsonValue]
    next_state: str | None


@dataclass(frozen=True)
class StateFields:
    """The fields of the state ``name``, with what their expressions find.

    ``context`` is the context object that they see, ``variables`` are those with a value, by name.
    """

    name: str
    state: Mapping[str, Any]
    input: JsonValue
    context: dict[str, JsonValue]
    variables: Mapping[str, JsonValue] = field(default_factory=dict)

    def evaluate(self, key: str, template: JsonValue, **more: JsonValue) -> JsonValue:
        """Return the field ``key``, whose text is ``template``, with its expressions evaluated.

        ``more`` is what they find in ``$states`` as well as ``input`` and ``context``.

        Raises:
            StateError: An expression fails.
        """
        states = {"input": self.input, "context": self.context, **more}
        try:
            return evaluate_template(template, states=states, variables=self.variables)
        except QueryEvaluationError as error:
            raise self._refusal(key, str(error)) from error

    def result(
        self, fields: Mapping[str, Any], default: JsonValue, **more: JsonValue
    ) -> StateResult:
        """Return what follows, by the ``Output``, ``Assign`` and ``Next`` among ``fields``.

        These are the state's own, or those of a choice or catcher of it; ``default`` is the output
        where they have none. The variables are all assigned at once, after the output is made.
        """
        output = default
        if "Output" in fields:
            output = self.evaluate("Output", fields["Output"], **more)
        self.check_size(output)
        assigned: JsonValue = {}
        if "Assign" in fields:
            assigned = self.evaluate("Assign", fields["Assign"], **more)
            self.check_size(assigned, "assigned")
        assert isinstance(assigned, dict)  # noqa: S101 - the compiler writes it so
        return StateResult(output, assigned, fields.get("Next"))

    def items(self) -> list[JsonValue]:
        """Return the items of a Map, which is its input when it names none."""
        items = self.evaluate("Items", self.state["Items"]) if "Items" in self.state else self.input
        if not isinstance(items, list):
            raise self._refusal("Items", f"it yields {_kind(items)} where a list is needed.")
        return items

    def selected(self, index: int, item: JsonValue) -> JsonValue:
        """Return what the steps of a Map get for ``item``, by its field ``ItemSelector``."""
        if "ItemSelector" not in self.state:
            return item
        about: JsonValue = {"Item": {"Index": index, "Value": item}}
        fields = replace(self, context={**self.context, "Map": about})
        return fields.evaluate("ItemSelector", self.state["ItemSelector"])

    def choose(self) -> StateResult:
        """Return the result of a Choice: that of the first choice whose condition is true."""
        for choice in self.state["Choices"]:
            answer = self.evaluate("Condition", choice["Condition"])
            if not isinstance(answer, bool):
                raise self._refusal("Condition", f"it yields {_kind(answer)}, not true or false.")
            if answer:
                return self.result(choice, self.input)
        if "Default" not in self.state:
            why = f"No way of the state '{self.name}' matches, and it has no Default."
            raise StateError("States.NoChoiceMatched", why)
        return self.result({**self.state, "Next": self.state["Default"]}, self.input)

    def seconds_to_wait(self, *, now: float) -> float:
        """Return how long a Wait takes; ``now`` is in seconds since 1970."""
        if "Timestamp" in self.state:
            text = self.evaluate("Timestamp", self.state["Timestamp"])
            try:
                moment = datetime.fromisoformat(str(text)).timestamp()
            except ValueError as error:
                why = f"{text!r} is no moment like 2030-01-31T06:00:00Z."
                raise self._refusal("Timestamp", why) from error
            return max(0.0, moment - now)
        seconds = self.evaluate("Seconds", self.state["Seconds"])
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            raise self._refusal("Seconds", f"it yields {_kind(seconds)}, not whole seconds.")
        if not 0 <= seconds <= _LONGEST_WAIT:
            raise self._refusal("Seconds", f"{seconds} is not from 0 to {_LONGEST_WAIT}.")
        return float(seconds)

    def failure(self) -> StateError:
        """Return the error that a Fail state ends with."""
        texts = []
        for key in ("Error", "Cause"):
            text = self.evaluate(key, self.state.get(key, ""))
            if not isinstance(text, str):
                raise self._refusal(key, f"it yields {_kind(text)} where a text is needed.")
            texts.append(text)
        return StateError(*texts)

    def check_size(self, value: JsonValue, how: str = "returned") -> None:
        """Raise an error if ``value`` is larger than Step Functions hands on; ``how`` it would."""
        size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        if size > LARGEST_PAYLOAD:
            raise StateError(
                "States.DataLimitExceeded",
                f"The state '{self.name}' {how} {size:,} bytes, over Step Functions' limit of "
                f"{LARGEST_PAYLOAD:,}: write the data to the lake and return its key.",
            )

    def _refusal(self, key: str, why: str) -> StateError:
        cause = f"The field '{key}' of the state '{self.name}': {why}"
        return StateError("States.QueryEvaluationError", cause)


def _kind(value: JsonValue) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {value}"
        case str():
            return "a text"
        case list():
            return "a list"
        case dict():
            return "an object"
