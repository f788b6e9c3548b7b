"""What happens after a step fails: another attempt, or other steps.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from dorc_runtime.model.base import Model, as_sequence, as_texts
from dorc_runtime.model.expressions.data import caught_text
from dorc_runtime.model.expressions.expression import Value
from dorc_runtime.model.expressions.variables import Assignments, assignments
from dorc_runtime.model.references import Resolvable, is_reference
from dorc_runtime.model.steps.step import Step, Steps

ALL_ERRORS = "States.ALL"


def whole_seconds(length: timedelta) -> timedelta:
    """Return ``length``, if it is a whole number of seconds, as Step Functions requires."""
    if length <= timedelta(0) or length % timedelta(seconds=1):
        raise ValueError(f"{length} must be a whole number of seconds, 1 or more")
    return length


Seconds = Annotated[timedelta, AfterValidator(whole_seconds), Resolvable]


class Retry(Model):
    """Try a step again after one of ``errors``.

    The first delay is ``interval``; each later one is ``backoff`` times longer, at most
    ``max_delay``. With ``jitter`` the delay is a random part of that. ``max_attempts`` is the
    number of attempts after the first.
    """

    errors: tuple[str, ...] = Field(min_length=1)
    interval: Seconds
    max_attempts: Annotated[int, Field(ge=0, le=99_999_999), Resolvable]
    backoff: Annotated[float, Field(ge=1), Resolvable]
    max_delay: Seconds | None
    jitter: Annotated[bool, Resolvable]

    def __init__(
        self,
        errors: Sequence[str] = (ALL_ERRORS,),
        *,
        interval: timedelta = timedelta(seconds=1),
        max_attempts: int = 3,
        backoff: float = 2.0,
        max_delay: timedelta | None = None,
        jitter: bool = False,
    ) -> None:
        super().__init__(
            errors=as_texts(errors),
            interval=interval,
            max_attempts=max_attempts,
            backoff=backoff,
            max_delay=max_delay,
            jitter=jitter,
        )

    @model_validator(mode="after")
    def _delay_over_interval(self) -> Self:
        if is_reference(self.max_delay) or is_reference(self.interval):
            return self
        if self.max_delay is not None and self.max_delay <= self.interval:
            raise ValueError(
                f"max_delay {self.max_delay} must be longer than interval {self.interval}"
            )
        return self


class Catch(Model):
    """Go on with ``steps`` after one of ``errors``, when no retry is left.

    The first of them gets ``{"input": <the step's input>, "error": {"Error", "Cause"}}``, or
    ``output`` if it is set. After them comes the step after the failed one, unless they end in Fail
    or Succeed. In ``output`` and ``assign`` ``error`` is the error: ``error.Cause``.
    """

    errors: tuple[str, ...] = Field(min_length=1)
    steps: Steps
    output: JsonValue
    assign: Assignments

    def __init__(
        self,
        errors: Sequence[str] = (ALL_ERRORS,),
        *,
        steps: Sequence[Step] = (),
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
    ) -> None:
        super().__init__(
            errors=as_texts(errors),
            steps=as_sequence(steps),
            output=caught_text(output),
            assign=assignments(assign, caught_text),
        )


Retries = tuple[Retry, ...]
Catches = tuple[Catch, ...]


class RecoverableStep(Step):
    """A step that has a result, or fails; a failure may be retried or caught.

    Its output is the result, or ``output`` if it is set; ``assign`` sets variables.
    """

    output: JsonValue
    assign: Assignments
    retry: Retries | None
    catch: Catches

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)

    @model_validator(mode="after")
    def _all_errors_last(self) -> Self:
        for handlers in (self.retry or (), self.catch):
            for handler in handlers:
                if ALL_ERRORS not in handler.errors:
                    continue
                if len(handler.errors) > 1 or handler is not handlers[-1]:
                    kind = type(handler).__name__
                    raise ValueError(
                        f"{ALL_ERRORS} must be alone, and in the last {kind} of a step"
                    )
        return self
