"""What AWS would answer: the attributes that it computes for a resource, and data that it is asked.

Made from names alone, so that the same program always gets the same answers.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from dorc_runtime.compile import names
from dorc_runtime.errors import StackError
from dorc_runtime.testing.synth.wire import secret

Values = Mapping[str, JsonValue]


@dataclass(frozen=True)
class Computed:
    """What a resource gets by being made: its ``id``, and attributes beside those it was given."""

    id: str
    attributes: dict[str, JsonValue]


@dataclass(frozen=True)
class Cloud:
    """The account and the region that answer."""

    account: str
    region: str

    def computed(self, kind: str, name: str, inputs: Values) -> Computed:
        """Return what a resource of a ``kind`` (``aws:sqs/queue:Queue``) gets.

        It is called as its ``inputs`` say, else ``name``. Kinds that this module does not know get
        their name as their id, and an ARN in the usual form if they are AWS's.
        """
        called = str(inputs.get("name") or inputs.get("bucket") or name)
        if known := _KINDS.get(kind):
            return known(self, called, inputs)
        if kind.startswith("aws:"):
            service = kind.split(":")[1].split("/")[0]
            return Computed(called, {"arn": self.arn(service, called)})
        return Computed(called, {})

    def answer(self, question: str, asked: Values) -> dict[str, JsonValue]:
        """Return what AWS answers to a ``question`` (``aws:ecr/getImage:getImage``).

        Raises ``StackError`` for a question without an answer here.
        """
        known = _QUESTIONS.get(question)
        if known is None:
            raise StackError(
                f"offline there is no answer to {question}: give the program what it asks for, or "
                "preview it with credentials, `invoke preview`."
            )
        return known(self, asked)

    def arn(self, service: str, resource: str) -> str:
        """Return an ARN in the usual form."""
        return (
            f"arn:{names.partition(self.region)}:{service}:{self.region}:{self.account}:{resource}"
        )

    @property
    def registry(self) -> str:
        """Where the account's images are."""
        return f"{self.account}.dkr.ecr.{self.region}.amazonaws.com"


def _named(arn: Callable[[str, str, str], str]) -> Callable[[Cloud, str, Values], Computed]:
    """Return the answer for what has its name as its id, and an ARN."""
    return lambda cloud, name, _: Computed(name, {"arn": arn(cloud.region, cloud.account, name)})


def _numbered(arn: Callable[[str, str, str], str]) -> Callable[[Cloud, str, Values], Computed]:
    """Return the answer for what has its ARN as its id."""

    def answer(cloud: Cloud, name: str, _: Values) -> Computed:
        made = arn(cloud.region, cloud.account, name)
        return Computed(made, {"arn": made})

    return answer


def _rule(cloud: Cloud, name: str, inputs: Values) -> Computed:
    bus = str(inputs.get("eventBusName") or "default")
    return Computed(name, {"arn": names.rule_arn(cloud.region, cloud.account, name, bus=bus)})


def _bucket(cloud: Cloud, name: str, _: Values) -> Computed:
    return Computed(name, {"arn": names.bucket_arn(cloud.region, name), "bucket": name})


def _queue(cloud: Cloud, name: str, _: Values) -> Computed:
    url = f"https://sqs.{cloud.region}.amazonaws.com/{cloud.account}/{name}"
    return Computed(url, {"arn": names.queue_arn(cloud.region, cloud.account, name), "url": url})


def _repository(cloud: Cloud, name: str, _: Values) -> Computed:
    url = f"{cloud.registry}/{name}"
    arn = cloud.arn("ecr", f"repository/{name}")
    return Computed(name, {"arn": arn, "registryId": cloud.account, "repositoryUrl": url})


def _security_group(cloud: Cloud, name: str, _: Values) -> Computed:
    number = f"sg-{_digest(name)[:17]}"
    return Computed(number, {"arn": cloud.arn("ec2", f"security-group/{number}")})


def _built(_: Cloud, name: str, inputs: Values) -> Computed:
    digest = f"sha256:{_digest(str(inputs['imageName']))}"
    image = str(inputs["imageName"]).rpartition(":")[0]
    return Computed(digest, {"repoDigest": f"{image}@{digest}"})


def _identity(cloud: Cloud, _: Values) -> dict[str, JsonValue]:
    arn = names.role_arn(cloud.region, cloud.account, "offline")
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


def _image(cloud: Cloud, asked: Values) -> dict[str, JsonValue]:
    """Say that the image is there, whatever its tag."""
    name = f"{cloud.registry}/{asked['repositoryName']}"
    digest = f"sha256:{_digest(name + ':' + str(asked['imageTag']))}"
    return {**asked, "id": digest, "imageDigest": digest, "imageUri": f"{name}@{digest}"}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_KINDS: dict[str, Callable[[Cloud, str, Values], Computed]] = {
    "aws:cloudwatch/eventRule:EventRule": _rule,
    "aws:cloudwatch/logGroup:LogGroup": _named(names.log_group_arn),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _named(names.alarm_arn),
    "aws:ec2/securityGroup:SecurityGroup": _security_group,
    "aws:ecr/repository:Repository": _repository,
    "aws:iam/role:Role": _named(names.role_arn),
    "aws:lambda/function:Function": _named(names.function_arn),
    "aws:s3/bucket:Bucket": _bucket,
    "aws:scheduler/scheduleGroup:ScheduleGroup": _named(names.schedule_group_arn),
    "aws:sfn/stateMachine:StateMachine": _numbered(names.machine_arn),
    "aws:sns/topic:Topic": _numbered(names.topic_arn),
    "aws:sqs/queue:Queue": _queue,
    "docker:index/image:Image": _built,
}
_QUESTIONS: dict[str, Callable[[Cloud, Values], dict[str, JsonValue]]] = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _token,
    "aws:ecr/getImage:getImage": _image,
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
}
