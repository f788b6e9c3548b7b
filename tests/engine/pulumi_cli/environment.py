"""The environment variables of a deployment, and the plugins that the engine starts."""

import os
import sys
from pathlib import Path

from tests.engine.cloud.process import ACCOUNT, REGION, Cloud
from tests.engine.plugins.versions import sdk_version

PASSPHRASE = "correct horse"  # noqa: S105 # opens nothing but states of tests

_ENGINE_TIER = Path(__file__).parents[1]
_NO_PROXY = "http://127.0.0.1:9"
# Variables that would change a deployment or its output.
_FOREIGN = ("AWS_", "PULUMI_", "DORC_", "DOCKER_", "INFRA_", "UNIVERSAL_", "CONFIG_REPO_", "FORCE_")


def environment(folder: Path, *, cli: Path, aws: Cloud) -> dict[str, str]:
    """Return the variables for tasks that deploy: Pulumi's own files are in ``folder``."""
    home, state = folder / "home", folder / "state"
    state.mkdir(parents=True)
    _install_plugins(home)
    own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    path = os.pathsep.join([str(_ENGINE_TIER / "commands"), str(cli), os.environ.get("PATH", "")])
    return {
        **own,
        "PATH": path,
        "HOME": str(folder),
        "PULUMI_HOME": str(home),
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_PYTHON_CMD": sys.executable,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # Each plugin on PATH would cause a warning.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "INFRA_BUCKET": state.as_uri(),
        "AWS_ACCOUNT": ACCOUNT,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # dorc looks for a Docker engine; the replacement of the plugin needs none.
        "DOCKER_HOST": "tcp://127.0.0.1:9",
        "DORC_ENGINE_IMAGES": str(aws.images),
        # A request to another address fails.
        "HTTP_PROXY": _NO_PROXY,
        "HTTPS_PROXY": _NO_PROXY,
        "NO_PROXY": "127.0.0.1,localhost",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }


def _install_plugins(home: Path) -> None:
    """Put the plugins where the engine looks for the versions that the installed SDKs ask for."""
    for name in ("aws", "docker"):
        folder = home / "plugins" / f"resource-{name}-v{sdk_version(name)}"
        folder.mkdir(parents=True)
        launcher = f"pulumi-resource-{name}"
        (folder / launcher).symlink_to(_ENGINE_TIER / "plugins" / "bin" / launcher)
