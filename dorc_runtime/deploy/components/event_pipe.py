"""A pipe that starts a pipeline with messages of a queue."""

import pulumi
from pulumi_aws import pipes

from dorc_runtime.compile.triggers.rules import Pipe
from dorc_runtime.deploy.components.service_role import ServiceRole


class EventPipe(pulumi.ComponentResource):
    """The EventBridge pipe ``pipe_name`` from the queue ``queue`` to ``machine``, both ARNs.

    It deletes messages when it has started the state machine, and does not wait for its end:
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-target.html
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        pipe: Pipe,
        pipe_name: str,
        queue: pulumi.Input[str],
        machine: pulumi.Input[str],
        role: ServiceRole,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:EventPipe", name, None, opts)
        event_pipe = pipes.Pipe(
            name,
            name=pipe_name,
            source=queue,
            source_parameters={"sqs_queue_parameters": _batch(pipe)},
            target=machine,
            target_parameters={
                "step_function_state_machine_parameters": {"invocation_type": "FIRE_AND_FORGET"}
            },
            role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
        self.arn = event_pipe.arn
        self.register_outputs({"arn": self.arn})


def _batch(pipe: Pipe) -> pipes.PipeSourceParametersSqsQueueParametersArgsDict:
    if pipe.window == 0:
        return {"batch_size": pipe.batch}
    return {"batch_size": pipe.batch, "maximum_batching_window_in_seconds": pipe.window}
