"""The Dockerfile of the template is built, and its handler answers from inside the image."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import JsonValue

from .buildah import Buildah
from .runtime_api import Answer

CLEAN = "src/raw-to-processed/example/clean"
Changed = Callable[[str, str], Path]


def test_the_handler_can_use_everything_in_its_image(buildah: Buildah, image: str) -> None:
    expected: JsonValue = {
        "event": {"rows": 344},
        "sub-package": "no blanks",
        "lib": "g",
        "packages of all": "1.17.0",
        "packages of the pipeline": "1.0.0",
    }
    assert Answer("response", expected) == buildah.call(image, {"rows": 344})


def test_an_image_contains_only_its_function_and_lib(buildah: Buildah, image: str) -> None:
    function = {"lambda.py", "rules/__init__.py", "rules/deep/__init__.py", "rules/deep/thing.py"}
    assert {*function, "units/__init__.py", "README.md"} == buildah.files(image, "/var/task")


def test_changed_code_changes_only_the_last_layer(
    buildah: Buildah, image: str, changed: Changed
) -> None:
    """Packages are neither installed nor pushed again."""
    folder = changed(f"{CLEAN}/lambda.py", "def handler(event, context): ...\n")
    done = buildah.build(folder, "localhost/changed", CODE_PATH=CLEAN)
    assert done.returncode == 0, done.stderr
    before, after = buildah.layers(image), buildah.layers("localhost/changed")
    assert (before[:-1], False) == (after[:-1], before[-1] == after[-1])


def test_functions_of_a_pipeline_share_the_layer_of_packages(
    buildah: Buildah, image: str, changed: Changed
) -> None:
    publish = CLEAN.replace("clean", "publish")
    folder = changed(f"{publish}/lambda.py", "def handler(event, context): ...\n")
    done = buildah.build(folder, "localhost/publish", CODE_PATH=publish)
    assert done.returncode == 0, done.stderr
    assert buildah.layers(image)[:-1] == buildah.layers("localhost/publish")[:-1]


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("requirements.txt", "six==0.0.404"),
        ("src/raw-to-processed/example/requirements.txt", "toolz==0.0.404"),
    ],
)
def test_a_package_that_cannot_be_installed_fails_the_build(
    buildah: Buildah, changed: Changed, file: str, line: str
) -> None:
    done = buildah.build(changed(file, f"{line}\n"), "localhost/wrong", CODE_PATH=CLEAN)
    assert done.returncode != 0
    assert f"No matching distribution found for {line}" in done.stderr


def test_a_function_that_does_not_exist_fails_the_build(buildah: Buildah, repository: Path) -> None:
    missing = CLEAN.replace("clean", "missing")
    done = buildah.build(repository, "localhost/missing", CODE_PATH=missing)
    assert done.returncode != 0
    assert f"{missing}/lambda.py" in done.stderr


def test_a_build_without_a_function_fails(buildah: Buildah, repository: Path) -> None:
    """Otherwise the image would contain the whole repository, and no handler."""
    done = buildah.build(repository, "localhost/none")
    assert done.returncode != 0
    assert "lambda.py" in done.stderr


def test_the_base_image_has_the_chosen_python_and_architecture(
    render: Callable[..., Path],
) -> None:
    dockerfile = (render(python_version="3.11", architecture="arm64") / "Dockerfile").read_text()
    assert "\nFROM public.ecr.aws/lambda/python:3.11-arm64\n" in dockerfile
