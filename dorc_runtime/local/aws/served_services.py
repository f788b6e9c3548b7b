"""The services of AWS that a run has, and whether a step can call an action of one."""

from collections.abc import Mapping

# The services that a run has, and the prefix of their errors in Step Functions.
SERVED: Mapping[str, str] = {
    "dynamodb": "DynamoDb",
    "events": "EventBridge",
    "s3": "S3",
    "secretsmanager": "SecretsManager",
    "sns": "Sns",
    "sqs": "Sqs",
    "ssm": "Ssm",
}
# The start of actions that are called through AWS's SDK.
SDK = "aws-sdk:"


def unknown_action(action: str) -> str:
    """Return why ``action`` cannot be called in a run here, "" if it can."""
    from botocore import xform_name
    from botocore.session import get_session

    service, name = action.removeprefix(SDK).split(":")
    if service not in SERVED:
        return f"this machine has no {service}"
    operations = get_session().get_service_model(service).operation_names
    if xform_name(name) not in {xform_name(operation) for operation in operations}:
        return f"{service} has no action '{name}'"
    return ""
