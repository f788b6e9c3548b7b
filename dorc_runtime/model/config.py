"""What every pipeline of a repository shares, whatever the environment, and within one."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from dorc_runtime.model.base import Model

Account = Annotated[str, Field(pattern=r"^[0-9]{12}$")]
Project = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9]*(-[A-Za-z0-9]+)*$", max_length=40)]
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]


class UniversalConfig(Model):
    """What no environment owns alone.

    ``region`` is AWS's code of it, ``account`` the 12 digits of the AWS account (optional: it then
    comes from the credentials), ``architecture`` the processor that the functions run on, ``tags``
    are put on every resource.
    """

    region: Region
    project: Project
    account: Account | None = None
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    tags: dict[str, str] = Field(default={})


class Config(Model):
    """What the pipelines of one environment share.

    Functions join a VPC when ``vpc_id`` and ``private_subnet_ids`` are given, which come together.
    """

    universal: UniversalConfig
    vpc_id: str | None = None
    private_subnet_ids: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _vpc_whole(self) -> Self:
        if bool(self.vpc_id) != bool(self.private_subnet_ids):
            given, missing = ("vpc_id", "private_subnet_ids")[:: 1 if self.vpc_id else -1]
            raise ValueError(f"{given} is given without {missing}: give both, or neither")
        return self
