"""A pipeline: its steps, and what starts it."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from dorc_runtime.model.base import Model, as_sequence
from dorc_runtime.model.references import Resolvable
from dorc_runtime.model.steps.recovery import Seconds, whole_seconds
from dorc_runtime.model.steps.step import Step, Steps
from dorc_runtime.model.steps.walk import is_deeper
from dorc_runtime.model.triggers import Trigger

# AWS documents no limit; deeper documents are refused before Python's own limit breaks something.
DEEPEST = 50
# Alerts look at pipelines once an hour, and Step Functions keeps executions for 90 days:
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
_SHORTEST_EXPECTATION = timedelta(hours=1)
_LONGEST_EXPECTATION = timedelta(days=90)


def _expectation(length: timedelta) -> timedelta:
    if not _SHORTEST_EXPECTATION <= length <= _LONGEST_EXPECTATION:
        raise ValueError(
            f"{length} must be from 1 hour to 90 days: AWS is asked once an hour, and keeps "
            "executions for 90 days"
        )
    return length


Expectation = Annotated[
    timedelta, AfterValidator(whole_seconds), AfterValidator(_expectation), Resolvable
]


class Pipeline(Model):
    """Steps in order, and the triggers that start them.

    Its layer and its name are those of its folders. An execution that takes longer than
    ``timeout`` is stopped. An alert is sent when it has not succeeded for ``expect_every``, from 1
    hour to 90 days.
    """

    steps: Steps = Field(min_length=1)
    triggers: tuple[Trigger, ...]
    description: str
    timeout: Seconds
    expect_every: Expectation | None

    def __init__(
        self,
        *,
        steps: Sequence[Step],
        triggers: Sequence[Trigger] = (),
        description: str = "",
        timeout: timedelta = timedelta(hours=24),
        expect_every: timedelta | None = None,
    ) -> None:
        super().__init__(
            steps=as_sequence(steps),
            triggers=as_sequence(triggers),
            description=description,
            timeout=timeout,
            expect_every=expect_every,
        )

    @field_validator("steps")
    @classmethod
    def _not_too_deep(cls, steps: Steps) -> Steps:
        if is_deeper(steps, DEEPEST):
            raise ValueError(
                f"steps are nested more than {DEEPEST} deep: write the conditions as "
                "several If in one Choice, or put inner steps into a pipeline of their own, "
                "with Call"
            )
        return steps
