"""A pipeline: its steps, and what starts it."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field, field_validator

from dorc_runtime.model.base import Model, as_sequence
from dorc_runtime.model.steps.recovery import Seconds
from dorc_runtime.model.steps.step import Step, Steps
from dorc_runtime.model.steps.walk import is_deeper
from dorc_runtime.model.triggers import Trigger

# AWS documents no limit; deeper documents are refused before Python's own limit breaks something.
DEEPEST = 50


class Pipeline(Model):
    """Steps in order, and the triggers that start them.

    Its layer and its name are those of its folders. An execution that takes longer than
    ``timeout`` is stopped.
    """

    steps: Steps = Field(min_length=1)
    triggers: tuple[Trigger, ...]
    description: str
    timeout: Seconds

    def __init__(
        self,
        *,
        steps: Sequence[Step],
        triggers: Sequence[Trigger] = (),
        description: str = "",
        timeout: timedelta = timedelta(hours=24),
    ) -> None:
        super().__init__(
            steps=as_sequence(steps),
            triggers=as_sequence(triggers),
            description=description,
            timeout=timeout,
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
