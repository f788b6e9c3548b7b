"""The page on environments: its files and commands, in their order, give what the page shows."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.repositories import (
    copy_template,
    page_blocks,
    page_commands,
    render_repository,
    write_block,
)
from tests.template.conftest import invoke

PAGE = "environments.md"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository after everything that the page types."""
    template = copy_template(tmp_path_factory.mktemp("template"))
    folder = tmp_path_factory.mktemp("page") / "weather"
    for language, block in page_blocks(PAGE):
        if language == "console":
            for command, lines in page_commands(block):
                output = run(command, template, folder)
                for line in lines:
                    words = r"\s+".join(map(re.escape, line.split()))
                    assert re.search(words, output), f"{command}: {line}\n{output}"
        else:
            write_block(block, folder)
    return folder


def run(command: str, template: Path, folder: Path) -> str:
    program, *words = shlex.split(command)
    match program:
        case "copier":
            render_repository(template, folder, [], layers=["ingest"])
        case "cd":
            pass
        case "invoke":
            done = invoke(folder, *words, COLUMNS="140")
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            return done.stdout
        case _:
            subprocess.run([program, *words], cwd=folder, check=True)
    return ""


def test_the_page_works_as_it_is_typed(repository: Path) -> None:
    assert (repository / "infra/Pulumi.test.yaml").is_file()


def test_what_is_synthesised_for_prod_has_nothing_of_dev(repository: Path) -> None:
    document = json.loads((repository / "prod.json").read_text())
    for resource in (each for stack in document["stacks"] for each in stack["resources"]):
        # The code of a function of dorc's own, which may say dev in a comment.
        resource["inputs"].pop("code", None)
    text = json.dumps(document)
    assert "https://api.birds.example/" in text
    assert not re.search(r"\bdev\b|test\.birds", text)


def test_each_environment_gets_its_own_values(repository: Path) -> None:
    memory = {}
    for environment in ("dev", "prod"):
        done = invoke(repository, "synth", "--env", environment, "--instance", "ingest/weather")
        resources = json.loads(done.stdout)["resources"]
        [function] = [each for each in resources if each["type"] == "aws:lambda/function:Function"]
        memory[environment] = function["inputs"]["memorySize"]
    assert memory == {"dev": 256, "prod": 1024}


def test_the_value_of_the_secret_is_in_no_file_of_the_run(repository: Path) -> None:
    for file in repository.glob(".dorc/**/*"):
        if file.is_file():
            assert b"a key for tests" not in file.read_bytes(), file
