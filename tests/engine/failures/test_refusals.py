"""Mistakes in a call: each ends in one line and exit code 2, and nothing changes."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.engine.deployment import Deployment

CLEANING = "raw-to-processed/penguins"
INFRA = ("--instance", "infra", "--env", "dev")
PIPELINE = ("--instance", CLEANING, "--env", "dev")
UNIVERSAL = ("--instance", "universal")
CONFIG = "pipeline_config.py"
PROTECT = {"infra/Pulumi.dev.yaml": ("environment: dev", "environment: dev\n  protect: true")}


@dataclass(frozen=True)
class Refusal:
    """A call, and a pattern of its error; ``edits`` are made before it, by file."""

    words: tuple[str, ...]
    message: str
    variables: Mapping[str, str] = field(default_factory=dict)
    edits: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    task: str = "apply"


REFUSALS = {
    "no instance": Refusal((), "no instance: add --instance X, where X is one of universal, "),
    "an environment without a file": Refusal(
        ("--instance", "infra", "--env", "test"),
        "no environment 'test'; known: dev, prod.*infra/Pulumi.test.yaml.*invoke new-env test",
    ),
    "a pipeline without a file for it": Refusal(
        ("--instance", CLEANING, "--env", "test"),
        "no environment 'test'; known: dev, prod.*penguins/Pulumi.test.yaml",
    ),
    "an unknown instance": Refusal(
        ("--instance", "raw-to-processed/pengiuns", "--env", "dev"),
        "no instance 'raw-to-processed/pengiuns'.*Did you mean raw-to-processed/penguins",
    ),
    "an unknown pipeline of a layer": Refusal(
        ("--layer", "raw-to-processed", "--instance", "penguin", "--env", "dev"),
        "Did you mean raw-to-processed/penguins",
    ),
    "infra without an environment": Refusal(
        ("--instance", "infra"), "infra is deployed to an environment: add --env.*dev, prod"
    ),
    "a pipeline without an environment": Refusal(("--instance", CLEANING), "add --env"),
    "universal in an environment": Refusal(
        (*UNIVERSAL, "--env", "dev"), "the same for all environments: leave out --env"
    ),
    "everything without an environment": Refusal(("--all",), "--all is about an environment"),
    "everything and an instance": Refusal(("--all", *INFRA), "not both"),
    "pruning a pipeline": Refusal((*PIPELINE, "--prune"), "--prune is about images"),
    "another account": Refusal(
        INFRA,
        "AWS_ACCOUNT says the account is 999999999999, .* belong to 123456789012",
        {"AWS_ACCOUNT": "999999999999"},
    ),
    "another account in the configuration": Refusal(
        INFRA,
        "pipeline_config.py says the account is 999999999999",
        edits={CONFIG: ("region=", 'account="999999999999", region=')},
    ),
    "a number that is no account": Refusal(
        INFRA, "AWS_ACCOUNT has an invalid value, '12'", {"AWS_ACCOUNT": "12"}
    ),
    "no credentials": Refusal(
        INFRA,
        "AWS does not accept the credentials: .*AWS_PROFILE",
        {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
    ),
    "nothing at the endpoint": Refusal(
        INFRA,
        "nothing answered at http://127.0.0.1:9/?: .*check the network, and AWS_ENDPOINT_URL",
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
    ),
    "a VPC without subnets": Refusal(
        INFRA,
        "pipeline_config.py:.*vpc_id is set without private_subnet_ids",
        edits={CONFIG: ("Config(universal=universal)", 'Config(universal=universal, vpc_id="v")')},
    ),
    "a VPC without subnets in the stack file": Refusal(
        INFRA,
        "infra/Pulumi.dev.yaml: .*vpc_id is set without private_subnet_ids",
        edits={"infra/Pulumi.dev.yaml": ("environment: dev", "environment: dev\n  vpc_id: vpc-1")},
    ),
    "an unknown setting in the stack file": Refusal(
        INFRA,
        "infra/Pulumi.dev.yaml: no key 'vpcid'. Did you mean 'vpc_id'",
        edits={"infra/Pulumi.dev.yaml": ("environment: dev", "environment: dev\n  vpcid: vpc-1")},
    ),
    "a protected environment": Refusal(
        INFRA, "dev is protected, and there is no terminal to ask at: add --confirm", edits=PROTECT
    ),
    "a protected environment to destroy": Refusal(
        INFRA, "dev is protected, .*: add --confirm dev", edits=PROTECT, task="destroy"
    ),
    "a protected environment to unlock": Refusal(
        (*INFRA, "--yes"), "dev is protected, .*: add --confirm dev", edits=PROTECT, task="unlock"
    ),
    "another environment to confirm": Refusal(
        (*INFRA, "--confirm", "prod"), "--confirm is 'prod', and the environment is dev"
    ),
    "universal to confirm": Refusal(
        (*UNIVERSAL, "--confirm", "dev"), "--confirm names an environment, and universal has none"
    ),
    "an unknown region": Refusal(
        INFRA,
        "there is no region 'eu-west-9'; near are .*eu-west-",
        {"AWS_REGION": ""},
        {CONFIG: ("eu-west-2", "eu-west-9")},
    ),
    "two regions": Refusal(
        INFRA,
        "AWS_REGION is us-east-1, and pipeline_config.py says eu-west-2",
        {"AWS_REGION": "us-east-1"},
    ),
    "a bucket that S3 refuses": Refusal(
        INFRA,
        "pipeline_config.py:.*buckets.raw",
        edits={
            CONFIG: (
                "Config(universal=universal)",
                'Config(universal=universal, buckets={"raw": "Raw_Data"})',
            )
        },
    ),
    "pipelines that start each other": Refusal(
        PIPELINE,
        "pipelines start each other in a circle",
        edits={
            "src/raw-to-processed/penguins/pipeline.py": (
                "triggers=[",
                'triggers=[__import__("dorc_runtime").PipelineTrigger('
                '"processed-to-curated/penguins"), ',
            ),
            "src/processed-to-curated/penguins/pipeline.py": (
                "triggers=[",
                'triggers=[__import__("dorc_runtime").PipelineTrigger('
                '"raw-to-processed/penguins"), ',
            ),
        },
    ),
    "a pipeline that may start itself": Refusal(
        PIPELINE,
        "raw-to-processed/penguins -> raw-to-processed/penguins, which may never end",
        edits={
            "src/raw-to-processed/penguins/pipeline.py": (
                'Function("validate"',
                'Function("validate", writes=["raw/penguins/"]',
            )
        },
    ),
    "a definition that is wrong": Refusal(
        PIPELINE,
        "penguins/pipeline.py: validat: no file .*Did you mean 'validate'",
        edits={"src/raw-to-processed/penguins/pipeline.py": ('"validate"', '"validat"')},
    ),
    "no infra yet": Refusal(
        PIPELINE,
        "infra is not deployed in dev: run first `invoke apply --instance universal` and "
        "`invoke apply --instance infra --env dev`",
    ),
    "no bucket for the state": Refusal(INFRA, "INFRA_BUCKET is not set", {"INFRA_BUCKET": ""}),
    "an invalid name of the bucket for the state": Refusal(
        INFRA, "INFRA_BUCKET is 'My_State', which is neither", {"INFRA_BUCKET": "My_State"}
    ),
    "a bucket for the state that does not exist": Refusal(
        (),
        "the bucket no-such-bucket .INFRA_BUCKET. does not exist: create it with "
        "`invoke init --create`",
        {"INFRA_BUCKET": "no-such-bucket", "PULUMI_CONFIG_PASSPHRASE": "x"},
        task="init",
    ),
    "a folder for the state that does not exist": Refusal(
        INFRA, "INFRA_BUCKET cannot be reached", {"INFRA_BUCKET": "file:///nowhere/at/all"}
    ),
    "an unknown kind of backend": Refusal(
        INFRA, "INFRA_BUCKET cannot be reached", {"INFRA_BUCKET": "gopher://state"}
    ),
    "no passphrase for a bucket": Refusal(
        INFRA,
        "PULUMI_CONFIG_PASSPHRASE is not set",
        {"INFRA_BUCKET": "my-state", "PULUMI_CONFIG_PASSPHRASE": ""},
    ),
    "outputs of what is not deployed": Refusal(
        INFRA, "infra in dev is not deployed: `invoke apply --instance infra --env dev`",
        task="outputs",
    ),
    "outputs of an environment with nothing in it": Refusal(
        ("--all", "--env", "dev"),
        "nothing is deployed in dev: run first `invoke apply --all --env dev`",
        task="outputs",
    ),
    "drift of what is not deployed": Refusal(INFRA, "is not deployed", task="drift"),
    "destroying what is not deployed": Refusal(INFRA, "is not deployed", task="destroy"),
}  # fmt: skip


@pytest.fixture(params=list(REFUSALS.values()), ids=list(REFUSALS))
def refusal(request: pytest.FixtureRequest, deployment: Deployment) -> Iterator[Refusal]:
    """One of them, with its edits until the test ends."""
    found: Refusal = request.param
    before = {}
    for name, (old, new) in found.edits.items():
        file = deployment.root / name
        before[file] = file.read_text(encoding="utf-8")
        assert old in before[file]
        file.write_text(before[file].replace(old, new, 1), encoding="utf-8")
    yield found
    for file, text in before.items():
        file.write_text(text, encoding="utf-8")


def test_a_mistake_is_reported_in_one_line_and_nothing_changes(
    deployment: Deployment, refusal: Refusal
) -> None:
    yes = ("--yes",) if refusal.task in ("apply", "destroy") else ()
    result = deployment.invoke(refusal.task, *refusal.words, *yes, **refusal.variables)
    assert result.code == 2, result.text
    [line] = result.err.splitlines()
    assert re.search(refusal.message, line), line
    assert _deployed(deployment) == []


@pytest.mark.parametrize("task", ["apply", "destroy"])
def test_without_a_terminal_yes_is_needed(deployment: Deployment, task: str) -> None:
    result = deployment.invoke(task, *INFRA)
    assert result.code == 2
    assert result.err == "error: there is no terminal to ask at: add --yes.\n"
    assert _deployed(deployment) == []


def test_a_missing_environment_is_reported_before_a_missing_yes(
    deployment: Deployment,
) -> None:
    result = deployment.invoke("apply", "--instance", "infra")
    assert result.code == 2
    assert "add --env" in result.err
    assert "--yes" not in result.err


def test_without_a_pulumi_cli_the_error_says_where_to_get_one(deployment: Deployment) -> None:
    folders = deployment.environment["PATH"].split(os.pathsep)
    path = os.pathsep.join(each for each in folders if not (Path(each) / "pulumi").exists())
    result = deployment.invoke("apply", *INFRA, "--yes", PATH=path)
    assert result.code == 2
    assert result.err == (
        "error: the Pulumi CLI is not installed: see https://www.pulumi.com/docs/install/.\n"
    )


def _deployed(deployment: Deployment) -> list[str]:
    buckets = deployment.aws.client("s3").list_buckets()["Buckets"]
    machines = deployment.aws.client("stepfunctions").list_state_machines()["stateMachines"]
    return [each["Name"] for each in buckets] + [each["name"] for each in machines]
