"""The functions of Pulumi's AWS provider that dorc's programs call, by their tokens."""

import base64
from collections.abc import Callable

from tests.engine.plugins.properties import Properties

from .calls import Aws


def _identity(aws: Aws, given: Properties) -> Properties:
    found = aws.client("sts").get_caller_identity()
    account = found["Account"]
    return {"accountId": account, "arn": found["Arn"], "userId": found["UserId"], "id": account}


def _region(aws: Aws, given: Properties) -> Properties:
    return {"name": aws.region, "region": aws.region, "id": aws.region, "description": aws.region}


def _partition(aws: Aws, given: Properties) -> Properties:
    return {"partition": "aws", "dnsSuffix": "amazonaws.com", "id": "aws"}


def _token(aws: Aws, given: Properties) -> Properties:
    [data] = aws.client("ecr").get_authorization_token()["authorizationData"]
    user, password = base64.b64decode(data["authorizationToken"]).decode().split(":", 1)
    return {
        "authorizationToken": data["authorizationToken"],
        "userName": user,
        "password": password,
        "proxyEndpoint": data["proxyEndpoint"],
        "expiresAt": data["expiresAt"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "id": aws.region,
    }


def _image(aws: Aws, given: Properties) -> Properties:
    ecr, name = aws.client("ecr"), given["repositoryName"]
    identifier = {"imageDigest": given.get("imageDigest"), "imageTag": given.get("imageTag")}
    ids = [{key: value for key, value in identifier.items() if value}]
    [image] = ecr.describe_images(repositoryName=name, imageIds=ids)["imageDetails"]
    [repository] = ecr.describe_repositories(repositoryNames=[name])["repositories"]
    digest = image["imageDigest"]
    return {
        **given,
        "imageDigest": digest,
        "imageTags": image.get("imageTags", []),
        "imagePushedAt": int(image["imagePushedAt"].timestamp()),
        "imageSizeInBytes": image.get("imageSizeInBytes", 0),
        "imageUri": f"{repository['repositoryUri']}@{digest}",
        "registryId": image["registryId"],
        "id": digest,
    }


INVOKES: dict[str, Callable[[Aws, Properties], Properties]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _token,
    "aws:ecr/getImage:getImage": _image,
}
