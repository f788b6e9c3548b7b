"""Rules, schedules, alarms and log groups."""

from tests.engine.plugins.aws.calls import Aws
from tests.engine.plugins.aws.kind import Kind
from tests.engine.plugins.properties import Properties


def _target(aws: Aws, given: Properties) -> Properties:
    target = {key: item for key, item in given.items() if key not in ("rule", "eventBusName")}
    transformer = given.get("inputTransformer") or {}
    if "inputPaths" in transformer:
        target["inputTransformer"] = {**transformer, "inputPathsMap": transformer["inputPaths"]}
    return {"targets": [{**target, "id": given["targetId"]}]}


def _retention(aws: Aws, given: Properties) -> None:
    if given.get("retentionInDays"):
        days = int(given["retentionInDays"])
        aws.client("logs").put_retention_policy(logGroupName=given["name"], retentionInDays=days)


def _key(aws: Aws, given: Properties) -> None:
    """Do nothing: moto cannot change the key of a log group, which AWS can."""


EVENTS = {
    "cloudwatch/eventRule": Kind(
        service="events",
        create="put_rule",
        read="describe_rule",
        delete="delete_rule",
        id="{name}",
        update=("put_rule",),
        replace=("name", "eventBusName"),
        outputs={"arn": "Arn"},
        defaults={"eventBusName": "default", "state": "ENABLED"},
    ),
    "cloudwatch/eventTarget": Kind(
        service="events",
        create="put_targets",
        read="list_targets_by_rule",
        delete="remove_targets",
        id="{rule}-{targetId}",
        update=("put_targets",),
        path="Targets[?Id=='<targetId>'] | [0]",
        rename={"targetId": ("Ids", "Id"), "target": ("Targets",)},
        replace=("rule", "eventBusName", "targetId"),
        prepare=_target,
        defaults={"eventBusName": "default"},
        tags=None,
    ),
    "scheduler/schedule": Kind(
        service="scheduler",
        create="create_schedule",
        read="get_schedule",
        delete="delete_schedule",
        id="{groupName}/{name}",
        update=("update_schedule",),
        replace=("name", "groupName"),
        outputs={"arn": "Arn"},
        defaults={"groupName": "default", "state": "ENABLED"},
        tags=None,
    ),
    "scheduler/scheduleGroup": Kind(
        service="scheduler",
        create="create_schedule_group",
        read="get_schedule_group",
        delete="delete_schedule_group",
        id="{name}",
        replace=("name",),
        outputs={"arn": "Arn", "state": "State"},
    ),
    "pipes/pipe": Kind(
        service="pipes",
        create="create_pipe",
        read="describe_pipe",
        delete="delete_pipe",
        id="{name}",
        update=("update_pipe",),
        replace=("name", "source"),
        outputs={"arn": "Arn"},
    ),
    "cloudwatch/logGroup": Kind(
        service="logs",
        create="create_log_group",
        read="describe_log_groups",
        delete="delete_log_group",
        id="{name}",
        rename={"name": ("logGroupName", "logGroupNamePrefix")},
        update=(_retention, _key),
        path="logGroups[?logGroupName=='<name>'] | [0]",
        replace=("name", "logGroupClass"),
        outputs={"arn": "arn:aws:logs:{region}:{account}:log-group:{name}"},
        defaults={"retentionInDays": 0},
    ),
    "cloudwatch/metricAlarm": Kind(
        service="cloudwatch",
        create="put_metric_alarm",
        read="describe_alarms",
        delete="delete_alarms",
        id="{name}",
        update=("put_metric_alarm",),
        path="MetricAlarms[0]",
        replace=("name",),
        rename={"name": ("AlarmName", "AlarmNames")},
        outputs={"arn": "AlarmArn"},
        defaults={"treatMissingData": "missing"},
    ),
}
