"""A schedule that starts a pipeline."""

import json

import pulumi
from pulumi_aws import scheduler

from dorc_runtime.compile.triggers.rules import Schedule
from dorc_runtime.deploy.components.delivery import LONGEST_AGE, MOST_ATTEMPTS, Delivery
from dorc_runtime.deploy.components.encryption import KeyArn


class Clock(pulumi.ComponentResource):
    """The schedule called ``schedule_name`` in the group ``group``, which starts a pipeline.

    Its input is encrypted with the key ``key_arn``, which its role has to be able to use.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        schedule: Schedule,
        schedule_name: str,
        group: pulumi.Input[str],
        delivery: Delivery,
        key_arn: KeyArn,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:Clock", name, None, opts)
        aws_schedule = scheduler.Schedule(
            name,
            name=schedule_name,
            group_name=group,
            schedule_expression=schedule.expression,
            schedule_expression_timezone=schedule.timezone,
            kms_key_arn=key_arn,
            state="ENABLED" if schedule.enabled else "DISABLED",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": delivery.machine,
                "role_arn": delivery.role.arn,
                "input": json.dumps(schedule.input),
                "retry_policy": {
                    "maximum_event_age_in_seconds": LONGEST_AGE,
                    "maximum_retry_attempts": MOST_ATTEMPTS,
                },
                "dead_letter_config": {"arn": delivery.dead_letters},
            },
            # EventBridge Scheduler checks at creation that it can assume the role:
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html
            opts=pulumi.ResourceOptions(parent=self, depends_on=[delivery.role]),
        )
        self.arn = aws_schedule.arn
        self.register_outputs({"arn": self.arn})
