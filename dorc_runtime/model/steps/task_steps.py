"""Steps that have work done: by a function, by another pipeline, or by a service of AWS.

https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Self

from pydantic import Field, JsonValue, field_validator, model_validator

from dorc_runtime.model.base import listed, texts
from dorc_runtime.model.expressions.data import STEP_RESULT, data, result_text, value_text
from dorc_runtime.model.expressions.expression import Value
from dorc_runtime.model.expressions.variables import assigned
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.steps.recovery import Catch, RecoverableStep, Retry, Seconds

LONGEST_FUNCTION = timedelta(minutes=15)


class Function(RecoverableStep):
    """Call the Lambda function in the folder ``name``, with the step's input as its event.

    ``memory`` is in MiB (128 to 10,240), and so is ``storage``, what ``/tmp`` holds (512 to
    10,240); ``timeout`` is at most 15 minutes. ``retry`` comes before the retries that AWS advises
    for Lambda's own passing errors; ``retry=()`` leaves both out.
    Limits: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

    A function may read all of its layer's source zone and write all of its target zone, where it
    also may read, and delete. ``reads`` and ``writes``, each a zone or a bucket with a prefix
    (``raw/penguins/``), are given in place of that; ``permissions`` are added to it.

    With ``wait_for_token`` the event is ``{"input", "token"}``, and the step goes on when somebody
    answers with that token, by Step Functions' SendTaskSuccess, with what is then the result; after
    ``answer_within`` it fails by ``States.Timeout``:
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
    """

    memory: int = Field(ge=128, le=10_240)
    timeout: Seconds
    environment: dict[str, str]
    storage: int = Field(ge=512, le=10_240)
    reads: tuple[str, ...] | None
    writes: tuple[str, ...] | None
    permissions: tuple[Permission, ...]
    wait_for_token: bool
    answer_within: Seconds | None

    def __init__(
        self,
        name: str,
        *,
        memory: int = 512,
        timeout: timedelta = timedelta(minutes=5),
        environment: Mapping[str, str] | None = None,
        storage: int = 512,
        reads: Sequence[str] | None = None,
        writes: Sequence[str] | None = None,
        permissions: Sequence[Permission] = (),
        wait_for_token: bool = False,
        answer_within: timedelta | None = None,
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        retry: Sequence[Retry] | None = None,
        catch: Sequence[Catch] = (),
    ) -> None:
        result = STEP_RESULT if wait_for_token else f"{STEP_RESULT}.Payload"
        super().__init__(
            name=name,
            memory=memory,
            timeout=timeout,
            environment=dict(environment or {}),
            storage=storage,
            reads=None if reads is None else texts(reads),
            writes=None if writes is None else texts(writes),
            permissions=listed(permissions),
            wait_for_token=wait_for_token,
            answer_within=answer_within,
            output=result_text(output, result),
            assign=assigned(assign, lambda value: result_text(value, result)),
            retry=listed(retry),
            catch=listed(catch),
        )

    @field_validator("timeout")
    @classmethod
    def _within_lambda(cls, timeout: timedelta) -> timedelta:
        if timeout > LONGEST_FUNCTION:
            raise ValueError(
                f"{timeout} is over the 15 minutes that Lambda allows; split the work, "
                "for example by a Map over its parts"
            )
        return timeout

    @model_validator(mode="after")
    def _answered_by_token(self) -> Self:
        if self.answer_within is not None and not self.wait_for_token:
            raise ValueError("answer_within is for wait_for_token=True; a function has its timeout")
        return self


class Call(RecoverableStep):
    """Start the pipeline ``pipeline`` (``layer/name``) with ``input``: the step's, unless given.

    The result is the called pipeline's output; when it fails, this step does, by
    ``States.TaskFailed`` with what AWS says of that run as JSON in the cause. With ``wait=False``
    the step goes on at once, with ``{"ExecutionArn", "StartDate"}`` as its result. A call that
    takes longer than ``timeout`` fails by ``States.Timeout``.
    """

    pipeline: str
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
            assign=assigned(assign, lambda value: result_text(value, result)),
            retry=listed(retry),
            catch=listed(catch),
        )

    @field_validator("pipeline")
    @classmethod
    def _by_layer_and_name(cls, pipeline: str) -> str:
        if not re.fullmatch(r"[^/]+/[^/]+", pipeline):
            raise ValueError(f"'{pipeline}' names no pipeline: write layer/name")
        return pipeline


class Service(RecoverableStep):
    """Call an action of an AWS service: ``sns:publish``, or any by ``aws-sdk:s3:copyObject``.

    Actions and their ``arguments`` are named as Step Functions names them:
    https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
    The bucket in an argument of S3 may be a zone of the lake. What the pipeline must be allowed to
    do follows from action and arguments where dorc knows them; elsewhere ``permissions`` says it.
    An action that takes longer than ``timeout`` fails by ``States.Timeout``.
    """

    action: str
    arguments: dict[str, JsonValue]
    permissions: tuple[Permission, ...]
    timeout: Seconds | None

    def __init__(
        self,
        action: str,
        *,
        arguments: Mapping[str, Value] | None = None,
        permissions: Sequence[Permission] = (),
        timeout: timedelta | None = None,
        name: str = "",
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        retry: Sequence[Retry] | None = None,
        catch: Sequence[Catch] = (),
    ) -> None:
        super().__init__(
            action=action,
            arguments=value_text(arguments or {}),
            permissions=listed(permissions),
            timeout=timeout,
            name=name,
            output=result_text(output),
            assign=assigned(assign, result_text),
            retry=listed(retry),
            catch=listed(catch),
        )

    @field_validator("action")
    @classmethod
    def _as_step_functions_has_it(cls, action: str) -> str:
        if not re.fullmatch(r"(aws-sdk:)?[a-z0-9]+:[a-z][A-Za-z0-9]*", action):
            raise ValueError(
                f"'{action}' is no action: write service:action, as in sns:publish or "
                "aws-sdk:s3:copyObject"
            )
        return action
