"""The image of one version of a function."""

from pathlib import Path

import pulumi
import pulumi_docker


class FunctionImage(pulumi.ComponentResource):
    """An image built from the folder ``context`` and pushed to an ECR repository with ``tag``.

    ``user`` and ``password`` are ECR's authorization token. ``code_path`` is the function's folder
    inside the context, ``platform`` is Docker's name of it (``linux/arm64``). A preview builds
    nothing. ``by_digest`` is the name of the image with its digest.
    """

    by_digest: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        repository_url: pulumi.Input[str],
        tag: str,
        context: Path,
        code_path: str,
        platform: str,
        user: str,
        password: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:FunctionImage", name, None, opts)
        image = pulumi_docker.Image(
            name,
            image_name=pulumi.Output.concat(repository_url, ":", tag),
            build=pulumi_docker.DockerBuildArgs(
                context=str(context),
                dockerfile=str(context / "Dockerfile"),
                args={"CODE_PATH": code_path},
                platform=platform,
            ),
            build_on_preview=False,
            registry=pulumi_docker.RegistryArgs(
                server=repository_url, username=user, password=pulumi.Output.secret(password)
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.by_digest = image.repo_digest
        self.register_outputs({"by_digest": self.by_digest})
