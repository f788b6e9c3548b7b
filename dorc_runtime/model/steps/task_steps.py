"""The steps that do work by another pipeline, or by an AWS service.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import (
    JsonValue,
    SerializeAsAny,
    field_validator,
    model_validator,
)

from dorc_runtime.model.base import as_sequence
from dorc_runtime.model.expressions.data import STEP_RESULT, data, result_text, value_text
from dorc_runtime.model.expressions.expression import Value
from dorc_runtime.model.expressions.variables import assignments
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.references import Fixed
from dorc_runtime.model.resources import (
    Resource,
    check_arguments,
    resources_in,
)
from dorc_runtime.model.steps.recovery import (
    Catch,
    RecoverableStep,
    Retry,
    Seconds,
)


class Call(RecoverableStep):
    """Start the pipeline ``pipeline`` (``layer/name``) with ``input``, or with the step's input.

    The result is the result of the called pipeline. If that fails, this step fails with
    ``States.TaskFailed``; the cause is AWS's description of the called execution, as JSON. With
    ``wait=False`` the step ends at once, with ``{"ExecutionArn", "StartDate"}`` as its result. A
    call that takes longer than ``timeout`` fails with ``States.Timeout``.
    """

    pipeline: Annotated[str, Fixed]
    wait: bool
    input: JsonValue
    timeout: Seconds | None

    def __init__(
        self,
        pipeline: str,
        *,
        wait: bool = True,
        input: Value = data,  # noqa: A002 - AWS's word for it
        timeout: timedelta | None = None,
        name: str = "",
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        retry: Sequence[Retry] | None = None,
        catch: Sequence[Catch] = (),
    ) -> None:
        result = f"{STEP_RESULT}.Output" if wait else STEP_RESULT
        super().__init__(
            pipeline=pipeline,
            wait=wait,
            input=value_text(input),
            timeout=timeout,
            name=name,
            output=result_text(output, result),
            assign=assignments(assign, lambda value: result_text(value, result)),
            retry=as_sequence(retry),
            catch=as_sequence(catch),
        )

    @field_validator("pipeline")
    @classmethod
    def _by_layer_and_name(cls, pipeline: str) -> str:
        if not re.fullmatch(r"[^/]+/[^/]+", pipeline):
            raise ValueError(f"'{pipeline}' is not the name of a pipeline: write layer/name")
        return pipeline


class Service(RecoverableStep):
    """Call an action of an AWS service: ``sns:publish``, or any by ``aws-sdk:s3:copyObject``.

    Actions and their ``arguments`` have the names that Step Functions gives them:
    https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
    A bucket in the arguments of an S3 action may be a zone. For the actions that dorc knows, the
    permissions of the pipeline follow from the action and its arguments; for others set
    ``permissions``. An action that takes longer than ``timeout`` fails with ``States.Timeout``.

    With ``wait`` the step ends when the job ends that the action starts, and fails with
    ``States.TaskFailed`` when the job fails; its cause is AWS's description of the job, as JSON.
    With ``wait_for_token`` it ends when somebody sends ``task_token`` back, which has to be in the
    arguments. With ``heartbeat`` it fails with ``States.HeartbeatTimeout`` when no heartbeat comes
    for so long.
    """

    action: Annotated[str, Fixed]
    arguments: dict[str, JsonValue]
    # The resources that ``arguments`` names, where only their addresses are.
    resources: tuple[SerializeAsAny[Resource], ...]
    permissions: tuple[Permission, ...]
    timeout: Seconds | None
    wait: bool
    wait_for_token: bool
    heartbeat: Seconds | None

    def __init__(
        self,
        action: str,
        *,
        arguments: Mapping[str, Value] | None = None,
        permissions: Sequence[Permission] = (),
        timeout: timedelta | None = None,
        wait: bool = False,
        wait_for_token: bool = False,
        heartbeat: timedelta | None = None,
        name: str = "",
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        retry: Sequence[Retry] | None = None,
        catch: Sequence[Catch] = (),
    ) -> None:
        super().__init__(
            action=action,
            arguments=value_text(arguments or {}),
            resources=tuple(resources_in(arguments)),
            permissions=as_sequence(permissions),
            timeout=timeout,
            wait=wait,
            wait_for_token=wait_for_token,
            heartbeat=heartbeat,
            name=name,
            output=result_text(output),
            assign=assignments(assign, result_text),
            retry=as_sequence(retry),
            catch=as_sequence(catch),
        )

    @field_validator("arguments")
    @classmethod
    def _of_the_right_kinds(cls, arguments: dict[str, JsonValue]) -> dict[str, JsonValue]:
        check_arguments(arguments)
        return arguments

    @field_validator("action")
    @classmethod
    def _as_step_functions_has_it(cls, action: str) -> str:
        if not re.fullmatch(r"(aws-sdk:)?[a-z0-9-]+:[a-z][A-Za-z0-9]*", action):
            raise ValueError(
                f"'{action}' is not an action: write service:action, for example sns:publish or "
                "aws-sdk:s3:copyObject"
            )
        return action

    @model_validator(mode="after")
    def _waits_for_one_thing(self) -> Self:
        if self.wait and self.wait_for_token:
            raise ValueError("wait=True and wait_for_token=True exclude each other: set one")
        if self.heartbeat is not None and not (self.wait or self.wait_for_token):
            raise ValueError("heartbeat needs wait=True or wait_for_token=True")
        match self.heartbeat, self.timeout:
            case timedelta() as heartbeat, timedelta() as timeout if heartbeat >= timeout:
                raise ValueError(f"heartbeat must be shorter than the timeout of {timeout}")
            case _:
                return self
