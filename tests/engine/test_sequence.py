"""Two pipelines deployed to production by the tasks, as the README shows."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from .deployment import CommandResult, Deployment

CLEANING, SUMMING = "raw-to-processed/penguins", "processed-to-curated/penguins"
CLEANER = "my-pipelines--prod--raw-to-processed--penguins"
SUMMER = "my-pipelines--prod--processed-to-curated--penguins"
RAW, PROCESSED = (f"my-pipelines--prod--{zone}--123456789012" for zone in ("raw", "processed"))
FUNCTIONS = {f"{CLEANING}/{name}" for name in ("validate", "clean", "publish")} | {
    f"{SUMMING}/summarise"
}
# Each environment has a function of infra, which is no image.
ALERTS = ("my-pipelines--dev--alerts", "my-pipelines--prod--alerts")
SURVEY = (
    Path(__file__).parents[2]
    / "examples/penguins/src/raw-to-processed/penguins"
    / "examples/first/lake/raw/penguins/penguins_raw.csv"
)
STEPS = {
    "init": ("init",),
    "universal": ("apply", "--instance", "universal", "--yes"),
    "infra in dev": ("apply", "--instance", "infra", "--env", "dev", "--yes"),
    "infra in prod": ("apply", "--instance", "infra", "--env", "prod", "--yes"),
    "cleaning": ("apply", "--instance", CLEANING, "--env", "prod", "--yes"),
    "summing": ("apply", "--instance", SUMMING, "--env", "prod", "--yes"),
}


@pytest.fixture(scope="module")
def steps(deployment: Deployment) -> dict[str, CommandResult]:
    """All commands in their order, and the result of each."""
    return {name: deployment.invoke(*words) for name, words in STEPS.items()}


@pytest.fixture(scope="module")
def prod(deployment: Deployment, steps: dict[str, CommandResult]) -> Deployment:
    """The deployment after all commands."""
    failed = {name: result.text for name, result in steps.items() if result.code}
    assert not failed, failed
    return deployment


@pytest.mark.parametrize("step", STEPS)
def test_each_step_ends_well(steps: dict[str, CommandResult], step: str) -> None:
    assert steps[step].code == 0, steps[step].text


def test_each_function_gets_an_image(prod: Deployment) -> None:
    assert sorted(prod.aws.builds()) == sorted(FUNCTIONS)


def test_each_image_has_one_tag(prod: Deployment) -> None:
    ecr = prod.aws.client("ecr")
    for repository in ecr.describe_repositories()["repositories"]:
        assert repository["imageTagMutability"] == "IMMUTABLE"
        [image] = ecr.describe_images(repositoryName=repository["repositoryName"])["imageDetails"]
        assert len(image["imageTags"]) == 1


def test_functions_run_images_by_digest(prod: Deployment) -> None:
    functions = prod.aws.client("lambda")
    for function in functions.list_functions()["Functions"]:
        if function["FunctionName"] in ALERTS:
            continue
        found = functions.get_function(FunctionName=function["FunctionName"])
        assert "@sha256:" in found["Code"]["ImageUri"]


def test_an_environment_has_only_what_was_applied_to_it(prod: Deployment) -> None:
    machines = prod.aws.client("stepfunctions").list_state_machines()["stateMachines"]
    assert sorted(machine["name"] for machine in machines) == [SUMMER, CLEANER]


def test_each_environment_has_its_own_buckets(prod: Deployment) -> None:
    buckets = [bucket["Name"] for bucket in prod.aws.client("s3").list_buckets()["Buckets"]]
    assert sorted(buckets) == [
        f"my-pipelines--{environment}--{zone}--123456789012"
        for environment in ("dev", "prod")
        for zone in ("curated", "processed", "raw")
    ]


def test_log_groups_have_a_retention(prod: Deployment) -> None:
    groups = prod.aws.client("logs").describe_log_groups()["logGroups"]
    assert len(groups) == len(FUNCTIONS) + len(ALERTS) + 2
    assert all(group["retentionInDays"] for group in groups)


def test_a_file_in_the_source_zone_starts_the_pipeline(prod: Deployment) -> None:
    [pattern] = prod.targets(CLEANER)
    assert json.loads(pattern)["detail"] == {
        "bucket": {"name": [RAW]},
        "object": {"key": [{"wildcard": "penguins/*.csv"}]},
    }


def test_what_cannot_start_a_pipeline_is_kept(prod: Deployment) -> None:
    [target] = prod.targets(CLEANER).values()
    assert target["DeadLetterConfig"]["Arn"].endswith(":my-pipelines--prod")
    assert target["RetryPolicy"]["MaximumRetryAttempts"]


def test_the_deployed_pipelines_do_their_work(prod: Deployment) -> None:
    event = prod.put(RAW, "penguins/penguins_raw.csv", SURVEY.read_bytes(), machine=CLEANER)
    cleaned = prod.execute(CLEANER, event)
    assert cleaned["status"] == "SUCCEEDED", cleaned
    assert cleaned["output"] == {
        "bucket": PROCESSED,
        "key": "penguins/penguins.csv",
        "rows": 344,
    }
    written = prod.aws.client("s3").get_object(Bucket=PROCESSED, Key="penguins/penguins.csv")
    event = prod.put(PROCESSED, "penguins/penguins.csv", written["Body"].read(), machine=SUMMER)
    summed = prod.execute(SUMMER, event)
    assert summed["status"] == "SUCCEEDED", summed
    species = [group["species"] for group in summed["output"]["species"]]
    assert species == sorted(species)
    assert len(species) == 3


@pytest.mark.parametrize("step", [step for step in STEPS if step != "init"])
def test_applying_again_changes_nothing(prod: Deployment, step: str) -> None:
    before = _versions(prod)
    result = prod.invoke(*STEPS[step], "--expect-no-changes")
    assert result.code == 0, result.text
    assert _versions(prod) == before


@pytest.mark.parametrize("page", ["README.md", "docs/deploying.md"])
def test_it_looks_as_documented(
    prod: Deployment, steps: dict[str, CommandResult], page: str
) -> None:
    """Line by line, without times, and in any order of resources that are created together."""
    again = prod.invoke(*STEPS["cleaning"])
    shown = ("universal", "infra in prod", "cleaning")
    commands = {" ".join(("$ invoke", *STEPS[step])): step for step in shown}
    text = (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for command, *lines in (part.splitlines() for part in re.split(r"(?m)^(?=\$)", block)[1:]):
            if command not in commands:
                continue
            step = commands[command]
            result = again if step in found else steps[step]
            found.append(step)
            real = {_timeless(line) for line in result.out.splitlines()}
            assert {_timeless(line) for line in lines if line != "..."} <= real
    assert found.count("cleaning") == 2


def _timeless(line: str) -> str:
    return re.sub(r"  \d+\.\d s$", "", line)


def test_nothing_has_drifted(prod: Deployment) -> None:
    result = prod.invoke("drift", "--instance", CLEANING, "--env", "prod")
    assert result.code == 0, result.text


def test_the_outputs_have_the_arn_of_the_state_machine(prod: Deployment) -> None:
    result = prod.invoke("outputs", "--instance", CLEANING, "--env", "prod", "--json")
    assert CLEANER in json.dumps(json.loads(result.out))


def _versions(prod: Deployment) -> dict[str, Any]:
    """Return what a change would change: builds, and the times of functions and machines."""
    functions = prod.aws.client("lambda").list_functions()["Functions"]
    states = prod.aws.client("stepfunctions")
    machines = [
        states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
        for machine in states.list_state_machines()["stateMachines"]
    ]
    return {
        "builds": prod.aws.builds(),
        "functions": {each["FunctionName"]: each["LastModified"] for each in functions},
        "machines": {each["name"]: each.get("revisionId") for each in machines},
    }
