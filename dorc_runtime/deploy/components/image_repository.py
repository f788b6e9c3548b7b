"""The repository for the images of one function."""

import json

import pulumi
from pulumi_aws import ecr

from dorc_runtime.deploy.components.encryption import KeyArn, image_encryption


class ImageRepository(pulumi.ComponentResource):
    """The ECR repository ``repository``; nobody can push a tag twice.

    The newest ``images_kept`` images stay, at any age: the deployed image can be an old one. A
    repository that exists keeps its encryption, whatever ``key_arn`` says: ECR cannot change it.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
    The name of an image starts with ``url``.
    """

    url: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        repository: str,
        images_kept: int,
        key_arn: KeyArn,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:ImageRepository", name, None, opts)
        ecr_repository = ecr.Repository(
            name,
            name=repository,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=image_encryption(key_arn),
            # Without its protection, the repository is deleted with its images.
            force_delete=True,
            opts=pulumi.ResourceOptions(
                parent=self, protect=True, ignore_changes=["encryptionConfigurations"]
            ),
        )
        ecr.LifecyclePolicy(
            name,
            repository=ecr_repository.name,
            policy=json.dumps(_newest(images_kept)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.url = ecr_repository.repository_url
        self.register_outputs({"url": self.url})


def _newest(number: int) -> dict[str, object]:
    """Return the policy that keeps the newest images.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html
    """
    rule = {
        "rulePriority": 1,
        "description": f"Keep the newest {number} images",
        "selection": {
            "tagStatus": "any",
            "countType": "imageCountMoreThan",
            "countNumber": number,
        },
        "action": {"type": "expire"},
    }
    return {"rules": [rule]}
