"""Whether an environment has the secrets that its pipelines and alerts need, before an apply."""

from collections.abc import Sequence

from dorc_runtime.compile.checks import resolved_source
from dorc_runtime.compile.secret_users import secret_users, webhook_users
from dorc_runtime.deploy.deployment import target_of
from dorc_runtime.deploy.deployment_context import DeploymentContext
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.secret_stores.environment_secrets import SecretStore
from dorc_runtime.project.definitions import load_source


def check_secrets(context: DeploymentContext, instances: Sequence[Instance]) -> None:
    """Raise ``SecretError`` when secrets that pipelines or infra of ``instances`` need are missing.

    All of them are in one environment. AWS is asked only where there are secrets, and never for a
    value.
    """
    environments = {each.environment for each in instances if each.environment is not None}
    if not environments:
        return
    [environment] = environments
    folders = [each.pipeline for each in instances if each.pipeline is not None]
    sources = [load_source(folder) for folder in folders]
    has_infra = any(each.environment and each.pipeline is None for each in instances)
    config = context.config_of(environment)
    webhooks = webhook_users(config.alert_webhooks if has_infra else ())
    if not secret_users(sources) and not webhooks:
        return
    target = target_of(context, environment)
    store = SecretStore(config, environment, endpoint=context.settings.aws_endpoint_url)
    users = secret_users(resolved_source(source, target) for source in sources)
    store.check({**users, **webhooks})
