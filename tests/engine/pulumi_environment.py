"""A Pulumi CLI, the AWS that it deploys to, and the environment variables for both."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.session import Session

from .plugins.versions import sdk_version

HERE = Path(__file__).parent
REGION = "eu-west-2"
ACCOUNT = "123456789012"
PASSPHRASE = "correct horse"  # noqa: S105 # opens nothing but states of tests

_NO_PROXY = "http://127.0.0.1:9"
# Variables that would change a deployment or its output.
_FOREIGN = ("AWS_", "PULUMI_", "DORC_", "DOCKER_", "INFRA_", "UNIVERSAL_", "CONFIG_REPO_", "FORCE_")


@dataclass(frozen=True)
class Cloud:
    """A running simulated AWS; ``images`` is the folder with the files of what was built."""

    endpoint: str
    images: Path

    def client(self, service: str) -> Any:
        """Return botocore's client of a service."""
        return Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",  # noqa: S106 # nobody's
        )

    def builds(self) -> list[str]:
        """Return the functions with a built image, as ``layer/pipeline/function``."""
        file = self.images / "builds"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        # <registry>/<project>/<layer>/<pipeline>/<function>:<tag>
        return [line.rpartition(":")[0].split("/", 2)[2] for line in lines]

    def reset(self) -> None:
        """Delete everything in all services, and all images."""
        from urllib.request import Request, urlopen

        with urlopen(Request(f"{self.endpoint}/moto-api/reset", method="POST")) as answer:  # noqa: S310 # our own
            answer.read()
        shutil.rmtree(self.images)
        self.images.mkdir()


def why_no_cli() -> str:
    """Return why there is no Pulumi CLI on this machine, "" if there is one or Go can build one."""
    if os.name == "nt":
        return "the engine tier's plugins are started by shell scripts"
    if shutil.which("pulumi") or shutil.which("go") or (_cache() / "bin" / "pulumi").is_file():
        return ""
    return "no pulumi on PATH (https://www.pulumi.com/docs/install), and no Go to build one with"


def find_cli() -> Path:
    """Return the folder of the ``pulumi`` on PATH; if there is none, build one."""
    found = shutil.which("pulumi")
    if found:
        return Path(found).parent
    import fcntl

    _cache().mkdir(parents=True, exist_ok=True)
    # One process builds, the others wait.
    with (_cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            [str(HERE / "pulumi_cli" / "build.sh"), str(_cache())],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return Path(done.stdout.strip())


@contextmanager
def cloud(folder: Path) -> Iterator[Cloud]:
    """Start the simulated AWS; its files are in ``folder``."""
    images = folder / "images"
    images.mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(HERE), "cloud.server"],
            env={**os.environ, "DORC_ENGINE_IMAGES": str(images)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdin is not None and process.stdout is not None
    with process:
        port = process.stdout.readline().decode().strip()
        assert port, (folder / "log").read_text()
        yield Cloud(f"http://127.0.0.1:{port}", images)
        process.stdin.close()


def environment(folder: Path, *, cli: Path, aws: Cloud) -> dict[str, str]:
    """Return the variables for tasks that deploy: Pulumi's own files are in ``folder``."""
    home, state = folder / "home", folder / "state"
    state.mkdir(parents=True)
    _install_plugins(home)
    own = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    return {
        **own,
        "PATH": os.pathsep.join([str(HERE / "commands"), str(cli), os.environ.get("PATH", "")]),
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


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dorc-pulumi"


def _install_plugins(home: Path) -> None:
    """Put the plugins where the engine looks for the versions that the installed SDKs ask for."""
    for name in ("aws", "docker"):
        folder = home / "plugins" / f"resource-{name}-v{sdk_version(name)}"
        folder.mkdir(parents=True)
        launcher = f"pulumi-resource-{name}"
        (folder / launcher).symlink_to(HERE / "plugins" / "bin" / launcher)
