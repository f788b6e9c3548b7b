"""The tools on this machine: which are installed, which task needs which, and how to get them."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from dorc_runtime.errors import DorcError
from dorc_runtime.project.definitions import load_config
from dorc_runtime.project.images.image_python import different_python
from dorc_runtime.project.pin import check_pin
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.settings import Settings

_DEPLOYMENT_TASKS = "preview, apply, destroy"
_PACKAGES = {
    "copier": "new-pipeline, new-function",
    "moto": "run, test",
    "pulumi": _DEPLOYMENT_TASKS,
    "pytest": "test",
}
# Seconds; without it a Docker client waits for ever for an engine that hangs.
_TIMEOUT = 10


@dataclass(frozen=True)
class Finding:
    """The result of the search for one tool or setting.

    ``detail`` describes it if it exists, otherwise ``remedy`` says how to get it. ``needed_for``
    names the tasks that need it. Most tasks work without an ``optional`` one.
    """

    name: str
    needed_for: str
    detail: str = ""
    remedy: str = ""
    optional: bool = False


def findings(repository: Repository | None, settings: Settings) -> Iterator[Finding]:
    """Yield the tools and settings, on this machine and in the repository."""
    yield _python(repository)
    yield _program("git", "copier copy, copier update", "https://git-scm.com/downloads")
    for name, tasks in _PACKAGES.items():
        yield _package(name, tasks)
    if repository is None:
        remedy = "create one with `copier copy`, or set CONFIG_REPO_PATH to its path"
        yield Finding("repository", "all other tasks", remedy=remedy, optional=True)
    else:
        number = len(repository.pipelines)
        yield Finding("repository", "all tasks", f"{repository.root}, pipelines: {number}")
        yield _pin(repository)
        yield from _region(repository, settings)
    yield _python_installer()
    remedy = "add it to the dependencies in pyproject.toml, then `invoke venv`"
    yield _package("ruff", "lint, fmt", remedy, optional=True)
    remedy = "https://www.pulumi.com/docs/install"
    yield _running_program("Pulumi CLI", ["pulumi", "version"], _DEPLOYMENT_TASKS, remedy)
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    remedy = "https://docs.docker.com/get-docker"
    yield _running_program("Docker engine", command, "apply, where an image is missing", remedy)
    yield _credentials()
    yield from _state(settings)


def _python(repository: Repository | None) -> Finding:
    if repository and (remedy := different_python(repository.root)):
        return Finding("Python", "run, test", remedy=remedy, optional=True)
    return Finding("Python", "all tasks", f"{platform.python_version()}, {sys.executable}")


def _program(name: str, tasks: str, remedy: str) -> Finding:
    path = shutil.which(name)
    if path is None:
        return Finding(name, tasks, remedy=remedy)
    return Finding(name, tasks, path)


def _python_installer() -> Finding:
    name, tasks = "pyenv or uv", "python-setup"
    if path := shutil.which("pyenv") or shutil.which("uv"):
        return Finding(name, tasks, path)
    remedy = "https://github.com/pyenv/pyenv#installation or https://docs.astral.sh/uv"
    return Finding(name, tasks, remedy=remedy, optional=True)


def _running_program(name: str, command: list[str], tasks: str, remedy: str) -> Finding:
    """Return the version that a program prints; ``remedy`` is for one that is not installed."""
    path = shutil.which(command[0])
    if path is None:
        return Finding(name, tasks, remedy=remedy, optional=True)
    try:
        done = subprocess.run(  # noqa: S603 # the two of above
            [path, *command[1:]], capture_output=True, text=True, timeout=_TIMEOUT, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return Finding(name, tasks, remedy=f"{path} does not answer: start it", optional=True)
    return Finding(name, tasks, f"{done.stdout.strip()}, {path}")


def _credentials() -> Finding:
    name = "AWS credentials"
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError:
        return _package("boto3", _DEPLOYMENT_TASKS)
    try:
        session = boto3.Session()
        credentials = session.get_credentials()
    except BotoCoreError as error:
        return Finding(name, _DEPLOYMENT_TASKS, remedy=str(error), optional=True)
    if credentials is None:
        remedy = "log in, or export AWS_PROFILE"
        return Finding(name, _DEPLOYMENT_TASKS, remedy=remedy, optional=True)
    detail = f"by {credentials.method}, profile {session.profile_name}"
    return Finding(name, _DEPLOYMENT_TASKS, detail)


def _package(
    name: str,
    tasks: str,
    remedy: str = "`invoke venv`, or pip install 'dorc-runtime[all]'",
    *,
    optional: bool = False,
) -> Finding:
    try:
        return Finding(name, tasks, version(name))
    except PackageNotFoundError:
        return Finding(name, tasks, remedy=remedy, optional=optional)


def _pin(repository: Repository) -> Finding:
    installed = version("dorc-runtime")
    try:
        check_pin(repository.root)
    except DorcError as error:
        return Finding("dorc-runtime", "all tasks", remedy=str(error))
    return Finding("dorc-runtime", "all tasks", f"{installed}, as the repository requires")


def _region(repository: Repository, settings: Settings) -> Iterator[Finding]:
    try:
        config = load_config(repository)
    except DorcError as error:
        yield Finding("pipeline_config", "all tasks", remedy=str(error))
        return
    if config is None or settings.aws_region is None:
        return
    if settings.aws_region != config.universal.region:
        remedy = f"it is {settings.aws_region}, and pipeline_config.py has "
        remedy += f"{config.universal.region}: use the same in both"
        yield Finding("AWS_REGION", "what reaches AWS", remedy=remedy, optional=True)
    else:
        yield Finding("AWS_REGION", "what reaches AWS", settings.aws_region)


def _state(settings: Settings) -> Iterator[Finding]:
    """Yield the bucket of Pulumi's state, and whether the passphrase that encrypts it is set."""
    if settings.infra_bucket is None:
        remedy = "set it in .env: the bucket that holds the state of Pulumi"
        yield Finding("INFRA_BUCKET", _DEPLOYMENT_TASKS, remedy=remedy, optional=True)
    else:
        yield Finding("INFRA_BUCKET", _DEPLOYMENT_TASKS, settings.infra_bucket)
    if settings.pulumi_config_passphrase is None:
        remedy = "export PULUMI_CONFIG_PASSPHRASE: it encrypts the secrets in that state"
        yield Finding("passphrase", _DEPLOYMENT_TASKS, remedy=remedy, optional=True)
    else:
        yield Finding("passphrase", _DEPLOYMENT_TASKS, "PULUMI_CONFIG_PASSPHRASE is set")
