"""The functions of a run that used less than half of their memory."""

from dorc_runtime.runs.result import RunResult

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
_LEAST_MEMORY = 128
_MOST_NAMES = 4


def memory_line(result: RunResult) -> str:
    """Return which functions could do with half of their memory, "" for none.

    A run that failed may not have reached the work that needs the memory.
    """
    if result.ending.status != "SUCCEEDED":
        return ""
    parts = [
        f"{name} used {used} of {size} MiB"
        for name, (used, size) in result.memory.items()
        if used * 2 < size and size > _LEAST_MEMORY
    ]
    if not parts:
        return ""
    more = f" and {len(parts) - _MOST_NAMES} more functions" if len(parts) > _MOST_NAMES else ""
    return f"{', '.join(parts[:_MOST_NAMES])}{more}; half of it was never used"
