"""The program of ``universal/``: the images of the functions, which all environments share."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from pathlib import Path

import pulumi
import pulumi_docker
from pulumi_aws import ecr

from dorc_runtime.deploy.components.function_image import FunctionImage
from dorc_runtime.deploy.components.image_repository import ImageRepository
from dorc_runtime.deploy.programs.common import Cloud, connect, one_line_errors
from dorc_runtime.deploy.programs.image_plan import ImagePlan, read_plan
from dorc_runtime.model.config import UniversalConfig
from dorc_runtime.project.repository import find_repository


@dataclass(frozen=True)
class CreateUniversal:
    """Creates the repositories of all functions' images, and the images that are missing there.

    The missing images are in the plan that `invoke apply --instance universal` writes. Without the
    plan the program ends with an error: Pulumi would delete the images of other branches.
    ``folder`` is the program's, by default the current one, where Pulumi runs it.
    """

    universal: UniversalConfig
    _: KW_ONLY
    folder: Path | None = None

    def apply(self) -> None:
        """Register the resources with Pulumi."""
        with one_line_errors():
            _universal(self.universal, (self.folder or Path.cwd()).resolve())


def _universal(universal: UniversalConfig, folder: Path) -> None:
    plan = read_plan()
    cloud = connect(
        universal,
        root=find_repository(folder).root,
        tags={"dorc:project": universal.project},
    )
    repositories = {
        image.id: ImageRepository(
            image.id,
            repository=image.repository,
            images_kept=universal.images_kept,
            key_arn=universal.images_kms_key_arn,
            opts=cloud.resource_options,
        )
        for image in plan.functions
    }
    if plan.missing:
        _build(plan, repositories, cloud)
    pulumi.export("repositories", {id_: repository.url for id_, repository in repositories.items()})


def _build(plan: ImagePlan, repositories: Mapping[str, ImageRepository], cloud: Cloud) -> None:
    """Build and push the images that ECR lacks; only this needs Docker."""
    token = ecr.get_authorization_token(opts=cloud.invoke_options)
    docker = pulumi_docker.Provider("docker")
    for image in plan.functions:
        if image.context is not None:
            FunctionImage(
                image.id,
                repository_url=_without_dependencies(repositories[image.id].url),
                tag=image.tag,
                context=image.context,
                code_path=image.code_path,
                platform=image.platform,
                user=token.user_name,
                password=token.password,
                opts=pulumi.ResourceOptions(provider=docker),
            )


def _without_dependencies(url: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return ``url`` without its dependency on the repository.

    The engine treats everything that depends on a target as a target. It would delete the images
    that need no build, because the program does not have them.
    """

    async def value() -> str:
        return await url.future() or ""

    return pulumi.Output(set(), value(), url.is_known())
