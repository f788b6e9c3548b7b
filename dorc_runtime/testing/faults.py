"""Faults and patches of functions: values that a test gives to ``run_pipeline``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dorc_runtime.errors import InputError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to calls of ``function``: the first ``times`` of them, or all.

    With ``error`` the call fails with that name, and the function is not called; without it the
    result comes ``seconds`` later. None seconds are longer than any timeout.
    """

    function: str
    error: str
    cause: str
    seconds: float | None
    times: int | None

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise InputError(
                f"a fault of '{self.function}' has times={self.times}: write 1 or more."
            )
        if self.seconds is not None and self.seconds < 0:
            raise InputError(
                f"a fault of '{self.function}' has seconds={self.seconds}: write 0 or more."
            )


def fail(
    function: str, *, error: str, cause: str = "a fault of the test", times: int | None = None
) -> Fault:
    """Let calls of ``function`` fail with ``error``, the name that a Retry or Catch sees."""
    return Fault(function, error, cause, 0, times)


def slow(function: str, *, seconds: float, times: int | None = None) -> Fault:
    """Let results of ``function`` come ``seconds`` later on the run's clock.

    A call that takes longer than the function's timeout fails, as on Lambda.
    """
    return Fault(function, "", "", seconds, times)


def timeout(function: str, *, times: int | None = None) -> Fault:
    """Let calls of ``function`` take longer than its timeout, and so fail."""
    return Fault(function, "", "", None, times)


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
    """The faults of one run, each used by one call; ``known`` are the pipeline's functions.

    Raises an ``UnknownNameError`` for a function that does not exist.
    """

    def __init__(self, faults: Sequence[Fault], *, known: Sequence[str]) -> None:
        for fault in faults:
            if fault.function not in known:
                raise UnknownNameError("function", fault.function, known)
        self._left = [(fault, fault.times) for fault in faults]

    def take(self, function: str) -> Fault | None:
        """Return the fault of the next call of ``function``: the first that is left, if any."""
        for index, (fault, times) in enumerate(self._left):
            if fault.function == function and times != 0:
                self._left[index] = (fault, None if times is None else times - 1)
                return fault
        return None
