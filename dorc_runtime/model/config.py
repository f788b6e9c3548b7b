"""The configuration that pipelines share: in all environments, and in one environment."""

from datetime import date
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    BaseModel,
    Field,
    SecretBytes,
    SecretStr,
    SerializeAsAny,
    field_validator,
    model_validator,
)

from dorc_runtime.model.base import Model
from dorc_runtime.model.references import is_reference
from dorc_runtime.model.resources import Resource
from dorc_runtime.model.secrets import SecretName

Account = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Project = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$", max_length=40)]
PolicyArn = Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$")]
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BucketName = Annotated[
    str,
    Field(
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="3 to 63 lower-case letters, digits, dots and dashes",
    ),
]
# https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN
KeyArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$",
        description="the ARN of a KMS key, no alias",
    ),
]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]


# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LogDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]  # fmt: skip


class UniversalConfig(Model):
    """What all environments share.

    ``region`` is the code of the AWS region. ``project`` is the first part of every name on AWS, at
    most 40 letters, digits and single dashes. ``account`` is the 12 digits of the AWS account;
    without it the account comes from the credentials. ``architecture`` is the processor that the
    functions run on. ``tags`` are put on every resource. ``permissions_boundary`` is the ARN of a
    policy, which becomes the boundary of every role. The newest ``images_kept`` images of each
    function are kept. ``images_kms_key_arn`` is the KMS key that encrypts the images of new
    functions; ECR cannot change the encryption of images that exist.
    """

    region: Region
    project: Project
    account: Account | None = None
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    tags: dict[str, str] = Field(default={})
    permissions_boundary: PolicyArn | None = None
    images_kept: int = Field(default=50, ge=1)
    images_kms_key_arn: KeyArn | None = None

    @model_validator(mode="after")
    def _key_in_region(self) -> Self:
        _check_region("images_kms_key_arn", self.images_kms_key_arn, self.region)
        return self


class Config(Model):
    """What the pipelines of one environment share.

    ``universal`` is what all environments share. Functions run in a VPC when ``vpc_id`` and
    ``private_subnet_ids`` are set; set both or neither. Each zone gets a bucket; ``buckets`` names
    the zones that have a bucket already, with the name of that bucket. ``protect_buckets`` keeps
    the buckets when the environment is destroyed. Where ``protect`` is true, commands that change
    something in the environment ask for its name. Logs are kept for ``log_retention_days``; state
    machines log every event of an execution, with inputs and outputs if ``log_data``.
    ``alert_emails`` get a message about executions that failed and events that could not be
    delivered. ``alert_webhooks`` get those about pipelines too: each is a secret with the https URL
    of a webhook of Slack or Teams. ``mute_alerts`` is true where alerts about pipelines are not
    sent, or the date (in UTC) from which on they are sent again. ``resources`` are created by
    infra, for all pipelines. ``settings`` is the team's own model of the values that differ between
    environments.

    ``kms_key_arn`` is the KMS key that encrypts buckets, logs, environment variables, messages,
    tables, schedules and state machines. Its key policy has to allow that: see docs/security.md.
    Without it, AWS encrypts with its own keys, and the topic of alerts gets a key.

    The stack file of an environment, ``infra/Pulumi.<env>.yaml``, may set most of these; its value
    is used instead of the one here.
    """

    universal: UniversalConfig
    vpc_id: str | None = None
    private_subnet_ids: tuple[str, ...] = ()
    buckets: dict[str, BucketName] = Field(default={})
    protect_buckets: bool = True
    protect: bool = False
    log_retention_days: LogDays = 30
    log_data: bool = False
    kms_key_arn: KeyArn | None = None
    alert_emails: tuple[str, ...] = ()
    alert_webhooks: tuple[SecretName, ...] = ()
    mute_alerts: bool | date = False
    resources: tuple[SerializeAsAny[Resource], ...] = ()
    settings: type[BaseModel] | None = Field(default=None, exclude=True)

    @field_validator("settings", mode="before")
    @classmethod
    def _a_model(cls, settings: object) -> object:
        if settings is None or (isinstance(settings, type) and issubclass(settings, BaseModel)):
            return settings
        raise ValueError(
            f"{settings!r} is not a class of pydantic's: write class Settings(BaseModel), and "
            "settings=Settings"
        )

    @field_validator("settings")
    @classmethod
    def _without_secrets(cls, settings: type[BaseModel] | None) -> type[BaseModel] | None:
        for name, field in settings.model_fields.items() if settings else ():
            types = (field.annotation, *get_args(field.annotation))
            if any(each in (SecretStr, SecretBytes) for each in types):
                raise ValueError(
                    f"{name}: a setting is not secret: remove it, and give it to functions with "
                    f'Function(secrets=["{name.replace("_", "-")}"])'
                )
        return settings

    @field_validator("mute_alerts", mode="before")
    @classmethod
    def _mute_until(cls, muted: object) -> object:
        # As `pulumi config set` writes them.
        muted = (
            {"true": True, "false": False}.get(muted, muted) if isinstance(muted, str) else muted
        )
        if isinstance(muted, bool | date):
            return muted
        try:
            return date.fromisoformat(str(muted))
        except ValueError:
            raise ValueError(
                f"'{muted}' is neither true or false nor a date: write the day on which alerts are "
                "sent again, for example '2030-01-31'"
            ) from None

    @field_validator("resources")
    @classmethod
    def _with_different_names(cls, resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
        names = [(each.kind, each.name) for each in resources]
        for kind, name in names:
            if names.count((kind, name)) > 1:
                raise ValueError(f"two {kind}s are called '{name}': give each its own name")
        return resources

    @model_validator(mode="after")
    def _without_references(self) -> Self:
        if is_reference(self.model_dump_json()):
            raise ValueError(
                "setting() has no value here: write the value, or set the field of Config in "
                "infra/Pulumi.<env>.yaml"
            )
        return self

    @model_validator(mode="after")
    def _vpc_whole(self) -> Self:
        if bool(self.vpc_id) != bool(self.private_subnet_ids):
            present, missing = ("vpc_id", "private_subnet_ids")[:: 1 if self.vpc_id else -1]
            raise ValueError(f"{present} is set without {missing}: set both, or neither")
        return self

    @model_validator(mode="after")
    def _key_in_region(self) -> Self:
        _check_region("kms_key_arn", self.kms_key_arn, self.universal.region)
        return self


def _check_region(field: str, key_arn: str | None, region: str) -> None:
    if key_arn is not None and key_arn.split(":")[3] != region:
        raise ValueError(f"the key in {field} is not in the region {region}: use a key there")
