"""The policies on the page are what the commands need, and nothing else."""

import json
import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import boto3
import pytest

from dorc_runtime import tasks
from dorc_runtime.local.aws.access.policy_evaluation import allows
from tests.local.operate.commands import COMMANDS, OPERATOR, READER
from tests.local.operate.conftest import ACCOUNT, REGION, Operator, deploy, start_operator
from tests.local.operate.played_states import played_states
from tests.local.operate.test_dead_letters import send, send_event
from tests.repositories import ROOT

# What a call needs, where that has another name:
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
_ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "tagging:GetResources": "tag:GetResources",
}

Call = tuple[str, str]


@pytest.fixture(scope="module")
def policies() -> tuple[dict[str, Any], dict[str, Any]]:
    """The policy of those who look, and that of those who operate, for Example in dev."""
    page = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    for before, after in (("PROJECT", "Example"), ("project", "example"), ("--prod", "--dev")):
        page = page.replace(before, after)
    reader, operator = (
        json.loads(re.findall(r"```json\n(.*?)```", page.split(title)[1], re.DOTALL)[0])
        for title in ("## To look at executions\n", "## To operate pipelines\n")
    )
    return reader, {"Statement": [*reader["Statement"], *operator["Statement"]]}


@pytest.fixture(scope="module")
def calls(
    played_aws: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, set[Call]]]:
    """What each command asks AWS for: actions, each with its resource."""
    made: set[Call] = set()

    def record(params: dict[str, Any], model: Any, **_: object) -> None:
        action = f"{model.service_model.signing_name}:{model.name}"
        made.add((_ACTIONS.get(action, action), _resource(action, params)))

    with start_operator(tmp_path_factory.mktemp("permissions")) as operator:
        deploy(operator)
        events = boto3._get_default_session().events
        events.register("provide-client-params", record)
        with played_states(events):
            yield {name: _made_by(operator, name, made) for name in COMMANDS}
        events.unregister("provide-client-params", record)


def _made_by(operator: Operator, command: str, made: set[Call]) -> set[Call]:
    sent = send_event(operator)
    send(operator, "Example--dev--orders--dead-letters", "order 7")
    made.clear()
    words = [sent if word == "ID" else word for word in COMMANDS[command]]
    done = operator.invoke(*words, "--env", "dev")
    # It is 1 where an execution failed.
    assert done.code < 2, done.err
    return set(made)


def _resource(action: str, params: Mapping[str, Any]) -> str:
    match action.partition(":")[0]:
        case "states":
            names = ("executionArn", "mapRunArn", "stateMachineArn")
            return str(next(params[name] for name in names if name in params))
        case "sqs":
            queue = params.get("QueueUrl", "").rpartition("/")[2]
            return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
        case "s3":
            key = f"/{params['Key']}" if "Key" in params else ""
            return f"arn:aws:s3:::{params['Bucket']}{key}"
        case "logs":
            return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{params['logGroupName']}"
        case _:
            return "*"


def test_every_command_about_what_runs_on_aws_is_tried() -> None:
    modules = (
        import_module(f"dorc_runtime.tasks.{module.name}")
        for module in iter_modules([str(Path(tasks.__file__).parent)])
        if module.name.startswith("aws_")
    )
    names = {
        task.name.replace("_", "-") for module in modules for task in getattr(module, "TASKS", ())
    }
    assert names == {name.split()[0] for name in COMMANDS} - {"run"}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_policy_allows_each_call_of_a_command(
    calls: Mapping[str, set[Call]],
    policies: tuple[dict[str, Any], dict[str, Any]],
    command: str,
) -> None:
    policy = policies[command in OPERATOR]
    assert calls[command]
    assert [call for call in sorted(calls[command]) if not allows(policy, *call)] == []


@pytest.mark.parametrize("role", ["reader", "operator"])
def test_a_policy_names_no_action_that_no_command_needs(
    calls: Mapping[str, set[Call]],
    policies: tuple[dict[str, Any], dict[str, Any]],
    role: str,
) -> None:
    commands = READER if role == "reader" else COMMANDS
    needed = {action for command in commands for action, _ in calls[command]}
    allowed = {
        action
        for statement in policies[role == "operator"]["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert allowed == needed


def test_those_who_only_look_can_change_nothing(
    calls: Mapping[str, set[Call]], policies: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """Each command that changes something makes a call that their policy does not allow."""
    reader, _ = policies
    allowed = [
        command for command in OPERATOR if all(allows(reader, *call) for call in calls[command])
    ]
    assert allowed == []
