"""The answers of AWS: the attributes that it computes for a resource, and the data of a question.

They depend only on names, so the same program always gets the same answers.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from dorc_runtime.compile import arns
from dorc_runtime.deploy.synth.wire import secret
from dorc_runtime.errors import StackError

Values = Mapping[str, JsonValue]

_IDENTITY = "aws:index/getCallerIdentity:getCallerIdentity"
_IMAGE = "aws:ecr/getImage:getImage"


@dataclass(frozen=True)
class Computed:
    """What AWS adds to a resource when it creates it: the ``id``, and computed attributes."""

    id: str
    attributes: dict[str, JsonValue]


@dataclass(frozen=True)
class Cloud:
    """The account and the region that answer."""

    account: str
    region: str

    def computed(self, kind: str, name: str, inputs: Values) -> Computed:
        """Return the id and the attributes of a resource of a ``kind`` (``aws:sqs/queue:Queue``).

        Its name on AWS is in its ``inputs``, else it is ``name``. A kind that this module does not
        know gets its name as its id, and an ARN in the usual form if it is one of AWS.
        """
        aws_name = str(inputs.get("name") or inputs.get("bucket") or name)
        if compute := _KINDS.get(kind):
            return compute(self, aws_name, inputs)
        if kind.startswith("aws:"):
            service = kind.split(":")[1].split("/")[0]
            return Computed(aws_name, {"arn": self.arn(service, aws_name)})
        return Computed(aws_name, {})

    def answer(self, question: str, arguments: Values) -> dict[str, JsonValue]:
        """Return the answer of AWS to a ``question`` (``aws:ecr/getImage:getImage``).

        Raises ``StackError`` for a question without an answer here.
        """
        answer = _QUESTIONS.get(question)
        if answer is None:
            raise StackError(
                f"offline there is no answer to {question}: write the value into the program, or "
                "run `invoke preview` with credentials."
            )
        return answer(self, arguments)

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in the usual form."""
        return arns.arn_of(service, self.region, self.account, resource)

    @property
    def registry(self) -> str:
        """The host of the account's ECR registry."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com"

    def image(self, repository: str, arguments: Values, digest: str) -> dict[str, JsonValue]:
        """Return the answer about the image with ``digest``."""
        uri = f"{self.registry}/{repository}@{digest}"
        return {**arguments, "id": digest, "imageDigest": digest, "imageUri": uri}


@dataclass(frozen=True)
class AnsweredCloud(Cloud):
    """A cloud that gives AWS's own answers, and refuses questions without one.

    ``identity`` is the answer of STS to the question for the caller; ``images`` has the digests of
    images by the names of their repositories and their tags.
    """

    identity: Values
    images: Mapping[tuple[str, str], str]

    def answer(self, question: str, arguments: Values) -> dict[str, JsonValue]:
        """Return the answer of AWS; raises ``StackError`` when it is not known."""
        if question == _IDENTITY:
            return dict(self.identity)
        if question == _IMAGE:
            repository = str(arguments["repositoryName"])
            digest = self.images.get((repository, str(arguments.get("imageTag"))))
            if digest is not None:
                return self.image(repository, arguments, digest)
        raise StackError(f"the answer of AWS to {question} is not known")


def _named(arn: Callable[[str, str, str], str]) -> Callable[[Cloud, str, Values], Computed]:
    """Return the function for a kind with its name as its id, and an ARN."""
    return lambda cloud, name, _: Computed(name, {"arn": arn(cloud.region, cloud.account, name)})


def _numbered(arn: Callable[[str, str, str], str]) -> Callable[[Cloud, str, Values], Computed]:
    """Return the function for a kind with its ARN as its id."""

    def compute(cloud: Cloud, name: str, _: Values) -> Computed:
        id_ = arn(cloud.region, cloud.account, name)
        return Computed(id_, {"arn": id_})

    return compute


def _rule(cloud: Cloud, name: str, inputs: Values) -> Computed:
    bus = str(inputs.get("eventBusName") or "default")
    return Computed(name, {"arn": arns.rule_arn(cloud.region, cloud.account, name, bus=bus)})


def _bucket(cloud: Cloud, name: str, _: Values) -> Computed:
    return Computed(name, {"arn": arns.bucket_arn(cloud.region, name), "bucket": name})


def _queue(cloud: Cloud, name: str, _: Values) -> Computed:
    url = f"https://sqs.{cloud.region}.amazonaws.com/{cloud.account}/{name}"
    return Computed(url, {"arn": arns.queue_arn(cloud.region, cloud.account, name), "url": url})


def _key(cloud: Cloud, name: str, _: Values) -> Computed:
    number = _digest(name)
    id_ = "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:32]))
    return Computed(id_, {"arn": cloud.arn("kms", f"key/{id_}"), "keyId": id_})


def _repository(cloud: Cloud, name: str, _: Values) -> Computed:
    url = f"{cloud.registry}/{name}"
    arn = cloud.arn("ecr", f"repository/{name}")
    return Computed(name, {"arn": arn, "registryId": cloud.account, "repositoryUrl": url})


def _security_group(cloud: Cloud, name: str, _: Values) -> Computed:
    number = f"sg-{_digest(name)[:17]}"
    return Computed(number, {"arn": cloud.arn("ec2", f"security-group/{number}")})


def _docker_image(_: Cloud, name: str, inputs: Values) -> Computed:
    digest = f"sha256:{_digest(str(inputs['imageName']))}"
    image = str(inputs["imageName"]).rpartition(":")[0]
    return Computed(digest, {"repoDigest": f"{image}@{digest}"})


def _identity(cloud: Cloud, _: Values) -> dict[str, JsonValue]:
    arn = arns.role_arn(cloud.region, cloud.account, "offline")
    return {"id": cloud.account, "accountId": cloud.account, "arn": arn, "userId": "offline"}


def _token(cloud: Cloud, _: Values) -> dict[str, JsonValue]:
    return {
        "id": cloud.region,
        "userName": "AWS",
        "password": secret("offline"),
        "authorizationToken": secret("offline"),
        "proxyEndpoint": f"https://{cloud.registry}",
        "expiresAt": "2030-01-01T00:00:00Z",
    }


def _image(cloud: Cloud, arguments: Values) -> dict[str, JsonValue]:
    """Return an image for any tag, as if it exists."""
    repository = str(arguments["repositoryName"])
    digest = _digest(f"{cloud.registry}/{repository}:{arguments['imageTag']}")
    return cloud.image(repository, arguments, f"sha256:{digest}")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_KINDS: dict[str, Callable[[Cloud, str, Values], Computed]] = {
    "aws:cloudwatch/eventRule:EventRule": _rule,
    "aws:cloudwatch/logGroup:LogGroup": _named(arns.log_group_arn),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _named(arns.alarm_arn),
    "aws:dynamodb/table:Table": _named(arns.table_arn),
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    "aws:ecr/repository:Repository": _repository,
    "aws:iam/role:Role": _named(arns.role_arn),
    "aws:kms/key:Key": _key,
    "aws:lambda/function:Function": _named(arns.function_arn),
    "aws:pipes/pipe:Pipe": _named(arns.pipe_arn),
    "aws:s3/bucket:Bucket": _bucket,
    "aws:scheduler/scheduleGroup:ScheduleGroup": _named(arns.schedule_group_arn),
    "aws:sfn/stateMachine:StateMachine": _numbered(arns.machine_arn),
    "aws:sns/topic:Topic": _numbered(arns.topic_arn),
    "aws:sqs/queue:Queue": _queue,
    "docker:index/image:Image": _docker_image,
}
_QUESTIONS: dict[str, Callable[[Cloud, Values], dict[str, JsonValue]]] = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _token,
    _IMAGE: _image,
    _IDENTITY: _identity,
}
