"""The environment of runs on this machine, called local, and the names that things have in it."""

from collections.abc import Mapping

from pydantic import JsonValue

from dorc_runtime.compile.arns import EXAMPLE_ACCOUNT, machine_arn
from dorc_runtime.compile.names import Names, zones
from dorc_runtime.compile.target import Target
from dorc_runtime.local.seeds.lake_seeds import local_bucket
from dorc_runtime.model.config import Config
from dorc_runtime.model.resources import Bucket
from dorc_runtime.project.environment_values.local_values import local_values
from dorc_runtime.project.environment_values.setting_values import setting_values
from dorc_runtime.project.repository import Repository

# The account in ARNs of local runs.
ACCOUNT = EXAMPLE_ACCOUNT
# The names that things have in an environment called local.
LOCAL_NAMES = Names(project="dorc", environment="local")
# The region of a repository without a configuration.
REGION = "eu-west-1"


def local_machine(pipeline: str, region: str) -> str:
    """Return the ARN that stands for the state machine of ``pipeline`` (``layer/name``)."""
    layer, _, name = pipeline.partition("/")
    return machine_arn(region, ACCOUNT, LOCAL_NAMES.pipeline(layer, name).machine)


def local_target(
    repository: Repository,
    config: Config | None,
    *,
    settings: Mapping[str, JsonValue] | None = None,
    with_outputs: bool = True,
) -> Target:
    """Return the target of runs on this machine, the environment called local.

    ``settings`` are read, unless they are given. Without ``with_outputs``, placeholders stand for
    the outputs of infra. Raises ``DefinitionError`` for a setting without a valid value, and for a
    file that cannot be read.
    """
    if settings is None:
        model = config.settings if config else None
        settings = setting_values(repository, model, LOCAL_NAMES.environment)
    places = [zone for folder in repository.pipelines for zone in zones(folder.layer) or ()]
    resources = config.resources if config else ()
    places += [each.name for each in resources if isinstance(each, Bucket)]
    outputs = local_values(repository, "outputs") if with_outputs else None
    return Target(
        names=Names(config.universal.project, LOCAL_NAMES.environment) if config else LOCAL_NAMES,
        region=config.universal.region if config else REGION,
        account=ACCOUNT,
        zones={place: local_bucket(place) for place in places},
        resources=resources,
        settings=settings,
        outputs=None if outputs is None else {name: each.value for name, each in outputs.items()},
    )
