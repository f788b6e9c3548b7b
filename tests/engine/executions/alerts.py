"""What the environment sends when something fails: its topic, and a webhook on this machine.

moto sends no events of executions, so a test gives one to the target of the rule.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jmespath
import pytest

from tests.engine.cloud.process import ACCOUNT, REGION
from tests.engine.deployment import Deployment

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


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def alerts(birds: Deployment, webhook: tuple[str, list[dict[str, Any]]]) -> Alerts:
    """The alerts of the deployment."""
    url, posted = webhook
    sqs = birds.aws.client("sqs")
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:subscriber"
    birds.aws.client("sns").subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn)
    birds.aws.client("ssm").put_parameter(
        Name="/my-pipelines/dev/chat", Value=url, Type="SecureString"
    )
    return Alerts(birds.aws, queue, posted)
