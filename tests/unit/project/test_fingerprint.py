"""An image's tag tells its content: what changes it changes the tag, and nothing else does."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dorc_runtime import UniversalConfig
from dorc_runtime.errors import DefinitionError, StackError, UnknownNameError
from dorc_runtime.project.images.fingerprint import ImageRecipe, recipe, recipes, stage
from dorc_runtime.project.repository import Repository

UNIVERSAL = UniversalConfig(region="eu-west-2", project="penguins")
DOCKERFILE = "FROM public.ecr.aws/lambda/python:3.12-x86_64\n"
CLEAN, LOAD, SUM = "raw-to-processed/a/clean", "raw-to-processed/a/load", "default/b/clean"
ALL = {CLEAN, LOAD, SUM}
HANDLER = "def handler(event, context): ...\n"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository made by hand, with three functions in two pipelines."""
    folder = tmp_path / "my-pipelines"
    files = {f"src/{name}/lambda.py": HANDLER for name in ALL}
    definitions = {f"src/{name}/../pipeline.py": "" for name in ALL}
    write(
        folder,
        {
            **files,
            **definitions,
            "Dockerfile": DOCKERFILE,
            "requirements.txt": "six==1.17.0\ntoolz==1.0.0\n",
            "src/raw-to-processed/a/requirements.txt": "",
            f"src/{CLEAN}/rules/blanks.py": "RULE = 1\n",
            "lib/units/__init__.py": "GRAM = 'g'\n",
        },
    )
    return folder


def made(root: Path, universal: UniversalConfig = UNIVERSAL) -> dict[str, ImageRecipe]:
    return {found.id: found for found in recipes(Repository(root), universal)}


def tags(root: Path) -> dict[str, str]:
    return {name: found.tag for name, found in made(root).items()}


def rebuilt(root: Path, change: Callable[[], object]) -> set[str]:
    """Return the functions whose images are other ones after the change."""
    before = tags(root)
    change()
    after = tags(root)
    return {name for name, tag in after.items() if tag != before.get(name)}


def staged(recipe: ImageRecipe, folder: Path) -> set[str]:
    """Return the paths of the recipe's build context, written into ``folder``."""
    stage(recipe, folder)
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize(
    ("file", "functions"),
    [
        (f"src/{CLEAN}/lambda.py", {CLEAN}),
        (f"src/{CLEAN}/rules/blanks.py", {CLEAN}),
        (f"src/{CLEAN}/rules/new.py", {CLEAN}),
        (f"src/{CLEAN}/table.csv", {CLEAN}),
        ("src/raw-to-processed/a/requirements.txt", {CLEAN, LOAD}),
        ("src/default/b/requirements.txt", {SUM}),
        ("requirements.txt", ALL),
        ("lib/units/__init__.py", ALL),
        ("lib/new.py", ALL),
        ("Dockerfile", ALL),
    ],
)
def test_a_changed_file_rebuilds_what_it_goes_into(
    root: Path, file: str, functions: set[str]
) -> None:
    assert rebuilt(root, lambda: write(root, {file: "changed = 1\n"})) == functions


@pytest.mark.parametrize(
    "file",
    [
        "README.md",
        "lib/README.md",
        f"src/{CLEAN}/README.md",
        f"src/{CLEAN}/rules/readme.txt",
        f"src/{CLEAN}/__pycache__/lambda.cpython-312.pyc",
        "lib/units/__pycache__/__init__.cpython-312.pyc",
        f"src/{CLEAN}/old.pyc",
        f"src/{CLEAN}/.env",
        f"src/{CLEAN}/.DS_Store",
        f"src/{CLEAN}/.lambda.py.swp",
        f"src/{CLEAN}/lambda.py~",
        "src/raw-to-processed/a/pipeline.py",
        "src/raw-to-processed/a/__main__.py",
        "src/raw-to-processed/a/Pulumi.prod.yaml",
        "src/raw-to-processed/a/examples/first/input.json",
        "src/raw-to-processed/a/tests/test_a.py",
        "pipeline_config.py",
        "infra/Pulumi.prod.yaml",
        ".env",
    ],
)
def test_a_file_that_is_in_no_image_rebuilds_nothing(root: Path, tmp_path: Path, file: str) -> None:
    assert rebuilt(root, lambda: write(root, {file: "changed = 1\n"})) == set()
    context = tmp_path / "context"
    assert file not in staged(made(root)[CLEAN], context)


