"""Repositories of pipelines, and the resources of their programs in an environment."""

import runpy
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from dorc_runtime import Function
from dorc_runtime.deploy.synth.synthesis import Synthesis, synth
from dorc_runtime.model.steps import all_steps
from dorc_runtime.project.repository import Repository
from tests.repositories import ROOT, copy_template, render_repository, replace_code

EXAMPLE = ROOT / "examples" / "penguins"
OWN = Path(__file__).parent / "everything"
EVERYTHING = {
    "raw-to-processed/orders": "orders",
    "default/report": "report",
    "default/messages": "messages",
    "processed-to-curated/recalculate_the_lifetime_value": "long",
}
HANDLER = "def handler(event, context):\n    return event\n"

Render = Callable[..., Path]
Synthesize = Callable[[str], Synthesis]


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render a repository with Copier, with other code for its pipelines."""
    template = copy_template(tmp_path_factory.mktemp("template"))

    def render_with_code(name: str, pipelines: Mapping[str, Path], **answers: object) -> Path:
        folder = tmp_path_factory.mktemp("repository") / name
        render_repository(template, folder, pipelines, **answers)
        replace_code(folder, pipelines)
        return folder

    return render_with_code


@pytest.fixture(scope="session")
def penguins(render: Render) -> Repository:
    """A new repository with the code of examples/penguins."""
    pipelines = ("raw-to-processed/penguins", "processed-to-curated/penguins")
    root = render("penguins", {name: EXAMPLE / "src" / name for name in pipelines})
    shutil.copytree(EXAMPLE / "lib", root / "lib", dirs_exist_ok=True)
    return Repository(root)


@pytest.fixture(scope="session")
def everything(render: Render, tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository that uses every option."""
    sources = {
        pipeline: _code(OWN / f"{module}.py", tmp_path_factory.mktemp(module))
        for pipeline, module in EVERYTHING.items()
    }
    layers = sorted({pipeline.partition("/")[0] for pipeline in EVERYTHING})
    answers = {"project_name": "ExampleDorc", "layers": layers, "architecture": "arm64"}
    root = render("everything", sources, **answers)
    shutil.copy(OWN / "pipeline_config.py", root)
    with (root / "infra" / "__main__.py").open("a", encoding="utf-8") as program:
        program.write('\nimport pulumi\n\npulumi.export("partner", "a-partner")\n')
    return Repository(root)


@pytest.fixture(scope="session")
def synthesized(penguins: Repository, everything: Repository) -> Synthesize:
    """Return the resources of a repository's programs in production, once for all tests."""
    repositories = {"penguins": penguins, "everything": everything}
    return cache(lambda name: synth(repositories[name], environment="prod"))


def _code(definition: Path, folder: Path) -> Path:
    """Write a pipeline, and a handler for each of its functions."""
    shutil.copy(definition, folder / "pipeline.py")
    for step in all_steps(runpy.run_path(str(definition))["pipeline"].steps):
        if isinstance(step, Function):
            (folder / step.name).mkdir()
            (folder / step.name / "lambda.py").write_text(HANDLER, encoding="utf-8")
    return folder
