"""The build context of a deployment is built; and its tag, which says what is in the image."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import JsonValue

from dorc_runtime import UniversalConfig
from dorc_runtime.deploy.programs.image_plan import PLAN_VARIABLE, read_plan, staged
from dorc_runtime.project.images.fingerprint import ImageRecipe, recipe, recipes, stage
from dorc_runtime.project.repository import Repository

from .buildah import Buildah
from .runtime_api import Answer

UNIVERSAL = UniversalConfig(region="eu-west-2", project="penguins")
CLEAN, PUBLISH = (f"src/raw-to-processed/example/{name}" for name in ("clean", "publish"))
# The folders that the Dockerfile fills; the packages follow from the requirements.
FOLDERS = ("/var/task", "/tmp/requirements")  # noqa: S108 # in the image

Contents = dict[str, dict[str, tuple[str, str]]]
Changed = Callable[[str, str], Path]


def clean(repository: Path) -> ImageRecipe:
    return recipe(Repository(repository).pipeline("raw-to-processed/example"), "clean", UNIVERSAL)


def build(buildah: Buildah, image_recipe: ImageRecipe, context: Path, tag: str) -> Contents:
    """Build only the context, and return the files of the image."""
    stage(image_recipe, context)
    done = buildah.build(context, tag, CODE_PATH=image_recipe.code_path)
    assert done.returncode == 0, done.stdout + done.stderr
    return {folder: buildah.contents(tag, folder) for folder in FOLDERS}


@pytest.fixture(scope="module")
def before(
    buildah: Buildah, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Contents]:
    """The tag of the repository's function, and the files of its image."""
    image_recipe, context = clean(repository), tmp_path_factory.mktemp("context") / "clean"
    return image_recipe.tag, build(buildah, image_recipe, context, "localhost/staged")


@pytest.mark.usefixtures("before")
def test_the_handler_answers_from_an_image_of_the_context(buildah: Buildah) -> None:
    expected: JsonValue = {
        "event": {"rows": 344},
        "sub-package": "no blanks",
        "lib": "g",
        "packages of all": "1.17.0",
        "packages of the pipeline": "1.0.0",
    }
    assert Answer("response", expected) == buildah.call("localhost/staged", {"rows": 344})


def test_it_has_the_files_of_a_build_by_hand_without_readmes(
    buildah: Buildah, image: str, before: tuple[str, Contents]
) -> None:
    """`docker build` in the repository's root and a deployment give the same image."""
    for folder in FOLDERS:
        by_hand = buildah.contents(image, folder)
        by_hand.pop("README.md", None)
        deployed = before[1][folder]
        # A build by hand has the modes of the checkout, a deployment has fixed ones.
        assert {name: content for name, (_, content) in by_hand.items()} == {
            name: content for name, (_, content) in deployed.items()
        }


@pytest.mark.parametrize(
    ("file", "text", "differs"),
    [
        (f"{CLEAN}/lambda.py", "def handler(event, context): ...\n", True),
        (f"{CLEAN}/rules/more.py", "", True),
        ("lib/units/__init__.py", "GRAM = 'gram'\n", True),
        ("requirements.txt", "six==1.17.0\n# for all\n", True),
        ("src/raw-to-processed/example/requirements.txt", "toolz==1.0.0\n# here\n", True),
        (f"{CLEAN}/README.md", "# Clean\n", False),
        ("lib/README.md", "# Units\n", False),
        (f"{CLEAN}/__pycache__/lambda.cpython-312.pyc", "old", False),
        (f"{CLEAN}/.lambda.py.swp", "half", False),
        ("src/raw-to-processed/example/tests/test_more.py", "", False),
        ("src/raw-to-processed/example/publish/lambda.py", "", False),
        ("pipeline_config.py", "", False),
    ],
)
def test_the_tag_differs_exactly_when_the_files_of_the_image_do(
    buildah: Buildah,
    before: tuple[str, Contents],
    changed: Changed,
    tmp_path: Path,
    file: str,
    text: str,
    differs: bool,
) -> None:
    image_recipe = clean(changed(file, text))
    after = (
        image_recipe.tag,
        build(buildah, image_recipe, tmp_path / "context", "localhost/staged-changed"),
    )
    assert [one != other for one, other in zip(before, after, strict=True)] == [differs, differs]


def test_a_file_that_can_be_executed_stays_so(
    buildah: Buildah, before: tuple[str, Contents], changed: Changed, tmp_path: Path
) -> None:
    """With any user and any umask."""
    folder = changed(f"{CLEAN}/tool.sh", "#!/bin/sh\n")
    (folder / CLEAN / "tool.sh").chmod(0o700)
    (folder / CLEAN / "lambda.py").chmod(0o600)
    contents = build(buildah, clean(folder), tmp_path / "context", "localhost/staged-program")
    task = contents["/var/task"]
    assert (task["tool.sh"][0], task["lambda.py"][0]) == ("-rwxr-xr-x", "-rw-r--r--")
    assert task["lambda.py"] == before[1]["/var/task"]["lambda.py"]


def test_contexts_that_share_files_are_built_separately(
    buildah: Buildah, before: tuple[str, Contents], changed: Changed
) -> None:
    """Files that two contexts have in common are written once."""
    folder = changed(f"{PUBLISH}/lambda.py", "def handler(event, context): ...\n")
    image_recipe = recipes(Repository(folder), UNIVERSAL)
    with staged(image_recipe, missing=image_recipe) as file:
        plan = read_plan({PLAN_VARIABLE: str(file)})
        [context] = [image.context for image in plan.missing if image.function == "publish"]
        done = buildah.build(Path(str(context)), "localhost/publish", CODE_PATH=PUBLISH)
    assert done.returncode == 0, done.stdout + done.stderr
    task = buildah.contents("localhost/publish", "/var/task")
    assert set(task) == {"lambda.py", "units/__init__.py"}
    assert task["units/__init__.py"] == before[1]["/var/task"]["units/__init__.py"]


def test_a_new_repository_without_packages_and_lib_is_built(
    buildah: Buildah, render: Callable[..., Path], tmp_path: Path
) -> None:
    contents = build(buildah, clean(render()), tmp_path / "context", "localhost/staged-new")
    assert list(contents["/var/task"]) == ["lambda.py"]