def test_another_time_owner_mode_or_place_rebuilds_nothing(root: Path, tmp_path: Path) -> None:
    before = tags(root)
    copy = tmp_path / "elsewhere" / "clone"
    shutil.copytree(root, copy)
    handler = copy / "src" / CLEAN / "lambda.py"
    os.utime(handler, (1, 1))
    handler.chmod(0o600)
    (copy / "lib" / "empty").mkdir()
    assert tags(copy) == before


def test_a_revert_has_the_earlier_tag(root: Path) -> None:
    before = tags(root)
    handler = {f"src/{CLEAN}/lambda.py": "def handler(event, context): return 1\n"}
    assert rebuilt(root, lambda: write(root, handler)) == {CLEAN}
    write(root, {f"src/{CLEAN}/lambda.py": HANDLER})
    assert tags(root) == before


def test_a_file_that_becomes_executable_rebuilds(root: Path) -> None:
    script = root / "src" / CLEAN / "tool.sh"
    script.write_text("#!/bin/sh\n")
    assert rebuilt(root, lambda: script.chmod(0o755)) == {CLEAN}


def test_a_renamed_file_rebuilds(root: Path) -> None:
    rules = root / "src" / CLEAN / "rules"
    moved = rules.with_name("laws")
    assert rebuilt(root, lambda: rules.rename(moved)) == {CLEAN}


def test_text_that_moves_between_files_rebuilds(root: Path) -> None:
    """What ends one file and what starts the next are not confused."""
    rules = f"src/{CLEAN}/rules"
    write(root, {f"{rules}/x.py": "one\ntwo\n", f"{rules}/y.py": ""})
    change = {f"{rules}/x.py": "one\n", f"{rules}/y.py": "two\n"}
    assert rebuilt(root, lambda: write(root, change)) == {CLEAN}


def test_requirements_in_another_order_rebuild(root: Path) -> None:
    """Pip may choose others then."""
    swapped = {"requirements.txt": "toolz==1.0.0\nsix==1.17.0\n"}
    assert rebuilt(root, lambda: write(root, swapped)) == ALL


def test_another_processor_rebuilds(root: Path) -> None:
    write(root, {"Dockerfile": "FROM python:3.12\n"})
    arm = UniversalConfig(region="eu-west-2", project="penguins", architecture="arm64")
    one, other = made(root)[CLEAN], made(root, arm)[CLEAN]
    assert (one.platform, other.platform) == ("linux/amd64", "linux/arm64")
    assert one.tag != other.tag


def test_equal_functions_of_two_pipelines_are_both_built(root: Path) -> None:
    """Each has a repository of its own, which an image of the other's is not in."""
    shutil.copytree(root / "src" / CLEAN, root / "src" / SUM, dirs_exist_ok=True)
    found = made(root)
    assert found[CLEAN].repository != found[SUM].repository
    assert found[CLEAN].code_path != found[SUM].code_path
    assert found[CLEAN].tag != found[SUM].tag


def test_a_pipelines_program_finds_the_tags_that_universal_built(root: Path) -> None:
    repository = Repository(root)
    alone = recipe(repository.pipeline("raw-to-processed/a"), "clean", UNIVERSAL)
    assert alone == made(root)[CLEAN]


def test_an_unknown_function_names_the_known_ones(root: Path) -> None:
    folder = Repository(root).pipeline("raw-to-processed/a")
    with pytest.raises(UnknownNameError, match=r"no function 'claen' in .*; known: clean, load"):
        recipe(folder, "claen", UNIVERSAL)


def test_a_tag_is_one_that_ecr_takes(root: Path) -> None:
    assert all(re.fullmatch(r"[a-z0-9]{1,128}", tag) for tag in tags(root).values())


