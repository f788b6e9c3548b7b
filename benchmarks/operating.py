"""Times of commands about executions, over 100 pipelines and 10,000 executions, and of logs."""

import os
import tempfile
from pathlib import Path

from benchmarks.measuring import Figures, invoke, machine, measured
from benchmarks.repositories import deployable
from dorc_runtime.compile.names import Names
from dorc_runtime.model.config import UniversalConfig
from dorc_runtime.project.images.fingerprint import recipes
from dorc_runtime.project.repository import Repository
from tests.unit.operate.large_aws import REGION, LargeAws, served

FUNCTIONS, EXECUTIONS = 3, 100
# How long AWS takes for a small call.
SECONDS = 0.05
COMMANDS = (
    ("executions", "--env", "prod"),
    ("executions", "--env", "prod", "--failed"),
    ("status", "--env", "prod"),
)
PIPELINE = "raw-to-processed/pipeline_0"
LOGS = ("logs", "--env", "prod", "--pipeline", PIPELINE, "--function", "function_0")


def main() -> None:
    """Print the figures."""
    print(machine())
    os.environ.update({"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"})
    with tempfile.TemporaryDirectory() as temporary:
        medians: dict[tuple[str, ...], float] = {}
        for pipelines in (10, 100):
            root = deployable(Path(temporary, str(pipelines)), pipelines, FUNCTIONS)
            for words in COMMANDS:
                figures, calls = _measured(words, root)
                print(f"{' '.join(words):33} {pipelines:3} pipelines {figures}, {calls} calls")
                ratio = figures.median / medians.setdefault(words, figures.median)
            print(f"{ratio:.2f}")
        for lines in (10_000, 100_000):
            figures, calls = _measured(LOGS, root, lines=lines)
            print(f"logs, {lines:7,} lines {figures}, {calls} calls")


def _measured(words: tuple[str, ...], root: Path, *, lines: int = 0) -> tuple[Figures, int]:
    aws = _aws(root, lines)
    with served(aws) as endpoint:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        figures = measured(invoke(*words), folder=root, runs=3)
    return figures, aws.calls.total() // 4


def _aws(root: Path, lines: int) -> LargeAws:
    """Return the AWS to which the repository is deployed, with the current images."""
    names = Names("bench", "prod")
    repository = Repository(root)
    found = recipes(repository, UniversalConfig(region=REGION, project="bench"))
    return LargeAws(
        tuple(names.pipeline(each.layer, each.name).machine for each in repository.pipelines),
        EXECUTIONS,
        images={
            names.pipeline(each.layer, each.pipeline).function(each.function): each.tag
            for each in found
        },
        letters={names.shared: 0},
        lines=lines,
        seconds=SECONDS,
    )


if __name__ == "__main__":
    main()
