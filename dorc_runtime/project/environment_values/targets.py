"""The target of an environment: the names, addresses and values that definitions get there."""

from collections.abc import Mapping

from pydantic import JsonValue

from dorc_runtime.compile.names import Names, zones
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import DefinitionError
from dorc_runtime.model.config import Config
from dorc_runtime.model.resources import Bucket
from dorc_runtime.project.environment_values.setting_values import setting_values
from dorc_runtime.project.repository import CONFIGURATION, Repository


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

    It is the existing one in ``config``, if there is one, else the one that infra creates. It also
    has the resources of ``config`` that are existing buckets. Raises ``DefinitionError`` for a
    bucket with the name of a zone.
    """
    check_buckets(repository, config)
    existing = [each.name for each in config.resources if each.name in config.buckets]
    places = _zones(repository) | dict.fromkeys(existing)
    return {place: config.buckets.get(place) or names.bucket(place, account) for place in places}


def _zones(repository: Repository) -> dict[str, None]:
    layers = dict.fromkeys(folder.layer for folder in repository.pipelines)
    return dict.fromkeys(zone for layer in layers for zone in zones(layer) or ())


def check_buckets(repository: Repository, config: Config) -> None:
    """Raise ``DefinitionError`` for a bucket in ``config`` with the name of a zone."""
    all_zones = _zones(repository)
    for each in config.resources:
        if isinstance(each, Bucket) and each.name in all_zones:
            raise DefinitionError(
                f"{CONFIGURATION}: Bucket('{each.name}') has the name of a zone, which has a "
                "bucket already: rename it, or remove it and use the zone."
            )
