"""The time of a check of 1,000 functions when nothing has to be built, before Pulumi starts.

It reads fingerprints from the disk, sends one request per function to ECR (simulated by moto on
this machine, which takes most of the time), and makes the plan.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import boto3

from benchmarks.measuring import machine
from benchmarks.repositories import with_many
from dorc_runtime import UniversalConfig
from dorc_runtime.deploy.programs.image_plan import PLAN_VARIABLE, missing_images, read_plan, staged
from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.project.images.fingerprint import ImageRecipe, recipes
from dorc_runtime.project.repository import Repository

UNIVERSAL = UniversalConfig(region="eu-west-2", project="bench")
FUNCTIONS = 10
LIBRARY = 200
MANIFEST = json.dumps({"schemaVersion": 2, "config": {}, "layers": []})
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def main() -> None:
    """Print the figures."""
    print(machine())
    with tempfile.TemporaryDirectory() as temporary, Lake.start(region=UNIVERSAL.region) as aws:
        aws.open()
        client = _client(aws.endpoint)
        for pipelines in (25, 50, 100):
            aws.reset()
            _check(_repository(Path(temporary, str(pipelines)), pipelines), client)


def _check(root: Path, client: Any) -> None:
    """Print the time of a check when all images exist."""
    began = time.perf_counter()
    found = recipes(Repository(root), UNIVERSAL)
    read = time.perf_counter() - began
    _push(found, client)
    began = time.perf_counter()
    missing = missing_images(found, client=client)
    asked = time.perf_counter() - began
    began = time.perf_counter()
    with staged(found, missing=missing) as file:
        built = len(read_plan({PLAN_VARIABLE: str(file)}).missing)
    planned = time.perf_counter() - began
    print(
        f"{len(found):5} functions: fingerprints {read:5.2f} s, asking ECR {asked:5.2f} s, "
        f"plan {planned:5.2f} s; images staged: {built}"
    )


def _repository(root: Path, pipelines: int) -> Path:
    """Write functions with a library of 200 files of 4 kB."""
    with_many(root, pipelines, FUNCTIONS)
    (root / "Dockerfile").write_text("FROM python:3.12\n")
    (root / "lib").mkdir()
    for number in range(LIBRARY):
        (root / "lib" / f"module_{number}.py").write_text("x = 1\n" * 700)
    return root


def _push(found: tuple[ImageRecipe, ...], client: Any) -> None:
    for recipe in found:
        client.create_repository(repositoryName=recipe.repository)
        client.put_image(
            repositoryName=recipe.repository,
            imageManifest=MANIFEST,
            imageManifestMediaType=MANIFEST_TYPE,
            imageTag=recipe.tag,
        )


def _client(endpoint: str) -> Any:
    return boto3.client(
        "ecr",
        region_name=UNIVERSAL.region,
        endpoint_url=endpoint,
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106 # nobody's
    )


if __name__ == "__main__":
    main()
