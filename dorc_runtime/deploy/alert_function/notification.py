"""How a message reaches people: by webhooks, and by the topic, which mails it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from dorc_runtime.deploy.alert_function.deployed_pipelines import AlertSettings, Aws
from dorc_runtime.deploy.alert_function.messages import Message

# In seconds.
_TIMEOUT = 10
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
_LONGEST_SUBJECT = 99
# https://docs.slack.dev/reference/methods/chat.postMessage
_LONGEST_TEXT = 12_000
# How hosts of Teams end, and those of the workflows that replace its webhooks:
# https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
_TEAMS = (".office.com", ".office365.com", ".azure.com", ".powerplatform.com")


def send(message: Message, aws: Aws, settings: AlertSettings) -> None:
    """Send a message to the webhooks, and then to the topic, which says which of them failed."""
    problems = [
        f"The webhook {name} did not get this message: {problem}."
        for name, problem in _post_all(message, aws, settings)
    ]
    if problems:
        message = replace(message, text="\n".join([message.text, "", *problems]))
    subject = message.subject.encode("ascii", "replace").decode()
    shown = "".join(each if each.isprintable() else " " for each in subject)
    aws.sns.publish(
        TopicArn=settings.topic,
        Subject=shown if len(shown) <= _LONGEST_SUBJECT else f"{shown[: _LONGEST_SUBJECT - 3]}...",
        Message=f"{message.subject}\n\n{message.text}\n",
    )


def _post_all(message: Message, aws: Aws, settings: AlertSettings) -> Iterator[tuple[str, str]]:
    """Post a message to each webhook; yield the name and the problem of those that fail."""
    for name in settings.webhooks:
        try:
            parameter = settings.names.secret(name)
            answer = aws.ssm.get_parameter(Name=parameter, WithDecryption=True)
            _post(message, answer["Parameter"]["Value"].strip(), http=settings.is_emulated)
        except HTTPError as error:
            yield name, f"it answers {error.code} {error.reason}"
        except Exception as error:
            # Whatever it is, the topic gets the message.
            yield name, " ".join(str(error).split()) or type(error).__name__


def _post(message: Message, url: str, *, http: bool) -> None:
    """Post a message; ``http`` accepts a URL without TLS, for an emulator."""
    parts = urlsplit(url)
    if parts.scheme not in (("https", "http") if http else ("https",)) or not parts.hostname:
        # The URL is a secret, so it is not in the problem.
        raise ValueError("its value is not a URL that starts with https://")
    is_teams = parts.hostname.endswith(_TEAMS)
    body = teams_body(message) if is_teams else slack_body(message)
    request = Request(  # noqa: S310 # the scheme is checked above
        url,
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310 # the same
        answer.read()


def slack_body(message: Message) -> dict[str, object]:
    """Return what Slack takes, and others that accept its format.

    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """
    subject, text = (
        each.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        for each in (message.subject, message.text[:_LONGEST_TEXT])
    )
    return {"text": f"*{subject}*\n```{text}```"}


def teams_body(message: Message) -> dict[str, object]:
    """Return what Teams takes: a card, with a block for each line.

    https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
    """
    subject: dict[str, object] = {
        "type": "TextBlock",
        "text": message.subject,
        "weight": "Bolder",
        "wrap": True,
    }
    lines: list[dict[str, object]] = [
        {
            "type": "TextBlock",
            "text": line or " ",
            "fontType": "Monospace",
            "spacing": "None",
            "wrap": True,
        }
        for line in message.text[:_LONGEST_TEXT].split("\n")
    ]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [subject, *lines],
    }
    content = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": content, "content": card}]}
