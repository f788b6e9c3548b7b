"""Faults and patches that a test lets functions have: values, to be given to ``run_pipeline``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dorc_runtime.errors import InputError, UnknownNameError


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to calls of ``function``: the first ``times`` of them, or all.

    With ``error`` the call fails by that name, and the function is not called; without, its answer
    comes ``seconds`` later. None seconds are longer than any timeout.
    """

    function: str
    error: str
    cause: str
    seconds: float | None
    times: int | None

    def __post_init__(self) -> None:
        if self.times is not None and self.times < 1:
            raise InputError(f"a fault of '{self.function}' {self.times} times: write 1 or more.")
        if self.seconds is not None and self.seconds < 0:
            raise InputError(f"'{self.function}' slower by {self.seconds} s: write 0 or more.")


def fail(
    function: str, *, error: str, cause: str = "a fault of the test", times: int | None = None
) -> Fault:
    """Let calls of ``function`` fail with ``error``, as Lambda or the function would name it."""
    return Fault(function, error, cause, 0, times)


def slow(function: str, *, seconds: float, times: int | None = None) -> Fault:
    """Let answers of ``function`` come ``seconds`` later on the run's clock.

    A function that would take longer so than its timeout fails by that, as on Lambda.
    """
    return Fault(function, "", "", seconds, times)


def timeout(function: str, *, times: int | None = None) -> Fault:
    """Let calls of ``function`` use up its timeout and fail by that."""
    return Fault(function, "", "", None, times)


def patches_by_function(
    patches: Mapping[str, object], *, known: Sequence[str]
) -> dict[str, dict[str, object]]:
    """Return ``patches``, named ``<function>.<name>``, by function and name.

    Raises:
        UnknownNameError: A function is not there.
    """
    found: dict[str, dict[str, object]] = {}
    for path, value in patches.items():
        # Functions of called pipelines have dots in their names.
        fitting = [name for name in known if path.startswith(f"{name}.")]
        if not fitting:
            raise UnknownNameError("function", path.partition(".")[0], known)
        function = max(fitting, key=len)
        found.setdefault(function, {})[path.removeprefix(f"{function}.")] = value
    return found


class Faults:
    """The faults of one run, used up as calls come; ``known`` are the pipeline's functions.

    Raises an ``UnknownNameError`` for a function that is not there.
    """

    def __init__(self, faults: Sequence[Fault], *, known: Sequence[str]) -> None:
        for fault in faults:
            if fault.function not in known:
                raise UnknownNameError("function", fault.function, known)
        self._left = [(fault, fault.times) for fault in faults]

    def take(self, function: str) -> Fault | None:
        """Return what the next call of ``function`` meets: of its faults the first one left."""
        for index, (fault, times) in enumerate(self._left):
            if fault.function == function and times != 0:
                self._left[index] = (fault, None if times is None else times - 1)
                return fault
        return None
