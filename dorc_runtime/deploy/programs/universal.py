"""The program of ``universal/``: what no environment owns, which is the functions' images."""

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
    """Makes the repositories of all functions' images, and the images that are missing there.

    Which these are, is in the plan that `invoke apply --instance universal` hands over. Without it
    nothing is made: Pulumi would delete what other branches of the code own. ``folder`` is the
    program's, by default the current one, where Pulumi runs it.
    """

    universal: UniversalConfig
    _: KW_ONLY
    folder: Path | None = None

    def apply(self) -> None:
        """Tell Pulumi what there should be."""
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
            opts=cloud.resource,
        )
        for image in plan.functions
    }
    if plan.missing:
        _build(plan, repositories, cloud)
    pulumi.export("repositories", {key: made.url for key, made in repositories.items()})


def _build(plan: ImagePlan, repositories: Mapping[str, ImageRepository], cloud: Cloud) -> None:
    """Build and push the images that ECR lacks, which is all that Docker is needed for."""
    token = ecr.get_authorization_token(opts=cloud.invoke)
    docker = pulumi_docker.Provider("docker")
    for image in plan.functions:
        if image.context is not None:
            FunctionImage(
                image.id,
                repository_url=_afterwards(repositories[image.id].url),
                tag=image.tag,
                context=image.context,
                code_path=image.code_path,
                platform=image.platform,
                user=token.user_name,
                password=token.password,
                opts=pulumi.ResourceOptions(provider=docker),
            )


def _afterwards(url: pulumi.Output[str]) -> pulumi.Output[str]:
    """Return ``url``, which is known once the repository is there, without what it comes from.

    The engine takes what depends on a targeted repository for targeted too, and would delete the
    images that are not to be built, and so are not in the program.
    """

    async def value() -> str:
        return await url.future() or ""

    return pulumi.Output(set(), value(), url.is_known())
