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

FUNCTIONS, EXECUTIONS, RUNS = 3, 100, 3
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
        medians = {}
        for pipelines in (10, 100):
            root = deployable(Path(temporary, str(pipelines)), pipelines, FUNCTIONS)
            for words in COMMANDS:
                figures = _measured(words, root)
                medians[pipelines, words] = figures.median
                print(f"{' '.join(words):33} {pipelines:3} pipelines {figures}")
        for words in COMMANDS:
            ratio = medians[100, words] / medians[10, words]
            print(f"{' '.join(words):33} 100 compared with 10 pipelines  {ratio:7.2f}")
        for lines in (10_000, 100_000):
            print(f"logs, {lines:7,} lines {_measured(LOGS, root, lines=lines)}")


def _measured(words: tuple[str, ...], root: Path, *, lines: int = 0) -> Figures:
    """Return the figures of a command, after a line with its calls and its processor time."""
    aws = _aws(root, lines)
    before = os.times()
    with served(aws) as endpoint:
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        figures = measured(invoke(*words), folder=root, runs=RUNS)
    after = os.times()
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    # One more run is not counted.
    runs = RUNS + 1
    print(f"{aws.calls.total() // runs} calls, {used / runs:.2f} s of a processor:")
    return figures


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
