"""Alerts when a pipeline fails, or when an event could not start one."""

import json
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_aws import cloudwatch, sns
from pydantic import JsonValue

from dorc_runtime.deploy.components.dead_letters_alarm import dead_letters_alarm
from dorc_runtime.deploy.components.delivery import LONGEST_AGE, MOST_ATTEMPTS


class Alerts(pulumi.ComponentResource):
    """The topic ``topic``, which gets a message for each failed execution and for dead letters.

    ``machines`` is the EventBridge filter on the ARNs of state machines. ``policy`` says who can
    publish, ``emails`` who gets the messages; each address has to confirm by mail. Messages are
    encrypted with the key ``key_arn``, which has to be one of the account: only its key policy can
    allow EventBridge and CloudWatch to publish, which the key ``alias/aws/sns`` does not do.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """

    topic_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        topic: str,
        policy: Mapping[str, JsonValue],
        key_arn: pulumi.Input[str],
        emails: Sequence[str],
        failures_rule: str,
        machines: Sequence[JsonValue],
        dead_letters_alarm_name: str,
        dead_letters_queue: str,
        dead_letters_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:Alerts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        sns_topic = sns.Topic(name, name=topic, kms_master_key_id=key_arn, opts=child)
        topic_policy = sns.TopicPolicy(
            name, arn=sns_topic.arn, policy=json.dumps(policy), opts=child
        )
        for email in emails:
            sns.TopicSubscription(
                email, topic=sns_topic.arn, protocol="email", endpoint=email, opts=child
            )
        rule = cloudwatch.EventRule(
            name,
            name=failures_rule,
            description="Executions of pipelines that did not succeed",
            event_pattern=json.dumps(_failures(machines)),
            opts=child,
        )
        cloudwatch.EventTarget(
            name,
            rule=rule.name,
            target_id="alerts",
            arn=sns_topic.arn,
            input_transformer={
                "input_paths": _PATHS,
                "input_template": json.dumps(_MESSAGE),
            },
            retry_policy={
                "maximum_event_age_in_seconds": LONGEST_AGE,
                "maximum_retry_attempts": MOST_ATTEMPTS,
            },
            dead_letter_config={"arn": dead_letters_arn},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[topic_policy]),
        )
        dead_letters_alarm(
            name,
            alarm=dead_letters_alarm_name,
            description="Events could not start their pipeline: look into the queue",
            queue=dead_letters_queue,
            topic=sns_topic.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[topic_policy]),
        )
        # What publishes to the topic needs its policy too.
        self.topic_arn = pulumi.Output.all(sns_topic.arn, topic_policy.id).apply(
            lambda pair: str(pair[0])
        )
        self.register_outputs({"topic_arn": self.topic_arn})


# https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
_PATHS = {
    "execution": "$.detail.executionArn",
    "machine": "$.detail.stateMachineArn",
    "status": "$.detail.status",
    "error": "$.detail.error",
    "region": "$.region",
    "time": "$.time",
}
_MESSAGE = (
    "<machine> ended as <status> (<error>) at <time>: "
    "https://<region>.console.aws.amazon.com/states/home?region=<region>"
    "#/v2/executions/details/<execution>"
)


def _failures(machines: Sequence[JsonValue]) -> dict[str, object]:
    """Return the pattern of the event that Step Functions sends when an execution fails."""
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"], "stateMachineArn": [*machines]},
    }
