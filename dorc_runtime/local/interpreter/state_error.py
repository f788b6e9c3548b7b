"""The error that a state fails with."""

from dorc_runtime.runs.events import StateFailed


class StateError(Exception):
    """A state fails with the name of an error and its cause.

    ``failed`` is the event of the first state that failed by it, once there is one.
    """

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause
        self.failed: StateFailed | None = None
