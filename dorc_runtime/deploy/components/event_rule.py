"""A rule that starts a pipeline when an event happens."""

import json

import pulumi
from pulumi_aws import cloudwatch

from dorc_runtime.compile.triggers.rules import Rule
from dorc_runtime.deploy.components.delivery import LONGEST_AGE, MOST_ATTEMPTS, Delivery


class EventRule(pulumi.ComponentResource):
    """The EventBridge rule ``rule_name``: events that match ``rule`` start a pipeline."""

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        rule: Rule,
        rule_name: str,
        delivery: Delivery,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:EventRule", name, None, opts)
        event_rule = cloudwatch.EventRule(
            name,
            name=rule_name,
            event_bus_name=rule.bus,
            event_pattern=json.dumps(rule.pattern),
            opts=pulumi.ResourceOptions(parent=self),
        )
        cloudwatch.EventTarget(
            name,
            rule=event_rule.name,
            event_bus_name=rule.bus,
            target_id="pipeline",
            arn=delivery.machine,
            role_arn=delivery.role.arn,
            input_transformer=_transformer(rule),
            retry_policy={
                "maximum_event_age_in_seconds": LONGEST_AGE,
                "maximum_retry_attempts": MOST_ATTEMPTS,
            },
            dead_letter_config={"arn": delivery.dead_letters},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[delivery.role]),
        )
        self.arn = event_rule.arn
        self.register_outputs({"arn": self.arn})


def _transformer(rule: Rule) -> cloudwatch.EventTargetInputTransformerArgsDict | None:
    if rule.template is None:
        return None
    return {"input_paths": rule.paths, "input_template": rule.template}
