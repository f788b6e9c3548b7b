"""Repositories that Pulumi's real engine deploys to a simulated AWS."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.repositories import ROOT, copy_template, render_repository, replace_code

from .cloud.process import Cloud, start_cloud
from .deployment import Deployment
from .pulumi_cli.environment import environment
from .pulumi_cli.executable import find_cli, why_no_cli

EXAMPLE = ROOT / "examples" / "penguins"
CLEANING = "raw-to-processed/penguins"
PIPELINES = (CLEANING, "processed-to-curated/penguins")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that deploy when there is no Pulumi CLI, with the reason in one line."""
    reason = why_no_cli()
    for item in items if reason else ():
        if isinstance(item, pytest.Function) and "cli" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def cli() -> Path:
    """The folder of a Pulumi CLI."""
    return find_cli()


@pytest.fixture(scope="session")
def started_cloud(cli: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """One server for all tests of a process."""
    with start_cloud(tmp_path_factory.mktemp("cloud")) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository as the template writes it, with the penguins' two pipelines."""
    template = copy_template(tmp_path_factory.mktemp("template"))
    root = tmp_path_factory.mktemp("repository") / "my-pipelines"
    render_repository(template, root, PIPELINES)
    replace_code(root, {pipeline: EXAMPLE / "src" / pipeline for pipeline in PIPELINES})
    shutil.copytree(EXAMPLE / "lib", root / "lib", dirs_exist_ok=True)
    return root


@pytest.fixture(scope="module")
def deployment(
    repository: Path,
    cli: Path,
    started_cloud: Cloud,
    tmp_path_factory: pytest.TempPathFactory,
) -> Deployment:
    """The repository with nothing deployed, and an AWS with nothing in it."""
    folder = tmp_path_factory.mktemp("deployment")
    started_cloud.reset()
    shutil.copytree(repository, folder / "my-pipelines")
    variables = environment(folder, cli=cli, aws=started_cloud)
    return Deployment(folder / "my-pipelines", started_cloud, variables)


@pytest.fixture(scope="module")
def deployed(deployment: Deployment) -> Deployment:
    """The same with universal, and with infra and the first pipeline in the environment dev."""
    assert deployment.invoke("init").code == 0
    deployment.apply("universal")
    deployment.apply("infra", "dev")
    deployment.apply(CLEANING, "dev")
    return deployment
