"""A pipeline as a value: what starts it, and the steps that it takes."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import Field

from dorc_runtime.model.base import Model, listed
from dorc_runtime.model.steps.recovery import Seconds
from dorc_runtime.model.steps.step import Step, Steps
from dorc_runtime.model.triggers import Trigger


class Pipeline(Model):
    """Steps in order, and the triggers that start them.

    Its layer and its name come from the folders it lies in. A run that takes longer than
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
            steps=listed(steps), triggers=listed(triggers), description=description, timeout=timeout
        )
