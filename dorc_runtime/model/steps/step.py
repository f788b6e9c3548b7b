"""What every step of a pipeline is. Steps that hold others know this class alone."""

from pydantic import SerializeAsAny

from dorc_runtime.model.base import Model


class Step(Model):
    """One step of a pipeline. ``name`` is "" where the state takes a name from its kind."""

    name: str

    def __init__(self, **fields: object) -> None:
        super().__init__(**fields)


Steps = tuple[SerializeAsAny[Step], ...]
