"""Alerts when a pipeline fails, does not start, or when an event could not start one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import cloudwatch, sns
from pydantic import JsonValue

from dorc_runtime.deploy.components.archive_function import ArchiveFunction, FunctionPlan
from dorc_runtime.deploy.components.dead_letters_alarm import dead_letters_alarm
from dorc_runtime.deploy.components.delivery import LONGEST_AGE, MOST_ATTEMPTS
from dorc_runtime.deploy.components.encryption import KeyArn


@dataclass(frozen=True)
class AlertNames:
    """The names of the topic, of the two rules and of the alarm, and the queue of dead letters."""

    topic: str
    failures_rule: str
    hourly_rule: str
    dead_letters_alarm: str
    dead_letters_queue: str


class Alerts(pulumi.ComponentResource):
    """The topic of alerts, the function that sends them, and what calls it.

    The function gets a message for each failed execution, and one after each hour. The topic gets
    its alerts, those about dead letters, and the calls of the function that failed. ``machines`` is
    the EventBridge filter on the ARNs of state machines. ``policy`` says who can publish,
    ``emails`` who gets the messages; each address has to confirm by mail. Messages are encrypted
    with the key ``topic_key_arn``, which has to be one of the account: only its key policy can
    allow EventBridge and CloudWatch to publish, which the key ``alias/aws/sns`` does not do.
    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services
    """

    topic_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        names: AlertNames,
        policy: Mapping[str, JsonValue],
        topic_key_arn: pulumi.Input[str],
        emails: Sequence[str],
        machines: Sequence[JsonValue],
        function: FunctionPlan,
        variables: Mapping[str, str],
        architecture: str,
        log_days: int,
        key_arn: KeyArn,
        dead_letters_arn: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:Alerts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        sns_topic = sns.Topic(name, name=names.topic, kms_master_key_id=topic_key_arn, opts=child)
        topic_policy = sns.TopicPolicy(
            name, arn=sns_topic.arn, policy=json.dumps(policy), opts=child
        )
        for email in emails:
            sns.TopicSubscription(
                email, topic=sns_topic.arn, protocol="email", endpoint=email, opts=child
            )
        # What publishes to the topic needs its policy too.
        self.topic_arn = pulumi.Output.all(sns_topic.arn, topic_policy.id).apply(
            lambda pair: str(pair[0])
        )
        sender = ArchiveFunction(
            name,
            plan=function,
            architecture=architecture,
            environment={**variables, "TOPIC": self.topic_arn},
            log_days=log_days,
            key_arn=key_arn,
            failures=self.topic_arn,
            opts=child,
        )
        failures = cloudwatch.EventRule(
            name,
            name=names.failures_rule,
            description="Executions of pipelines that did not succeed",
            event_pattern=json.dumps(_failures(machines)),
            opts=child,
        )
        hourly = cloudwatch.EventRule(
            f"{name}-hourly",
            name=names.hourly_rule,
            description="Ten minutes after each hour, to look for pipelines that did not start",
            schedule_expression="cron(10 * * * ? *)",
            opts=child,
        )
        for target, rule, paths in (
            (name, failures, _FAILURE_PATHS),
            (f"{name}-hourly", hourly, _HOURLY_PATHS),
        ):
            cloudwatch.EventTarget(
                target,
                rule=rule.name,
                target_id="alerts",
                arn=sender.arn,
                input_transformer={
                    "input_paths": paths,
                    "input_template": _template(paths),
                },
                retry_policy={
                    "maximum_event_age_in_seconds": LONGEST_AGE,
                    "maximum_retry_attempts": MOST_ATTEMPTS,
                },
                dead_letter_config={"arn": dead_letters_arn},
                opts=child,
            )
        dead_letters_alarm(
            name,
            alarm=names.dead_letters_alarm,
            description="Events could not start their pipeline: look into the queue",
            queue=names.dead_letters_queue,
            topic=sns_topic.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[topic_policy]),
        )
        self.register_outputs({"topic_arn": self.topic_arn})


# No input and no output, which are often personal, and no error: with a key of the account the
# event has none. https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
_FAILURE_PATHS = {
    "execution": "$.detail.executionArn",
    "machine": "$.detail.stateMachineArn",
    "status": "$.detail.status",
    "time": "$.time",
}
_HOURLY_PATHS = {"hour": "$.time"}


def _template(paths: Mapping[str, str]) -> str:
    """Return the template of an object with these fields; EventBridge adds the quotes."""
    return "{" + ", ".join(f'"{name}": <{name}>' for name in paths) + "}"


def _failures(machines: Sequence[JsonValue]) -> dict[str, object]:
    """Return the pattern of the event that Step Functions sends when an execution fails."""
    return {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {"status": ["FAILED", "TIMED_OUT", "ABORTED"], "stateMachineArn": [*machines]},
    }
