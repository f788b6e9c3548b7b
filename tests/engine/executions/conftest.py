"""A deployment of every kind of step, and executions of it."""

from pathlib import Path

import pytest

from tests.engine.cloud.process import Cloud
from tests.engine.deployment import Deployment
from tests.engine.pulumi_cli.environment import environment
from tests.repositories import ROOT, copy_template, render_repository, replace_code

EXAMPLE = ROOT / "examples" / "every-step"
PIPELINES = ("raw-to-processed/birds", "processed-to-curated/report")


@pytest.fixture(scope="module")
def birds(cli: Path, started_cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """The example of every step, deployed to dev."""
    template = copy_template(tmp_path_factory.mktemp("template"))
    folder = tmp_path_factory.mktemp("birds")
    root = render_repository(template, folder / "my-pipelines", PIPELINES)
    replace_code(root, {pipeline: EXAMPLE / "src" / pipeline for pipeline in PIPELINES})
    started_cloud.reset()
    deployment = Deployment(root, started_cloud, environment(folder, cli=cli, aws=started_cloud))
    for words in (("init",), ("apply", "--all", "--env", "dev", "--yes")):
        result = deployment.invoke(*words)
        assert result.code == 0, result.text
    return deployment
