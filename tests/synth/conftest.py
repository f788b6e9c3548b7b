"""Repositories of pipelines, and the resources of their programs in an environment."""

import runpy
import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import copier
import pytest

from dorc_runtime import Function
from dorc_runtime.model.steps import all_steps
from dorc_runtime.project.repository import Repository
from dorc_runtime.testing.synth.synthesis import Synthesis, synth

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "penguins"
OWN = Path(__file__).parent / "everything"
EVERYTHING = {
    "raw-to-processed/orders": "orders",
    "default/report": "report",
    "processed-to-curated/recalculate_the_lifetime_value": "long",
}
HANDLER = "def handler(event, context):\n    return event\n"

Render = Callable[..., Path]
Synthesize = Callable[[str], Synthesis]


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render a repository with Copier, with other code for its pipelines."""
    template = tmp_path_factory.mktemp("template")
    shutil.copytree(ROOT / "template", template / "template")
    (template / "dorc_runtime").mkdir()
    for name in ("copier.yml", "dorc_runtime/VERSION"):
        shutil.copy(ROOT / name, template / name)

    def render_repository(name: str, pipelines: Mapping[str, Path], **answers: object) -> Path:
        folder = tmp_path_factory.mktemp("repository") / name
        answers_of_pipelines = [
            dict(zip(("layer", "name"), each.split("/"), strict=True)) for each in pipelines
        ]
        data = {"pipelines": answers_of_pipelines, **answers}
        copier.run_copy(str(template), folder, data=data, defaults=True, quiet=True)
        for pipeline, code in pipelines.items():
            place = folder / "src" / pipeline
            for handler in place.glob("*/lambda.py"):
                shutil.rmtree(handler.parent)
            shutil.copytree(code, place, dirs_exist_ok=True)
        return folder

    return render_repository


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
