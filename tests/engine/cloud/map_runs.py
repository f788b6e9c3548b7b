"""The executions of a distributed Map's items, of which moto keeps only the counts.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import json
import uuid
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from moto.stepfunctions.parser.api import (
    ExecutionStatus,
    HistoryEventType,
    MapRunStatus,
    StateMachineType,
)
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import (
    StatesErrorName,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (  # noqa: E501 # moto's
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (  # noqa: E501 # moto's
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext, EventManager
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution

from .positions import Place, continue_execution, place_of

_EXCEEDED = StatesErrorName(StatesErrorNameType.StatesExceedToleratedFailureThreshold)


class MapRuns:
    """All map runs: the executions of their items, by the index of the item."""

    def __init__(self) -> None:
        self._children: dict[str, dict[int, Execution]] = {}
        self._redrives: dict[str, int] = {}

    def replace_parts(self) -> None:
        """Let moto start an execution for each item, for the rest of this process."""
        workers: Any = DistributedItemProcessorWorker
        workers._eval_job = lambda worker, env, job: self._run_item(worker, env, job)
        component: Any = DistributedIterationComponent
        run, evaluate, add = component._map_run, component._eval_body, EventManager.add_event

        def map_run(component: Any, env: Any, eval_input: Any) -> None:
            run(component, env, eval_input)
            self._check_tolerance(env, eval_input)

        def eval_body(component: Any, env: Any) -> None:
            self._continue_map_run(env)
            evaluate(component, env)

        def add_event(
            manager: Any, context: Any, event_type: Any, details: Any = None, **options: Any
        ) -> int:
            details = options.pop("event_details", details)
            if event_type == "MapRunStarted":
                arn = details["mapRunStartedEventDetails"]["mapRunArn"]
                if count := self._redrives.get(arn):
                    event_type = HistoryEventType.MapRunRedriven
                    details = {
                        "mapRunRedrivenEventDetails": {"mapRunArn": arn, "redriveCount": count}
                    }
            number: int = add(manager, context, event_type, details, **options)
            return number

        component._map_run, component._eval_body = map_run, eval_body
        events: Any = EventManager
        events.add_event = add_event

    def children(self, map_run: str) -> tuple[Execution, ...]:
        """Return the executions of a map run, the newest first."""
        found = self._children.get(map_run, {}).values()
        return tuple(sorted(found, key=lambda each: each.start_date, reverse=True))

    def child(self, arn: str) -> Execution | None:
        """Return an execution of any map run."""
        all_children = (each for run in self._children.values() for each in run.values())
        return next((each for each in all_children if each.exec_arn == arn), None)

    def _continue_map_run(self, env: Any) -> None:
        """Let a redrive continue the map run of the attempt before."""
        given, place = env.stack[-1], place_of(env)
        key = (*place.key, given.state_name, "map run")
        new, old = given.map_run_record, place.before.pop(key, None)
        if old is not None:
            env.map_run_record_pool_manager._pool.pop(new.map_run_arn)
            old.status, old.stop_date = MapRunStatus.RUNNING, None
            self._redrives[old.map_run_arn] = self._redrives.get(old.map_run_arn, 0) + 1
            given.map_run_record = old
        place.now[key] = given.map_run_record

    def _run_item(self, worker: Any, env: Any, job: Any) -> None:
        """Start or continue the execution of an item, and wait for it."""
        record = worker._map_run_record
        children = self._children.setdefault(record.map_run_arn, {})
        child, counts = children.get(job.job_index), record.execution_counter
        if child and child.status == "SUCCEEDED":
            job.job_output = child.output
            return
        context = env.states.context_object.context_object_data
        context["Map"] = {"Item": {"Index": job.job_index, "Value": job.job_input}}
        env.states.reset(job.job_input)
        env.stack.append(env.states.get_input())
        worker._eval_input(env_frame=env)
        if child:
            counts.failed.offset(-1)
            record.item_counter.failed.offset(-1)
            continue_execution(child, env)
        else:
            counts.total.count()
            record.item_counter.total.count()
            child = children[job.job_index] = _start(env, record)
        env._is_frame = False
        child.exec_worker = SimpleNamespace(env=env)  # type: ignore[assignment]
        context["Execution"] = {**context["Execution"], "Id": child.exec_arn, "Name": child.name}
        job.job_program.eval(env)
        BaseExecutionWorkerCommunication(child).terminated()
        ended = "succeeded" if child.status == "SUCCEEDED" else "failed"
        getattr(counts, ended).count()
        getattr(record.item_counter, ended).count()
        job.job_output = child.output

    def _check_tolerance(self, env: Any, given: Any) -> None:
        children = self.children(given.map_run_record.map_run_arn)
        failed = sum(each.status != "SUCCEEDED" for each in children)
        count, percentage = given.tolerated_failure_count, given.tolerated_failure_percentage
        over_count = failed > count and (count or not percentage)
        if over_count or (percentage and 100 * failed > percentage * len(children)):
            cause = "The specified tolerated failure threshold was exceeded"
            details: Any = {
                "executionFailedEventDetails": {"error": _EXCEEDED.error_name, "cause": cause}
            }
            raise FailureEventException(
                FailureEvent(
                    env=env,
                    error_name=_EXCEEDED,
                    event_type=HistoryEventType.MapRunFailed,
                    event_details=details,
                )
            )


def _start(env: Any, record: Any) -> Execution:
    """Return a new execution of an item, which has the input of ``env``."""
    name, text = str(uuid.uuid4()), json.dumps(env.states.get_input())
    machine = record.map_state_machine_arn
    child = Execution(
        name=name,
        sm_type=StateMachineType.STANDARD,
        role_arn=env.aws_execution_details.role_arn,
        exec_arn=f"{machine.replace(':stateMachine:', ':execution:')}:{name}",
        account_id=env.aws_execution_details.account,
        region_name=env.aws_execution_details.region,
        state_machine=SimpleNamespace(arn=machine),  # type: ignore[arg-type]
        start_date=datetime.now(tz=UTC),
        cloud_watch_logging_session=None,
        input_data=text,
        activity_store={},
    )
    vars(child)["parent_arn"] = record.execution_arn
    child.exec_status = ExecutionStatus.RUNNING
    env.place, env.event_manager = Place(), EventManager()
    env.event_history_context = EventHistoryContext.of_program_start()
    details: Any = {"executionStartedEventDetails": {"input": text}}
    env.event_manager.add_event(
        env.event_history_context,
        HistoryEventType.ExecutionStarted,
        details,
        update_source_event_id=False,
    )
    return child
