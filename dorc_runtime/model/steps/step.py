"""The base class of all steps. Steps that hold other steps import only this class."""

from pydantic import SerializeAsAny

from dorc_runtime.model.base import Model


class Step(Model):
    """One step of a pipeline. ``name`` is "" where the state is named after the kind of step."""

    name: str

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)


Steps = tuple[SerializeAsAny[Step], ...]
