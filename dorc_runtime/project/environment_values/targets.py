"""The target of an environment: the names, addresses and values that definitions get there."""

from collections.abc import Mapping

from pydantic import JsonValue

from dorc_runtime.compile.names import Names, zones
from dorc_runtime.compile.target import Target
from dorc_runtime.model.config import Config
from dorc_runtime.project.environment_values.setting_values import setting_values
from dorc_runtime.project.repository import Repository


def environment_target(
    repository: Repository,
    config: Config,
    environment: str,
    *,
    account: str,
    infra: str = "infra",
    settings: Mapping[str, JsonValue] | None = None,
) -> Target:
    """Return the target of pipelines in ``environment``; ``config`` is its configuration.

    ``infra`` is the folder of infra. ``settings`` are read, unless they are given. Raises
    ``DefinitionError`` for a setting without a valid value.
    """
    if settings is None:
        settings = setting_values(repository, config.settings, environment, infra=infra)
    names = Names(config.universal.project, environment)
    return Target(
        names=names,
        region=config.universal.region,
        account=account,
        zones=zone_buckets(repository, config, names, account=account),
        resources=config.resources,
        settings=settings,
    )


def zone_buckets(
    repository: Repository, config: Config, names: Names, *, account: str
) -> dict[str, str]:
    """Return the bucket of each zone that a layer of the repository names.

    It is the existing one in ``config``, if there is one, else the one that infra creates.
    """
    layers = dict.fromkeys(folder.layer for folder in repository.pipelines)
    all_zones = dict.fromkeys(zone for layer in layers for zone in zones(layer) or ())
    return {zone: config.buckets.get(zone) or names.bucket(zone, account) for zone in all_zones}
