"""What an execution used, from its history, and what a saved run used, from its visits."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from dorc_runtime.operate.cost.prices import Usage
from dorc_runtime.runs.visits import StateVisit

_MIB_IN_GB = 1024
_ENDS = ("TaskFailed", "TaskSucceeded", "TaskTimedOut")


def execution_usage(history: Iterable[Mapping[str, Any]], memory: Mapping[str, int]) -> Usage:
    """Return what the execution with these events used; ``memory`` has MiB by function name.

    A function counts from the start to the end of its task, which is a little longer than what
    Lambda bills. Each entering of a state and each retry is a transition, and so is the end:
    https://aws.amazon.com/step-functions/pricing/
    """
    transitions, calls, gb_seconds = 1, 0, 0.0
    entered: set[int] = set()
    called: dict[int, tuple[str, float]] = {}
    for event in history:
        number, before = event["id"], event.get("previousEventId", 0)
        kind, at = event["type"], event["timestamp"].timestamp()
        if kind.endswith("StateEntered"):
            transitions += 1
            entered.add(number)
        elif name := _called_function(event, memory):
            calls += 1
            transitions += before not in entered
            called[number] = (name, at)
        elif before in called:
            name, started = called[before]
            if kind == "TaskStarted":
                called[number] = (name, at)
            elif kind in _ENDS:
                gb_seconds += memory[name] / _MIB_IN_GB * (at - started)
    return Usage(transitions, calls, gb_seconds)


def run_usage(visits: Iterable[StateVisit], memory: Mapping[str, int]) -> Usage:
    """Return what a run on this machine would use on AWS; ``memory`` has MiB by state."""
    transitions, calls, gb_seconds = 1, 0, 0.0
    for visit in visits:
        transitions += 1 + visit.retries
        if visit.state in memory:
            calls += 1 + visit.retries
            gb_seconds += memory[visit.state] / _MIB_IN_GB * (visit.seconds or 0)
    return Usage(transitions, calls, gb_seconds)


def _called_function(event: Mapping[str, Any], memory: Mapping[str, int]) -> str:
    """Return the name of the function that ``event`` schedules, "" for another event."""
    details = event.get("taskScheduledEventDetails", {})
    if details.get("resourceType") != "lambda":
        return ""
    # The ARN of a function ends with its name, and may have a version after it.
    parts = str(json.loads(details["parameters"]).get("FunctionName", "")).split(":")
    return next((part for part in reversed(parts) if part in memory), "")