def test_the_context_holds_only_the_files_of_the_image(root: Path, tmp_path: Path) -> None:
    assert staged(made(root)[CLEAN], tmp_path / "context") == {
        "Dockerfile",
        "requirements.txt",
        "src/raw-to-processed/a/requirements.txt",
        f"src/{CLEAN}/lambda.py",
        f"src/{CLEAN}/rules/blanks.py",
        "lib/units/__init__.py",
    }


def test_missing_files_are_empty_in_the_context(root: Path, tmp_path: Path) -> None:
    """The Dockerfile copies it all the same."""
    shutil.rmtree(root / "lib")
    (root / "requirements.txt").unlink()
    context = tmp_path / "context"
    paths = staged(made(root)[SUM], context)
    assert {"requirements.txt", "src/default/b/requirements.txt"} < paths
    assert (context / "requirements.txt").read_bytes() == b""
    assert list((context / "lib").iterdir()) == []


def test_an_empty_requirements_file_is_the_same_as_none(root: Path) -> None:
    empty = {"src/default/b/requirements.txt": ""}
    assert rebuilt(root, lambda: write(root, empty)) == set()


def test_a_dockerfile_in_src_is_used(root: Path, tmp_path: Path) -> None:
    before = tags(root)
    (root / "Dockerfile").rename(root / "src" / "Dockerfile")
    assert tags(root) == before
    context = tmp_path / "context"
    stage(made(root)[CLEAN], context)
    assert (context / "Dockerfile").read_text() == DOCKERFILE


def test_without_a_dockerfile_the_error_says_how_to_get_one(root: Path) -> None:
    (root / "Dockerfile").unlink()
    with pytest.raises(DefinitionError, match=r"has no Dockerfile, .*: copy the one that"):
        made(root)


def test_a_dockerfile_for_another_processor_is_refused(root: Path) -> None:
    """It would be built, pushed, and fail on Lambda."""
    arm = UniversalConfig(region="eu-west-2", project="penguins", architecture="arm64")
    with pytest.raises(DefinitionError, match=r"Dockerfile starts .* x86_64, but .* arm64: use"):
        made(root, arm)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
class TestLinks:
    """Links are content where they stay in the repository, and refused where they leave it."""

    def test_a_linked_file_or_folder_is_copied(self, root: Path, tmp_path: Path) -> None:
        function = root / "src" / CLEAN
        write(root, {"shared/table.csv": "1\n"})
        (function / "table.csv").symlink_to("../../../../shared/table.csv")
        (function / "more").symlink_to(root / "shared")
        paths = staged(made(root)[CLEAN], tmp_path / "context")
        assert {f"src/{CLEAN}/table.csv", f"src/{CLEAN}/more/table.csv"} < paths
        assert not any(path.is_symlink() for path in (tmp_path / "context").rglob("*"))
        change = {"shared/table.csv": "2\n"}
        assert rebuilt(root, lambda: write(root, change)) == {CLEAN}

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("../../../../../outside.csv", r"clean/link links to .* outside of the repository"),
            ("nowhere.csv", r"clean/link links to .* does not exist"),
            (".", r"clean/link links to a folder that contains it"),
            ("link", r"clean/link links to .* does not exist"),
        ],
        ids=["outside", "broken", "folder above", "itself"],
    )
    def test_an_invalid_link_is_refused(self, root: Path, target: str, message: str) -> None:
        (root.parent / "outside.csv").write_text("secret")
        (root / "src" / CLEAN / "link").symlink_to(target)
        with pytest.raises(DefinitionError, match=message):
            made(root)

    def test_a_repository_below_a_link_has_the_same_tags(self, root: Path, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(root)
        assert tags(tmp_path / "link") == tags(root)


def test_a_pipe_is_refused(root: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in folders here")
    os.mkfifo(root / "src" / CLEAN / "pipe")
    with pytest.raises(DefinitionError, match="clean/pipe is neither a file nor a folder"):
        made(root)


def test_a_file_that_changes_while_images_are_prepared_is_an_error(
    root: Path, tmp_path: Path
) -> None:
    found = made(root)[CLEAN]
    write(root, {f"src/{CLEAN}/lambda.py": "def handler(event, context): return 1\n"})
    with pytest.raises(StackError, match=r"lambda\.py changed while"):
        stage(found, tmp_path / "context")
