"""The program of ``infra/``: what the pipelines of an environment share."""

from dataclasses import KW_ONLY, dataclass
from pathlib import Path

import pulumi

from dorc_runtime.compile.arns import queue_arn
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.permissions.resource_policies import queue_policy
from dorc_runtime.compile.target import Target
from dorc_runtime.deploy.components.dead_letters import DeadLetters
from dorc_runtime.deploy.components.security_group import FunctionSecurityGroup
from dorc_runtime.deploy.programs.common import (
    connect,
    one_line_errors,
    stack_environment,
)
from dorc_runtime.deploy.programs.infra_alerts import create_alerts
from dorc_runtime.deploy.programs.infra_resources import create_bucket, create_resources
from dorc_runtime.model.config import Config
from dorc_runtime.project.environment_values.targets import zone_buckets
from dorc_runtime.project.environments import Program, environment_config
from dorc_runtime.project.repository import find_repository


@dataclass(frozen=True)
class CreateInfra:
    """Creates what the pipelines of an environment share; the stack has the environment's name.

    Fields in the stack's file replace those of ``config``. ``folder`` is the program's, by default
    the current one, where Pulumi runs it.
    """

    config: Config
    _: KW_ONLY
    folder: Path | None = None

    def apply(self) -> None:
        """Register the resources with Pulumi."""
        with one_line_errors():
            _infra(self.config, (self.folder or Path.cwd()).resolve())


def _infra(defaults: Config, folder: Path) -> None:
    repository = find_repository(folder)
    environment = stack_environment(repository, Program(folder), pulumi.get_stack())
    config = environment_config(repository, defaults, environment, infra=repository.show(folder))
    universal = config.universal
    names = Names(universal.project, environment)
    cloud = connect(
        universal,
        root=repository.root,
        tags={"dorc:project": universal.project, "dorc:environment": environment},
    )
    buckets = zone_buckets(repository, config, names, account=cloud.account)
    for zone, bucket in buckets.items():
        if zone not in config.buckets:
            create_bucket(zone, bucket, config, cloud)
    dead_letters = DeadLetters(
        "dead-letters",
        queue=names.shared,
        policy=queue_policy(
            queue_arn=queue_arn(cloud.region, cloud.account, names.shared),
            account=cloud.account,
        ),
        key_arn=config.kms_key_arn,
        opts=cloud.resource_options,
    )
    alerts = create_alerts(dead_letters, config, names, cloud)
    target = Target(
        names=names,
        region=cloud.region,
        account=cloud.account,
        zones=buckets,
        resources=config.resources,
    )
    create_resources(target, config, cloud, alerts=alerts.topic_arn)
    group = None
    if config.vpc_id is not None:
        group = FunctionSecurityGroup(
            "functions", group=names.shared, vpc_id=config.vpc_id, opts=cloud.resource_options
        )
    pulumi.export("environment", environment)
    pulumi.export("buckets", buckets)
    if addresses := {f"{each.kind}-{each.name}": target.address(each) for each in config.resources}:
        pulumi.export("resources", addresses)
    pulumi.export("dead_letters", dead_letters.arn)
    pulumi.export("alerts", alerts.topic_arn)
    pulumi.export("security_group_id", group.id if group else None)
