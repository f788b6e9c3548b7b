"""Image repositories."""

from tests.engine.plugins.aws.kind import Kind

IMAGES = {
    "ecr/repository": Kind(
        service="ecr",
        create="create_repository",
        read="describe_repositories",
        delete="delete_repository",
        id="{name}",
        path="repositories[0]",
        update=("put_image_tag_mutability", "put_image_scanning_configuration"),
        replace=("name", "encryptionConfigurations"),
        rename={"name": ("repositoryName", "repositoryNames"), "forceDelete": ("force",)},
        outputs={
            "arn": "repositoryArn",
            "repositoryUrl": "repositoryUri",
            "registryId": "registryId",
        },
        defaults={"imageTagMutability": "MUTABLE"},
    ),
    "ecr/lifecyclePolicy": Kind(
        service="ecr",
        create="put_lifecycle_policy",
        read="get_lifecycle_policy",
        delete="delete_lifecycle_policy",
        id="{repository}",
        update=("put_lifecycle_policy",),
        replace=("repository",),
        rename={"repository": ("repositoryName",), "policy": ("lifecyclePolicyText",)},
        outputs={"registryId": "registryId"},
        tags=None,
    ),
}
