"""The build context, built by Docker on AWS's own base image, answers as on Lambda.

That image contains an emulator of Lambda:
https://docs.aws.amazon.com/lambda/latest/dg/python-image.html#python-image-instructions
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from pydantic import JsonValue

from dorc_runtime import UniversalConfig
from dorc_runtime.project.images.fingerprint import recipe, stage
from dorc_runtime.project.repository import Repository

UNIVERSAL = UniversalConfig(region="eu-west-2", project="penguins")
INVOCATIONS = "2015-03-31/functions/function/invocations"


def docker(*words: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        ["docker", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def answer(address: str, event: JsonValue) -> JsonValue:
    """Return the answer of the function, when the emulator listens at ``address``."""
    request = Request(f"http://{address}/{INVOCATIONS}", data=json.dumps(event).encode())
    for _ in range(100):
        try:
            with urlopen(request, timeout=60) as response:  # noqa: S310 # our own address
                body: JsonValue = json.load(response)
                return body
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"nothing answers at {address}")


@pytest.fixture(scope="module")
def address(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the repository's function, which runs in its image."""
    engine = ["docker", "version"]
    if (
        shutil.which("docker") is None
        or subprocess.run(engine, capture_output=True, check=False).returncode
    ):
        pytest.skip("no images by Docker without a Docker engine that runs")
    folder = Repository(repository).pipeline("raw-to-processed/example")
    image_recipe = recipe(folder, "clean", UNIVERSAL)
    context = tmp_path_factory.mktemp("context") / "clean"
    stage(image_recipe, context)
    tag = f"dorc-test:{image_recipe.tag}"
    options = (
        "--platform",
        image_recipe.platform,
        "--build-arg",
        f"CODE_PATH={image_recipe.code_path}",
    )
    docker("build", *options, "--tag", tag, ".", folder=context)
    platform = ("--platform", image_recipe.platform)
    container = docker("run", "--detach", *platform, "--publish", "127.0.0.1::8080", tag)
    try:
        yield docker("port", container, "8080/tcp").splitlines()[0]
    finally:
        docker("rm", "--force", container)
        docker("rmi", tag)


def test_the_handler_answers_on_the_image_of_aws(address: str) -> None:
    assert answer(address, {"rows": 344}) == {
        "event": {"rows": 344},
        "sub-package": "no blanks",
        "lib": "g",
        "packages of all": "1.17.0",
        "packages of the pipeline": "1.0.0",
    }
