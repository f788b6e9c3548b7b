"""The base class of all steps. Steps that hold other steps import only this class."""

from typing import Annotated

from pydantic import SerializeAsAny

from dorc_runtime.model.base import Model
from dorc_runtime.model.references import Fixed


class Step(Model):
    """One step of a pipeline. ``name`` is "" where the state is named after the kind of step."""

    name: Annotated[str, Fixed]

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)


Steps = tuple[SerializeAsAny[Step], ...]
