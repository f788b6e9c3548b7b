"""What people get when executions fail: from the event of a rule to the mail and the webhook.

moto sends no events of executions, so each test gives one to the target of the rule.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.cloud.process import ACCOUNT, REGION
from tests.engine.deployment import Deployment

from .alerts import NAME, Alerts
from .conftest import MACHINE

# A column has another name: no other test has this error, so these are the first with it.
WRONG = "place,species,birds\nNess,gull,3\n"


@pytest.fixture(scope="module")
def failed(execute: Callable[[str, str], dict[str, Any]]) -> dict[str, Any]:
    return execute("alert-1", WRONG)


def test_a_failure_says_where_it_failed_and_what_to_type(
    alerts: Alerts, failed: dict[str, Any]
) -> None:
    [message] = alerts.of_failure(failed)
    assert message["Subject"] == "raw-to-processed/birds failed in dev: KeyError"
    for line in (
        "state    count\nerror    KeyError\nmessage  'site'\n",
        f"The last lines that {MACHINE}--count printed:\n  ERROR KeyError: 'site'\n",
        "  invoke history --execution alert-1 --env dev\n",
        "  invoke run raw-to-processed/birds --execution alert-1 --env dev\n",
        failed["executionArn"],
    ):
        assert line in message["Message"]


def test_the_same_failure_in_the_same_hour_is_not_sent_again(
    alerts: Alerts, failed: dict[str, Any], execute: Callable[[str, str], dict[str, Any]]
) -> None:
    assert not alerts.of_failure(execute("alert-2", WRONG))
    hour = failed["stopDate"] + timedelta(hours=1)
    counted = alerts.of_event("hourly", {"time": hour.strftime("%Y-%m-%dT%H:10:00Z")})
    [message] = [each for each in counted if "/birds failed" in each["Subject"]]
    assert "    2  KeyError\n" in message["Message"]


def test_an_execution_that_aws_has_deleted_is_reported_too(
    alerts: Alerts, failed: dict[str, Any]
) -> None:
    gone = failed["executionArn"].rpartition(":")[0] + ":gone"
    [message] = alerts.of_failure({**failed, "executionArn": gone, "status": "TIMED_OUT"})
    assert message["Subject"] == "raw-to-processed/birds timed out in dev"
    assert "missing  " in message["Message"]


def test_a_call_that_fails_is_itself_reported(alerts: Alerts) -> None:
    [message] = alerts.invoke('{"execution": "arn:of:nothing"}')
    record = json.loads(message["Message"])
    assert record["requestPayload"] == {"execution": "arn:of:nothing"}


def test_a_webhook_gets_the_message(
    birds: Deployment, alerts: Alerts, failed: dict[str, Any]
) -> None:
    aws = birds.aws.client("lambda")
    variables = aws.get_function_configuration(FunctionName=f"{NAME}--alerts")["Environment"]
    aws.update_function_configuration(
        FunctionName=f"{NAME}--alerts",
        Environment={"Variables": {**variables["Variables"], "WEBHOOKS": "chat"}},
    )
    [message] = alerts.of_failure({**failed, "executionArn": f"{failed['executionArn']}x"})
    assert "did not get this message" not in message["Message"]
    [body] = alerts.posted
    assert body["text"].startswith("*raw-to-processed/birds failed in dev*\n```when ")


def test_a_muted_pipeline_sends_nothing(
    birds: Deployment, alerts: Alerts, failed: dict[str, Any]
) -> None:
    arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{MACHINE}"
    states = birds.aws.client("stepfunctions")
    states.tag_resource(resourceArn=arn, tags=[{"key": "dorc:mute-alerts", "value": "true"}])
    assert not alerts.of_failure(failed)
    states.untag_resource(resourceArn=arn, tagKeys=["dorc:mute-alerts"])
