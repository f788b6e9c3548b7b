"""The grammar of policies: a document, its statements, and conditions.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from dorc_runtime.compile.documents import Document


def policy(statements: Sequence[Document]) -> Document:
    """Return the policy with these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(sid: str, actions: Sequence[str], resources: Sequence[str]) -> Document:
    """Return the statement that allows ``actions`` on ``resources``, in the policy of a role."""
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}


def allow_service(
    service: str, actions: JsonValue, resource: str, condition: Mapping[str, JsonValue] | None
) -> Document:
    """Return the statement that allows a service of AWS ``actions``, in a resource's policy."""
    statement: Document = {
        "Sid": service.partition(".")[0].capitalize(),
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": actions,
        "Resource": resource,
    }
    return statement if condition is None else {**statement, "Condition": dict(condition)}


def only_for(account: str, source_arn: str | Sequence[str]) -> Document:
    """Return the condition that a service acts for ``account``, and for one of the sources."""
    condition: Document = {"StringEquals": {"aws:SourceAccount": account}}
    if source_arn:
        sources: JsonValue = source_arn if isinstance(source_arn, str) else list(source_arn)
        condition["ArnLike"] = {"aws:SourceArn": sources}
    return condition
