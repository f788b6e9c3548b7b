"""Whether an environment has the secrets that its pipelines need, before they are deployed."""

from collections.abc import Sequence

from dorc_runtime.compile.checks import resolved_source
from dorc_runtime.compile.secret_users import secret_users
from dorc_runtime.deploy.deployment import target_of
from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.secret_stores.environment_secrets import SecretStore
from dorc_runtime.project.definitions import load_source


def check_secrets(context: DeploymentContext, instances: Sequence[Instance]) -> None:
    """Raise ``SecretError`` when secrets that the pipelines of ``instances`` need are missing.

    All of them are in one environment. AWS is asked only where a function has secrets, and never
    for a value.
    """
    folders = [each.pipeline for each in instances if each.pipeline is not None]
    sources = [load_source(folder) for folder in folders]
    if not secret_users(sources):
        return
    [environment] = {each.environment for each in instances if each.environment is not None}
    target = target_of(context, environment)
    config = context.config_of(environment)
    store = SecretStore(config, environment, endpoint=context.settings.aws_endpoint_url)
    store.check(secret_users(resolved_source(source, target) for source in sources))
