"""Functions, state machines, and the roles of both."""

import io
import json
import zipfile
from typing import Any

from tests.engine.plugins.aws.calls import Aws
from tests.engine.plugins.aws.kind import Kind
from tests.engine.plugins.properties import Properties


def _code(aws: Aws, given: Properties) -> Properties:
    """Return the code as the operations need it; raise when the image does not exist.

    Lambda looks too, and moto would take any name.
    """
    if not given["changed"]:
        return {"code": None}
    if "code" in given:
        archive = _archive(given["code"]["assets"])
        return {"code": {"zipFile": archive}, "zipFile": archive}
    name, _, digest = given["imageUri"].partition("/")[2].partition("@")
    aws.client("ecr").describe_images(repositoryName=name, imageIds=[{"imageDigest": digest}])
    return {"code": {"imageUri": given["imageUri"]}}


def _archive(assets: Properties) -> bytes:
    """Return the ZIP file of an archive of texts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for path, asset in assets.items():
            # The same texts are the same file at any time.
            archive.writestr(zipfile.ZipInfo(path), asset["text"])
    return file.getvalue()


def _statement(aws: Aws, given: Properties) -> Any:
    """Return the statement of a permission, as what AWS answers."""
    answer = aws.client("lambda").get_policy(FunctionName=given["function"])
    statements = json.loads(answer["Policy"])["Statement"]
    found = [each for each in statements if each["Sid"] == given["statementId"]]
    shown = [{**each, "Principal": each["Principal"]["Service"]} for each in found]
    return {"Statement": shown[0] if shown else None}


def _concurrency(aws: Aws, given: Properties) -> None:
    client, function = aws.client("lambda"), given["name"]
    reserved = given.get("reservedConcurrentExecutions")
    if isinstance(reserved, int) and reserved >= 0:
        client.put_function_concurrency(
            FunctionName=function, ReservedConcurrentExecutions=reserved
        )
    else:
        client.delete_function_concurrency(FunctionName=function)


def _logging(aws: Aws, given: Properties) -> Properties:
    """Return the logging as the operations need it, with the destination in a list."""
    logging = given.get("loggingConfiguration")
    if not logging:
        return {}
    group = {"cloudWatchLogsLogGroup": {"logGroupArn": logging.get("logDestination")}}
    return {"loggingConfiguration": {**logging, "destinations": [group]}}


COMPUTE = {
    "iam/role": Kind(
        service="iam",
        create="create_role",
        read="get_role",
        delete="delete_role",
        id="{name}",
        path="Role",
        tags="role",
        rename={
            "name": ("RoleName",),
            "assumeRolePolicy": ("AssumeRolePolicyDocument", "PolicyDocument"),
        },
        update=("update_role", "update_assume_role_policy"),
        replace=("name", "path"),
        outputs={"arn": "Arn", "uniqueId": "RoleId"},
        defaults={"path": "/", "maxSessionDuration": 3600},
    ),
    "iam/rolePolicy": Kind(
        service="iam",
        create="put_role_policy",
        read="get_role_policy",
        delete="delete_role_policy",
        id="{role}:{name}",
        rename={"role": ("RoleName",), "name": ("PolicyName",), "policy": ("PolicyDocument",)},
        update=("put_role_policy",),
        replace=("name", "role"),
        tags=None,
    ),
    "lambda/function": Kind(
        service="lambda",
        create="create_function",
        read="get_function",
        delete="delete_function",
        id="{name}",
        rename={"name": ("FunctionName",)},
        prepare=_code,
        path="merge(Configuration, {imageUri: Code.ImageUri})",
        replace=("name", "packageType"),
        update=("update_function_code", "update_function_configuration", _concurrency),
        outputs={"arn": "FunctionArn", "version": "Version"},
        defaults={"memorySize": 128, "timeout": 3, "architectures": ["x86_64"]},
    ),
    "lambda/permission": Kind(
        service="lambda",
        create="add_permission",
        read=_statement,
        delete="remove_permission",
        id="{statementId}",
        path="Statement",
        rename={"function": ("FunctionName",)},
        tags=None,
    ),
    "lambda/functionEventInvokeConfig": Kind(
        service="lambda",
        create="put_function_event_invoke_config",
        read="get_function_event_invoke_config",
        delete="delete_function_event_invoke_config",
        id="{functionName}",
        update=("put_function_event_invoke_config",),
        replace=("functionName",),
        tags=None,
    ),
    "sfn/stateMachine": Kind(
        service="stepfunctions",
        create="create_state_machine",
        read="describe_state_machine",
        delete="delete_state_machine",
        id="{arn}",
        update=("update_state_machine",),
        rename={"arn": ("stateMachineArn",)},
        capture={"arn": "stateMachineArn"},
        outputs={"status": "status"},
        replace=("name", "type"),
        defaults={"type": "STANDARD"},
        prepare=_logging,
    ),
}
