"""What people get when executions fail: from the event of a rule to the mail and the webhook.

moto sends no events of executions, so each test gives one to the target of the rule.
"""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jmespath
import pytest

from tests.engine.cloud.process import ACCOUNT, REGION
from tests.engine.deployment import Deployment

from .conftest import MACHINE

# A column has another name: no other test has this error, so these are the first with it.
WRONG = "place,species,birds\nNess,gull,3\n"
NAME = "my-pipelines--dev"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAME}"


@dataclass(frozen=True)
class Alerts:
    """The alerts of the environment: ``queue`` is subscribed to its topic."""

    aws: Any
    queue: str
    posted: list[dict[str, Any]] = field(default_factory=list)

    def of_failure(self, execution: dict[str, Any]) -> list[dict[str, str]]:
        """Send the event of a failed execution, as Step Functions does; return the messages.

        https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
        """
        names = ("executionArn", "stateMachineArn", "status", "input")
        detail = {name: execution[name] for name in names}
        time = execution["stopDate"].strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.of_event("failures", {"time": time, "region": REGION, "detail": detail})

    def of_event(self, rule: str, event: dict[str, Any]) -> list[dict[str, str]]:
        """Send an event to the target of a rule; return the messages of the topic."""
        targets = self.aws.client("events").list_targets_by_rule(Rule=f"{NAME}--{rule}")
        [target] = targets["Targets"]
        payload = target["InputTransformer"]["InputTemplate"]
        for variable, path in target["InputTransformer"]["InputPathsMap"].items():
            value = json.dumps(jmespath.search(path.removeprefix("$."), event))
            payload = payload.replace(f"<{variable}>", value)
        return self.invoke(payload)

    def invoke(self, payload: str) -> list[dict[str, str]]:
        """Call the function as a rule does; return the messages of the topic."""
        self.aws.client("lambda").invoke(
            FunctionName=f"{NAME}--alerts", InvocationType="Event", Payload=payload
        )
        sqs, messages = self.aws.client("sqs"), []
        while found := sqs.receive_message(QueueUrl=self.queue).get("Messages"):
            for each in found:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=each["ReceiptHandle"])
                messages.append(json.loads(each["Body"]))
        return messages


@pytest.fixture(scope="module")
def webhook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The URL of a webhook on this machine, and what was posted to it."""
    posted: list[dict[str, Any]] = []

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", posted
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def alerts(birds: Deployment, webhook: tuple[str, list[dict[str, Any]]]) -> Alerts:
    url, posted = webhook
    sqs = birds.aws.client("sqs")
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:subscriber"
    birds.aws.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    birds.aws.client("ssm").put_parameter(
        Name="/my-pipelines/dev/chat", Value=url, Type="SecureString"
    )
    return Alerts(birds.aws, queue, posted)


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
