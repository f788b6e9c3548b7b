"""How an event reaches the pipeline that it starts."""

from dataclasses import dataclass

import pulumi

from dorc_runtime.deploy.components.service_role import ServiceRole

# The limits of EventBridge's retries for rules and schedules, in seconds and in attempts:
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
LONGEST_AGE = 24 * 3600
MOST_ATTEMPTS = 185


@dataclass(frozen=True)
class Delivery:
    """What a trigger starts, with which role, and where events go that could not start it.

    ``machine`` is the ARN of a state machine, ``dead_letters`` the ARN of a queue.
    """

    machine: pulumi.Input[str]
    role: ServiceRole
    dead_letters: pulumi.Input[str]
