"""The services of AWS that states call in a run, answered by moto.

What Step Functions does to arguments, answers and errors on the way:
https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from pydantic import JsonValue

from dorc_runtime.compile.documents import Document
from dorc_runtime.local.aws.access.roles import machine_key
from dorc_runtime.local.aws.served_services import SDK, SERVED
from dorc_runtime.local.aws.server_process import OWN_KEY
from dorc_runtime.local.interpreter.executions import Execution
from dorc_runtime.local.interpreter.state_fields import StateError

# Optimised integrations use other prefixes.
_OPTIMISED = {"dynamodb": "DynamoDB", "sns": "SNS", "sqs": "SQS"}
# Arguments that are sent as text, and may be any JSON.
_TEXTS = {
    "sns:publish": "Message",
    "sqs:sendMessage": "MessageBody",
    "aws-sdk:s3:putObject": "Body",
}


class LocalServices:
    """Services at ``endpoint``; nothing is loaded before the first call."""

    def __init__(self, *, endpoint: Callable[[], str], region: str) -> None:
        self._endpoint = endpoint
        self._region = region
        self._clients: dict[tuple[str, str, str], Any] = {}

    def call(self, action: str, arguments: Document, execution: Execution) -> JsonValue:
        """Return what ``action`` answers.

        A topic, queue or event bus that the arguments name is created when it does not exist;
        tables and objects exist when the run has created them. All are in one account, whatever
        account an ARN names. What the role of the state machine does not allow is refused.

        Raises:
            StateError: The service refuses.
        """
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        service, name = action.removeprefix(SDK).split(":")
        try:
            sent = self._located(service, _sent(action, arguments, execution))
            region = _region(arguments, self._region)
            client = self._client(service, region, key=machine_key(execution.machine))
            answer = getattr(client, xform_name(name))(**sent)
        except ClientError as error:
            details = error.response["Error"]
            name = _error(action, str(details["Code"]))
            raise StateError(name, str(details["Message"])) from error
        except BotoCoreError as error:
            raise StateError("States.Runtime", f"'{action}': {error}") from error
        answer.pop("ResponseMetadata", None)
        if action == "events:putEvents" and answer["FailedEntryCount"]:
            raise StateError("EventBridge.FailedEntry", json.dumps(answer))
        return _json(answer)

    def _located(self, service: str, sent: Document) -> Document:
        """Return the arguments with the local topic, queue or event bus, created if necessary."""
        client = self._client(service, _region(sent, self._region))
        match service, sent:
            case "sns", {"TopicArn": str(arn)}:
                name = arn.rpartition(":")[2]
                kind = {"FifoTopic": "true"} if name.endswith(".fifo") else {}
                topic = client.create_topic(Name=name, Attributes=kind)
                return {**sent, "TopicArn": topic["TopicArn"]}
            case "sqs", {"QueueUrl": str(url)}:
                name = url.rpartition("/")[2]
                kind = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
                queue = client.create_queue(QueueName=name, Attributes=kind)
                return {**sent, "QueueUrl": queue["QueueUrl"]}
            case "events", {"Entries": list(entries)}:
                known = {bus["Name"] for bus in client.list_event_buses()["EventBuses"]}
                for name in sorted({_bus(entry) for entry in entries} - known):
                    client.create_event_bus(Name=name)
                return {
                    **sent,
                    "Entries": [
                        {**_entry(entry), "EventBusName": _bus(entry)} for entry in entries
                    ],
                }
            case _:
                return sent

    def _client(self, service: str, region: str, *, key: str = OWN_KEY) -> Any:
        if (service, region, key) not in self._clients:
            import boto3

            self._clients[service, region, key] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self._endpoint(),
                aws_access_key_id=key,
                aws_secret_access_key="local",  # noqa: S106 - the same for everybody
            )
        return self._clients[service, region, key]


def _sent(action: str, arguments: Document, execution: Execution) -> Document:
    """Return the arguments as Step Functions sends them."""
    sent = dict(arguments)
    text = _TEXTS.get(action)
    if text in sent and not isinstance(sent[text], str):
        sent[text] = json.dumps(sent[text], ensure_ascii=False, separators=(",", ":"))
    entries = sent.get("Entries")
    if action == "events:putEvents" and isinstance(entries, list):
        sent["Entries"] = [_event(_entry(entry), execution) for entry in entries]
    return sent


def _event(entry: Document, execution: Execution) -> Document:
    """Return an event as Step Functions sends it, with where it is from.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-eventbridge.html
    """
    detail, resources = entry.get("Detail"), entry.get("Resources")
    resources = resources if isinstance(resources, list) else []
    return {
        **entry,
        "Detail": detail if isinstance(detail, str) else json.dumps(detail, ensure_ascii=False),
        "Resources": [*resources, execution.machine, execution.arn],
    }


def _entry(entry: JsonValue) -> Document:
    return entry if isinstance(entry, dict) else {}


def _bus(entry: JsonValue) -> str:
    return str(_entry(entry).get("EventBusName", "default")).rpartition("/")[2]


def _region(arguments: Document, region: str) -> str:
    """Return the region that a topic's ARN or a queue's URL names, or ``region``."""
    match arguments:
        case {"TopicArn": str(arn)} if arn.count(":") == 5:
            return arn.split(":")[3]
        case {"QueueUrl": str(url)} if url.startswith("https://sqs."):
            return url.split(".")[1]
        case _:
            return region


def _error(action: str, code: str) -> str:
    service = action.removeprefix(SDK).partition(":")[0]
    kind = SERVED[service] if action.startswith(SDK) else _OPTIMISED.get(service, SERVED[service])
    return f"{kind}.{code.removesuffix('Exception')}Exception"


def _json(value: Any) -> JsonValue:
    """Return what boto3 answers as JSON."""
    match value:
        case dict():
            return {str(key): _json(inner) for key, inner in value.items()}
        case list():
            return [_json(inner) for inner in value]
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case bytes():
            return _text(value)
        case str() | int() | float() | None:
            return value
        case _:
            return _text(value.read())


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return base64.b64encode(body).decode()
