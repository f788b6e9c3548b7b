"""What the function of alerts may do on AWS: look at the pipelines of its environment, and send."""

from collections.abc import Sequence

from dorc_runtime.compile.arns import (
    execution_arn,
    log_group_arn,
    machine_arn,
    parameter_arn,
    schedule_arn,
    topic_arn,
)
from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.names import Names, function_log_group
from dorc_runtime.compile.permissions.statements import (
    LIST_MACHINES,
    LIST_SCHEDULES,
    TRACE,
    allow,
    allow_everywhere,
    allow_key,
    allow_logs,
    policy,
)


def alert_policy(
    names: Names, *, region: str, account: str, webhooks: Sequence[str], key_arn: str
) -> Document:
    """Return the policy of the function that sends the alerts of an environment.

    It reads executions, schedules and logs of the environment's pipelines and the secrets
    ``webhooks``, and publishes to the topic of alerts. ``key_arn`` is the key that encrypts all of
    these.
    """
    place = (region, account)
    pipelines = f"{names.machine_prefix}*"
    logs = log_group_arn(*place, names.alert_function_log_group)
    secrets = [parameter_arn(*place, names.secret(name)) for name in webhooks]
    return policy(
        [
            allow_logs(logs),
            allow_everywhere("Traces", TRACE),
            allow_everywhere("Lists", (*LIST_MACHINES, *LIST_SCHEDULES)),
            allow(
                "Machines",
                ("states:ListExecutions", "states:ListTagsForResource"),
                [machine_arn(*place, pipelines)],
            ),
            allow(
                "Executions",
                ("states:DescribeExecution", "states:GetExecutionHistory"),
                [execution_arn(*place, pipelines, "*")],
            ),
            allow("Schedules", ("scheduler:GetSchedule",), [schedule_arn(*place, pipelines, "*")]),
            allow(
                "FunctionLogs",
                ("logs:FilterLogEvents",),
                [log_group_arn(*place, function_log_group(pipelines))],
            ),
            allow("Send", ("sns:Publish",), [topic_arn(*place, names.shared)]),
            *([allow("Webhooks", ("ssm:GetParameter",), secrets)] if secrets else []),
            *allow_key(key_arn),
        ]
    )
