"""What starts the pipelines of an environment, by its ARN on AWS."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from dorc_runtime.compile.arns import machine_arn, queue_arn, rule_arn
from dorc_runtime.compile.target import Target
from dorc_runtime.compile.triggers.rules import Pipe, Rule, triggers
from dorc_runtime.model.pipeline import Pipeline


@dataclass(frozen=True)
class TriggerTable:
    """The pipelines (``layer/name``) by their state machine, and by the queue that starts them.

    A queue that starts several pipelines is in none of the tables: its messages are for one of
    them. ``rules`` has the rules of all pipelines.
    """

    machines: Mapping[str, str]
    rules: Mapping[str, Rule]
    queues: Mapping[str, str]


def trigger_table(pipelines: Mapping[str, Pipeline], target: Target) -> TriggerTable:
    """Return what starts ``pipelines``, which are by ``layer/name``, in ``target``."""
    machines: dict[str, str] = {}
    rules: dict[str, Rule] = {}
    queues: list[tuple[str, str]] = []
    region, account = target.region, target.account
    for pipeline, definition in pipelines.items():
        layer, name = pipeline.split("/")
        names = target.names.pipeline(layer, name)
        machines[machine_arn(region, account, names.machine)] = pipeline
        for trigger in triggers(target.resolve(definition), layer=layer, target=target):
            own = names.trigger(trigger.key)
            match trigger:
                case Rule(bus=bus):
                    rules[rule_arn(region, account, own, bus=bus)] = trigger
                case Pipe(queue=queue):
                    queues.append((queue or queue_arn(region, account, own), pipeline))
                case _:
                    pass
    readers = Counter(arn for arn, _ in queues)
    return TriggerTable(machines, rules, {arn: one for arn, one in queues if readers[arn] == 1})
