"""Only images that ECR lacks are built; the plan names them for the program of universal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from dorc_runtime import UniversalConfig
from dorc_runtime.deploy.programs.image_plan import (
    PLAN_VARIABLE,
    missing_images,
    read_plan,
    staged,
)
from dorc_runtime.errors import StackError
from dorc_runtime.project.images.fingerprint import ImageRecipe, recipes
from dorc_runtime.project.repository import Repository

UNIVERSAL = UniversalConfig(region="eu-west-2", project="penguins")


@pytest.fixture
def found(tmp_path: Path) -> tuple[ImageRecipe, ...]:
    """The recipes of three functions."""
    root = tmp_path / "my-pipelines"
    folder = root / "src/default/census"
    for name in "abc":
        (folder / name).mkdir(parents=True)
        (folder / name / "lambda.py").write_text("def handler(event, context): ...\n")
    (folder / "pipeline.py").write_text("")
    (root / "Dockerfile").write_text("FROM python:3.12\n")
    return recipes(Repository(root), UNIVERSAL)


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An ECR without repositories."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        yield boto3.client("ecr", region_name="eu-west-2")


def push(ecr: Any, recipe: ImageRecipe, tag: str) -> None:
    ecr.put_image(
        repositoryName=recipe.repository,
        imageManifest=json.dumps({"schemaVersion": 2, "config": {"digest": tag}, "layers": []}),
        imageManifestMediaType="application/vnd.oci.image.manifest.v1+json",
        imageTag=tag,
    )


def test_without_repositories_every_image_is_missing(
    found: tuple[ImageRecipe, ...], ecr: Any
) -> None:
    assert missing_images(found, client=ecr) == found


def test_an_image_is_missing_until_its_own_tag_is_there(
    found: tuple[ImageRecipe, ...], ecr: Any
) -> None:
    for recipe in found:
        ecr.create_repository(repositoryName=recipe.repository)
        push(ecr, recipe, "0000")
    push(ecr, found[1], found[1].tag)
    assert missing_images(found, client=ecr) == (found[0], found[2])


def test_no_functions_have_no_images_to_ask_for(ecr: Any) -> None:
    assert missing_images((), client=ecr) == ()


def test_a_failure_of_ecr_is_reported_in_one_line(found: tuple[ImageRecipe, ...]) -> None:
    """Nothing listens there."""
    client = boto3.client(
        "ecr",
        region_name="eu-west-2",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 # nobody's
    )
    with pytest.raises(StackError, match=r"ECR does not say .*census/a: .*127\.0\.0\.1:9"):
        missing_images(found, client=client)


def test_the_program_reads_what_the_driver_planned(found: tuple[ImageRecipe, ...]) -> None:
    with staged(found, missing=found[1:]) as file:
        plan = read_plan({PLAN_VARIABLE: str(file)})
        assert [image.id for image in plan.functions] == [recipe.id for recipe in found]
        assert plan.missing == plan.functions[1:]
        assert plan.functions[0].repository == "penguins/default/census/a"
        assert plan.functions[0].tag == found[0].tag


def test_contexts_of_missing_images_are_there_meanwhile(found: tuple[ImageRecipe, ...]) -> None:
    with staged(found, missing=found[:1]) as file:
        [missing] = read_plan({PLAN_VARIABLE: str(file)}).missing
        assert missing.context is not None
        handler = missing.context / missing.code_path / "lambda.py"
        assert handler.read_text() == "def handler(event, context): ...\n"
    assert not missing.context.exists()
    assert not file.exists()


def test_contexts_share_the_room_of_what_they_share(found: tuple[ImageRecipe, ...]) -> None:
    with staged(found, missing=found) as file:
        contexts = [image.context for image in read_plan({PLAN_VARIABLE: str(file)}).missing]
        inodes = {Path(f"{context}/Dockerfile").stat().st_ino for context in contexts}
        assert (len(contexts), len(inodes)) == (3, 1)


def test_a_program_without_a_plan_says_what_to_run() -> None:
    with pytest.raises(StackError, match="`invoke apply --instance universal`, which") as error:
        read_plan({})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [None, "", "{}"], ids=["no file", "no JSON", "no plan"])
def test_a_plan_that_is_no_plan_is_reported_in_one_line(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "plan.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(StackError, match=r"plan\.json, which is no plan of images: ") as error:
        read_plan({PLAN_VARIABLE: str(file)})
    assert "\n" not in str(error.value)
