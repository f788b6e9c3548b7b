"""What may follow a step's failure: another try, or other steps.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from dorc_runtime.model.base import Model, listed, texts
from dorc_runtime.model.expressions.data import caught_text
from dorc_runtime.model.expressions.expression import Value
from dorc_runtime.model.expressions.variables import Assigned, assigned
from dorc_runtime.model.steps.step import Step, Steps

ALL_ERRORS = "States.ALL"


def whole_seconds(length: timedelta) -> timedelta:
    """Return ``length``, which Step Functions counts in whole seconds above zero."""
    if length <= timedelta(0) or length % timedelta(seconds=1):
        raise ValueError(f"{length} is no whole number of seconds above zero")
    return length


Seconds = Annotated[timedelta, AfterValidator(whole_seconds)]


class Retry(Model):
    """Try a step again after one of ``errors``.

    The first wait is ``interval``, each later one ``backoff`` times longer, at most ``max_delay``;
    with ``jitter`` it is a random part of that. ``max_attempts`` counts the tries after the first.
    """

    errors: tuple[str, ...] = Field(min_length=1)
    interval: Seconds
    max_attempts: int = Field(ge=0, le=99_999_999)
    backoff: float = Field(ge=1)
    max_delay: Seconds | None
    jitter: bool

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
            errors=texts(errors),
            interval=interval,
            max_attempts=max_attempts,
            backoff=backoff,
            max_delay=max_delay,
            jitter=jitter,
        )

    @model_validator(mode="after")
    def _delay_over_interval(self) -> Self:
        if self.max_delay is not None and self.max_delay <= self.interval:
            raise ValueError(f"max_delay {self.max_delay} is not over interval {self.interval}")
        return self


class Catch(Model):
    """Go on with ``steps`` after one of ``errors``, once no retry is left.

    The steps get ``{"input": <the step's input>, "error": {"Error", "Cause"}}``, or ``output`` in
    its place, and are followed by the step after the caught one, unless they end in Fail or
    Succeed. In ``output`` and ``assign`` the error is ``error``: ``error.Cause``.
    """

    errors: tuple[str, ...] = Field(min_length=1)
    steps: Steps
    output: JsonValue
    assign: Assigned

    def __init__(
        self,
        errors: Sequence[str] = (ALL_ERRORS,),
        *,
        steps: Sequence[Step] = (),
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
    ) -> None:
        super().__init__(
            errors=texts(errors),
            steps=listed(steps),
            output=caught_text(output),
            assign=assigned(assign, caught_text),
        )


Retries = tuple[Retry, ...]
Catches = tuple[Catch, ...]


class RecoverableStep(Step):
    """A step that comes to a result, or fails, and is then tried again or caught.

    Its output is the result, or ``output`` in its place; ``assign`` gives values to variables.
    """

    output: JsonValue
    assign: Assigned
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
                    raise ValueError(f"{ALL_ERRORS} stands alone, in the last {kind} of a step")
        return self
