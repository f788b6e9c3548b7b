"""The alarm of a queue in which a message means that something failed."""

import pulumi
from pulumi_aws import cloudwatch


def dead_letters_alarm(
    name: str,
    *,
    alarm: str,
    description: str,
    queue: str,
    topic: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> cloudwatch.MetricAlarm:
    """Create the alarm ``alarm``, which informs ``topic`` while ``queue`` has messages."""
    return cloudwatch.MetricAlarm(
        name,
        name=alarm,
        alarm_description=description,
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": queue},
        statistic="Maximum",
        period=300,
        evaluation_periods=1,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        treat_missing_data="notBreaching",
        alarm_actions=[topic],
        opts=opts,
    )
