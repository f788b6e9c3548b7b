"""A repository as the template writes it, and images of its functions."""

import os
import shutil
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.repositories import copy_template, render_repository

from .buildah import Buildah

LAYER, PIPELINE = "raw-to-processed", "example"
TOOLS = ("buildah", "crun", "debootstrap")

FILES = {
    "requirements.txt": "six==1.17.0\n",
    "lib/units/__init__.py": "GRAM = 'g'\n",
    "src/raw-to-processed/example/requirements.txt": "toolz==1.0.0\n",
    "src/raw-to-processed/example/clean/lambda.py": """\
        import six
        import toolz
        import units
        from rules.deep import thing


        def handler(event, context):
            return {
                "event": event,
                "sub-package": thing.RULE,
                "lib": units.GRAM,
                "packages of all": six.__version__,
                "packages of the pipeline": toolz.__version__,
            }
        """,
    "src/raw-to-processed/example/clean/rules/__init__.py": "",
    "src/raw-to-processed/example/clean/rules/deep/__init__.py": "",
    "src/raw-to-processed/example/clean/rules/deep/thing.py": "RULE = 'no blanks'\n",
    "src/raw-to-processed/example/clean/rules/__pycache__/old.cpython-312.pyc": "",
}

Render = Callable[..., Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that build images where buildah cannot, with the reason in one line."""
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        reason = f"no images without {', '.join(missing)}: apt-get install {' '.join(missing)}"
    elif os.getuid() != 0:
        reason = "only root builds images: run this tier with sudo"
    else:
        return
    for item in items:
        if isinstance(item, pytest.Function) and "buildah" in item.fixturenames:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """Render a repository with one pipeline from the template."""
    template = copy_template(tmp_path_factory.mktemp("template"))

    def render_with(**answers: str) -> Path:
        folder = tmp_path_factory.mktemp("rendered") / "my-pipelines"
        return render_repository(template, folder, [f"{LAYER}/{PIPELINE}"], **answers)

    return render_with


@pytest.fixture(scope="session")
def repository(render: Render) -> Path:
    """A repository with a function that needs everything that an image can contain."""
    folder = render()
    for name, text in FILES.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text))
    return folder


@pytest.fixture
def changed(repository: Path, tmp_path: Path) -> Callable[[str, str], Path]:
    """Copy the repository with another text in one file."""

    def change(name: str, text: str) -> Path:
        copy = tmp_path / "changed"
        shutil.copytree(repository, copy)
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).write_text(text)
        return copy

    return change


@pytest.fixture(scope="session")
def buildah() -> Iterator[Buildah]:
    """Buildah with the base images; its storage is deleted at the end."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dorc-images"
    with (
        tempfile.TemporaryDirectory(prefix="dorc-images-") as folder,
        closing(Buildah(folder=Path(folder), cache=cache)) as tool,
    ):
        tool.make_base("public.ecr.aws/lambda/python:3.12-x86_64")
        yield tool


@pytest.fixture(scope="session")
def image(buildah: Buildah, repository: Path) -> str:
    """The image of the repository's function."""
    done = buildah.build(repository, "localhost/clean", CODE_PATH=f"src/{LAYER}/{PIPELINE}/clean")
    assert done.returncode == 0, done.stdout + done.stderr
    return "localhost/clean"
