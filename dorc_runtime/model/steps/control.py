"""The steps that control the order of others: branches, choices, waits, and ends of a pipeline.

``compile.document.states`` makes the states that they become:
https://docs.aws.amazon.com/step-functions/latest/dg/workflow-states.html
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Self

from pydantic import Field, JsonValue, field_validator, model_validator

from dorc_runtime.model.base import Model, as_sequence
from dorc_runtime.model.expressions.conditions import Condition, condition_text
from dorc_runtime.model.expressions.data import result_text, value_text
from dorc_runtime.model.expressions.expression import Expression, Value
from dorc_runtime.model.expressions.variables import Assignments, assignments
from dorc_runtime.model.references import is_reference
from dorc_runtime.model.steps.recovery import Catch, RecoverableStep, Retry, whole_seconds
from dorc_runtime.model.steps.step import Step, Steps


class Parallel(RecoverableStep):
    """Run each of ``branches`` (lists of steps) on the same input; the result lists the outputs."""

    branches: tuple[Steps, ...] = Field(min_length=1)

    def __init__(
        self,
        branches: Sequence[Sequence[Step]],
        *,
        name: str = "",
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        retry: Sequence[Retry] | None = None,
        catch: Sequence[Catch] = (),
    ) -> None:
        super().__init__(
            branches=branches,
            name=name,
            output=result_text(output),
            assign=assignments(assign, result_text),
            retry=as_sequence(retry),
            catch=as_sequence(catch),
        )


class If(Model):
    """One way of a Choice: run the steps ``then`` if ``condition`` is true for the step's input.

    The first of them gets the input, or ``output`` if it is set; ``assign`` sets variables.
    """

    condition: Condition
    then: Steps
    output: JsonValue
    assign: Assignments

    def __init__(
        self,
        condition: Expression | str,
        *,
        then: Sequence[Step] = (),
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
    ) -> None:
        super().__init__(
            condition=condition_text(condition, start="If(", end=", then=[...])"),
            then=as_sequence(then),
            output=value_text(output),
            assign=assignments(assign, value_text),
        )


class Choice(Step):
    """Take the first way with a true condition, or ``otherwise``; then go on with the next step.

    ``output`` and ``assign`` belong to ``otherwise``; each ``If`` has its own.
    """

    ways: tuple[If, ...] = Field(min_length=1)
    otherwise: Steps
    output: JsonValue
    assign: Assignments

    def __init__(
        self,
        *ways: If,
        otherwise: Sequence[Step] = (),
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        name: str = "",
    ) -> None:
        super().__init__(
            ways=ways,
            otherwise=as_sequence(otherwise),
            output=value_text(output),
            assign=assignments(assign, value_text),
            name=name,
        )


class Wait(Step):
    """Wait for a timedelta, for a number of seconds (an expression), or ``until`` an ISO 8601 time.

    The output is the input, or ``output`` if it is set; ``assign`` sets variables.
    """

    seconds: int | str | None
    until: str | None
    output: JsonValue
    assign: Assignments

    def __init__(
        self,
        length: timedelta | Expression | None = None,
        *,
        until: Expression | str | None = None,
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        name: str = "",
    ) -> None:
        seconds: JsonValue = None
        if isinstance(length, timedelta):
            seconds = int(whole_seconds(length).total_seconds())
        elif length is not None:
            seconds = value_text(length)
        super().__init__(
            seconds=seconds,
            until=value_text(until),
            output=value_text(output),
            assign=assignments(assign, value_text),
            name=name,
        )

    @field_validator("seconds")
    @classmethod
    def _a_length(cls, seconds: int | str | None) -> int | str | None:
        if isinstance(seconds, str) and not (is_reference(seconds) or seconds.startswith("{%")):
            raise ValueError("a length must be a timedelta, an expression or a number of seconds")
        if isinstance(seconds, int) and not 0 < seconds < 100_000_000:
            raise ValueError(f"{seconds} must be a number of seconds, 1 to 99,999,999")
        return seconds

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.seconds is None) == (self.until is None):
            raise ValueError("set either a length or until: Wait(timedelta(minutes=5))")
        return self


class Pass(Step):
    """Do no work; the output is the input, or ``output`` if set. ``assign`` sets variables."""

    output: JsonValue
    assign: Assignments

    def __init__(
        self, output: Value = None, *, assign: Mapping[str, Value] | None = None, name: str = ""
    ) -> None:
        super().__init__(
            output=value_text(output), assign=assignments(assign, value_text), name=name
        )


class Succeed(Step):
    """End the pipeline here in success; the result is the input, or ``output`` if it is set."""

    output: JsonValue

    def __init__(self, output: Value = None, *, name: str = "") -> None:
        super().__init__(output=value_text(output), name=name)


class Fail(Step):
    """End the pipeline here in failure, with the name of an ``error`` and a ``cause`` in words."""

    error: str
    cause: str

    def __init__(
        self, error: Expression | str, cause: Expression | str = "", *, name: str = ""
    ) -> None:
        super().__init__(error=value_text(error), cause=value_text(cause), name=name)
