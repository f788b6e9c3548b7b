"""Where each part of an execution is, so that a redrive continues there; moto forgets it.

A part is the state machine itself, a branch of a Parallel, or an item of a Map.
https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
"""

import copy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from threading import Thread
from typing import Any

from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iteration_worker import (  # noqa: E501 # moto's
    IterationWorker,
)
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Position:
    """The state that a part is in, with what it got; at the end of the part, its output."""

    state: str
    value: Any
    variables: dict[str, Any]
    context: EventHistoryContext
    ended: bool = False


@dataclass(frozen=True)
class Place:
    """A part of an execution: where all its parts are ``now``, and where a redrive found them."""

    key: Key = ()
    now: dict[Key, Any] = field(default_factory=dict)
    before: dict[Key, Any] = field(default_factory=dict)


class Continued(EventHistoryContext):
    """The history of a part that a redrive continues: it does not enter its state again."""

    entered = False


_ENDS = ("ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")


def record_positions() -> None:
    """Let moto record positions, and continue at them, for the rest of this process."""
    environments, programs, states = Environment, Program, CommonStateField
    _replace(environments, "as_inner_frame_of", classmethod(_inner_frame))
    _replace(programs, "eval", _run)
    _replace(states, "_eval_body", _enter)
    _replace(IterationWorker, "_eval_job", _iterate)
    _replace(EventManager, "add_event", _add_event)


def place_of(env: Any) -> Place:
    """Return the place of what ``env`` evaluates."""
    place: Place = vars(env).setdefault("place", Place())
    return place


def continue_execution(execution: Any, env: Any) -> None:
    """Let ``env`` continue an execution that did not succeed, in the same history."""
    old = execution.exec_worker.env
    now = place_of(old).now
    env.place, env.event_manager = Place(now=dict(now), before=dict(now)), old.event_manager
    last = old.event_manager.get_event_history()[-1]["id"]
    env.event_history_context = Continued(last)
    execution.redrive_count = getattr(execution, "redrive_count", 0) + 1
    execution.redrive_date = datetime.now(tz=UTC)
    execution.exec_status = ExecutionStatus.RUNNING
    execution.error = execution.cause = execution.stop_date = None
    env.event_manager.add_event(
        env.event_history_context,
        HistoryEventType.ExecutionRedriven,
        {"executionRedrivenEventDetails": {"redriveCount": execution.redrive_count}},
    )


_moto: dict[str, Any] = {}


def _replace(owner: Any, name: str, new: Any) -> None:
    _moto[name] = vars(owner)[name]
    setattr(owner, name, new)


def _inner_frame(cls: Any, env: Any, *args: Any, **options: Any) -> Any:
    frame = _moto["as_inner_frame_of"].__func__(cls, env, *args, **options)
    frame.place = place_of(env)
    return frame


def _run(self: Any, env: Any) -> None:
    """Evaluate a part, from its start or from where it was; moto's has no such start."""
    item = env.states.context_object.context_object_data.get("Map", {}).get("Item", {})
    place = place_of(env)
    env.place = place = replace(place, key=(*place.key, _name(self), item.get("Index")))
    position = place.before.pop(place.key, None)
    env.next_state_name = position.state if position else self.start_at.start_at_name
    if position:
        env.states.reset(position.value)
        env.variable_store._inner_scope.update(position.variables)
        if position.ended:
            env.set_ended()
            return
        if not isinstance(env.event_history_context, Continued):
            env.event_history_context = Continued(position.context.source_event_id)
    seconds = self.timeout_seconds.timeout_seconds if self.timeout_seconds else None
    thread = Thread(target=EvalComponent.eval, args=(self, env), daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        env.set_timed_out()


def _name(program: Any) -> str:
    # A name of a state is in a state machine once.
    return str(program.start_at.start_at_name)


def _position(env: Any, state: str, *, ended: bool = False) -> Position:
    variables = copy.deepcopy(env.variable_store._inner_scope)
    return Position(state, env.states.get_input(), variables, env.event_history_context, ended)


def _enter(self: Any, env: Any) -> None:
    place = place_of(env)
    context = env.event_history_context
    if not isinstance(context, Continued) or context.entered:
        for key in [each for each in place.now if len(each) > len(place.key)]:
            if key[: len(place.key)] == place.key:
                del place.now[key]
    place.now[place.key] = _position(env, self.name)
    # What a failure elsewhere ends has no exit, although moto may say that it succeeded.
    context.exited = False
    _moto["_eval_body"](self, env)
    if context.exited and not env.is_running():
        place.now[place.key] = _position(env, self.name, ended=True)


def _iterate(self: Any, env: Any, job: Any) -> None:
    """Run an item of a Map that did not succeed before."""
    place = place_of(env)
    key = (*place.key, _name(job.job_program), job.job_index)
    position = place.before.get(key)
    if position and position.ended:
        del place.before[key]
        job.job_output = position.value
        return
    if position:
        env.event_history_context = Continued(position.context.source_event_id)
    _moto["_eval_job"](self, env, job)


def _add_event(self: Any, context: Any, event_type: Any, *args: Any, **options: Any) -> int:
    events = self._history_event_list
    if events and events[-1]["type"] in _ENDS and event_type != "ExecutionRedriven":
        # A function that still runs when its execution has ended.
        return int(context.source_event_id)
    if isinstance(context, Continued) and not context.entered:
        if event_type == "MapIterationStarted":
            return context.source_event_id
        if event_type.endswith("StateEntered"):
            context.entered = True
            return context.source_event_id
    if event_type.endswith("StateExited"):
        context.exited = True
    number: int = _moto["add_event"](self, context, event_type, *args, **options)
    return number
