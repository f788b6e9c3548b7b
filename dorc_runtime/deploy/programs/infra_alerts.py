"""The alerts of an environment, which infra creates."""

from collections.abc import Mapping

import pulumi
from pydantic import JsonValue

from dorc_runtime.compile.arns import machine_arn, rule_arn, topic_arn
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.permissions.alert_policy import alert_policy
from dorc_runtime.compile.permissions.policies import trust
from dorc_runtime.compile.permissions.resource_policies import alerts_key_policy, topic_policy
from dorc_runtime.deploy.alert_function.function_files import MODULE, function_files
from dorc_runtime.deploy.components.alerts import AlertNames, Alerts
from dorc_runtime.deploy.components.archive_function import FunctionPlan
from dorc_runtime.deploy.components.dead_letters import DeadLetters
from dorc_runtime.deploy.components.encryption_key import EncryptionKey
from dorc_runtime.deploy.components.service_role import RolePlan
from dorc_runtime.deploy.programs.common import Cloud
from dorc_runtime.model.config import Config

# In seconds: it asks AWS a few times for each pipeline of an environment.
_TIMEOUT = 300
# In MiB.
_MEMORY = 256


def create_alerts(dead_letters: DeadLetters, config: Config, names: Names, cloud: Cloud) -> Alerts:
    """Create the alerts, with a key of their own if the environment has none."""
    key_arn: pulumi.Input[str] | None = config.kms_key_arn
    if key_arn is None:
        key_arn = EncryptionKey(
            "alerts",
            description=f"The alerts of {names.shared}",
            policy=alerts_key_policy(region=cloud.region, account=cloud.account),
            opts=cloud.resource_options,
        ).arn
    alert_names = AlertNames(
        topic=names.shared,
        failures_rule=names.alert("failures"),
        hourly_rule=names.alert("hourly"),
        dead_letters_alarm=names.alert("dead-letters"),
        dead_letters_queue=names.shared,
    )
    return Alerts(
        "alerts",
        names=alert_names,
        policy=topic_policy(
            topic_arn=topic_arn(cloud.region, cloud.account, names.shared),
            account=cloud.account,
        ),
        topic_key_arn=key_arn,
        emails=config.alert_emails,
        machines=[{"prefix": machine_arn(cloud.region, cloud.account, names.machine_prefix)}],
        function=_function(alert_names, config, names, cloud, key_arn),
        variables={
            "PROJECT": names.project,
            "ENVIRONMENT": names.environment,
            "WEBHOOKS": " ".join(config.alert_webhooks),
        },
        architecture=config.universal.architecture,
        log_days=config.log_retention_days,
        key_arn=config.kms_key_arn,
        dead_letters_arn=dead_letters.arn,
        opts=cloud.resource_options,
    )


def _function(
    alert_names: AlertNames,
    config: Config,
    names: Names,
    cloud: Cloud,
    key_arn: pulumi.Input[str],
) -> FunctionPlan:
    def permissions(key: str) -> Mapping[str, JsonValue]:
        return alert_policy(
            names,
            region=cloud.region,
            account=cloud.account,
            webhooks=config.alert_webhooks,
            key_arn=key,
        )

    role = RolePlan(
        names.alert_function,
        trust("lambda", account=cloud.account),
        pulumi.Output.from_input(key_arn).apply(permissions),
        config.universal.permissions_boundary,
    )
    rules = {"failures": alert_names.failures_rule, "hourly": alert_names.hourly_rule}
    return FunctionPlan(
        name=names.alert_function,
        description=f"Sends the alerts of {names.shared}",
        files=function_files(),
        handler=f"{MODULE}.handler",
        rules={key: rule_arn(cloud.region, cloud.account, name) for key, name in rules.items()},
        role=role,
        log_group=names.alert_function_log_group,
        timeout=_TIMEOUT,
        memory=_MEMORY,
    )
