"""Faults of steps and patches of functions: values that a test gives to ``run_pipeline``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dorc_runtime.errors import InputError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to calls of ``step``: the first ``times`` of them, or all.

    With ``error`` the call fails with that name, and nothing is called; without it the result comes
    ``seconds`` later. None seconds are longer than any timeout.
    """

    step: str
    error: str
    cause: str
    seconds: float | None
    times: int | None

    def __post_init__(self) -> None:
        numbers: dict[str, object] = {"times": self.times, "seconds": self.seconds}
        for name, value in numbers.items():
            if value is not None and not isinstance(value, int | float):
                raise InputError(f"a fault of '{self.step}' has {name}={value!r}: write a number.")
        if self.times is not None and self.times < 1:
            raise InputError(f"a fault of '{self.step}' has times={self.times}: write 1 or more.")
        if self.seconds is not None and self.seconds < 0:
            raise InputError(
                f"a fault of '{self.step}' has seconds={self.seconds}: write 0 or more."
            )


def fail(
    step: str, *, error: str, cause: str = "a fault of the test", times: int | None = None
) -> Fault:
    """Let calls of ``step`` fail with ``error``, the name that a Retry or Catch sees.

    ``step`` is the name of a Function, Service or Call.
    """
    return Fault(step, error, cause, 0, times)


def slow(step: str, *, seconds: float, times: int | None = None) -> Fault:
    """Let results of ``step`` come ``seconds`` later on the run's clock.

    A call that takes longer than the timeout fails, as on AWS.
    """
    return Fault(step, "", "", seconds, times)


def timeout(step: str, *, times: int | None = None) -> Fault:
    """Let calls of ``step`` take longer than its timeout, and so fail."""
    return Fault(step, "", "", None, times)


def patches_by_function(
    patches: Mapping[str, object], *, known: Sequence[str]
) -> dict[str, dict[str, object]]:
    """Return ``patches``, named ``<function>.<name>``, by function and name.

    Raises:
        UnknownNameError: A function does not exist.
    """
    by_function: dict[str, dict[str, object]] = {}
    for path, value in patches.items():
        # Functions of called pipelines have dots in their names.
        owners = [name for name in known if path.startswith(f"{name}.")]
        if not owners:
            raise UnknownNameError("function", path.partition(".")[0], known)
        function = max(owners, key=len)
        by_function.setdefault(function, {})[path.removeprefix(f"{function}.")] = value
    return by_function


class Faults:
    """The faults of one run, each used by one call; ``known`` are the steps that call something.

    Raises an ``UnknownNameError`` for a step that does not exist.
    """

    def __init__(self, faults: Sequence[Fault], *, known: Sequence[str]) -> None:
        for fault in faults:
            if fault.step not in known:
                raise UnknownNameError("step", fault.step, known)
        self._left = [(fault, fault.times) for fault in faults]

    def take(self, step: str) -> Fault | None:
        """Return the fault of the next call of ``step``: the first that is left, if any."""
        for index, (fault, times) in enumerate(self._left):
            if fault.step == step and times != 0:
                self._left[index] = (fault, None if times is None else times - 1)
                return fault
        return None
