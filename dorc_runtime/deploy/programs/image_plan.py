"""The images of a repository, which of them must be built, and the plan for universal's program."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol, Self

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from dorc_runtime.errors import StackError
from dorc_runtime.model.base import Model
from dorc_runtime.project.images.fingerprint import ImageRecipe, stage
from dorc_runtime.project.images.image_files import ContextFile

PLAN_VARIABLE = "DORC_IMAGE_PLAN"

# The number of connections that a client of boto3 keeps open; it warns about more.
_CONNECTIONS = 10
_NO_REPOSITORY = "RepositoryNotFoundException"


class Registry(Protocol):
    """The part of boto3's client for ECR that is used here."""

    def batch_get_image(
        self,
        *,
        repositoryName: str,  # noqa: N803 # the service's own name
        imageIds: Sequence[Mapping[str, str]],  # noqa: N803
    ) -> Mapping[str, Any]:
        """Return the ``images`` that exist, and ``failures``."""


class PlannedImage(Model):
    """The image of a function: its ECR ``repository`` and its ``tag``.

    It is built from the folder ``context`` with the build argument ``CODE_PATH`` for Docker's
    ``platform``; without a context the image already exists in ECR.
    """

    layer: str
    pipeline: str
    function: str
    repository: str
    tag: str
    platform: str
    code_path: str
    context: Path | None

    @property
    def id(self) -> str:
        """``layer/pipeline/function``."""
        return f"{self.layer}/{self.pipeline}/{self.function}"


class ImagePlan(Model):
    """The images of all ``functions`` of a repository."""

    functions: tuple[PlannedImage, ...]

    @classmethod
    def of(cls, recipes: Iterable[ImageRecipe], *, contexts: Mapping[str, Path]) -> Self:
        """Return the plan of ``recipes``; ``contexts`` has folders by the ids of missing images."""
        return cls(
            functions=tuple(
                PlannedImage(
                    layer=recipe.layer,
                    pipeline=recipe.pipeline,
                    function=recipe.function,
                    repository=recipe.repository,
                    tag=recipe.tag,
                    platform=recipe.platform,
                    code_path=recipe.code_path,
                    context=contexts.get(recipe.id),
                )
                for recipe in recipes
            )
        )

    @property
    def missing(self) -> tuple[PlannedImage, ...]:
        """The images to build."""
        return tuple(image for image in self.functions if image.context is not None)


def image_digests(recipes: Sequence[ImageRecipe], *, client: Registry) -> dict[str, str]:
    """Return the digests of the images of ``recipes`` that ECR has, by the ids of the recipes.

    ``client`` is boto3's for ECR. One call for each function is far below ECR's limit (2,000 calls
    a second), which other calls are not:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html

    Raises ``StackError`` when ECR does not answer.
    """
    if not recipes:
        return {}
    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        answers = threads.map(lambda recipe: _digest(recipe, client), recipes)
        return {
            recipe.id: digest for recipe, digest in zip(recipes, answers, strict=True) if digest
        }


def missing_images(recipes: Sequence[ImageRecipe], *, client: Registry) -> tuple[ImageRecipe, ...]:
    """Return those of ``recipes`` without an image in ECR, in their order.

    Raises ``StackError`` when ECR does not answer.
    """
    digests = image_digests(recipes, client=client)
    return tuple(recipe for recipe in recipes if recipe.id not in digests)


@contextmanager
def staged(recipes: Sequence[ImageRecipe], *, missing: Iterable[ImageRecipe]) -> Iterator[Path]:
    """Write the contexts of the ``missing`` images, and the plan, into a temporary folder.

    Yields the plan's file: the program needs it in the variable ``PLAN_VARIABLE``.
    """
    with TemporaryDirectory(prefix="dorc-images-") as temporary:
        contexts: dict[str, Path] = {}
        written: dict[ContextFile, Path] = {}
        for number, recipe in enumerate(missing):
            contexts[recipe.id] = Path(temporary, str(number))
            stage(recipe, contexts[recipe.id], written=written)
        file = Path(temporary, "plan.json")
        write_plan(ImagePlan.of(recipes, contexts=contexts), file)
        yield file


def write_plan(plan: ImagePlan, file: Path) -> None:
    """Write ``plan`` for ``read_plan``."""
    file.write_text(plan.model_dump_json(), encoding="utf-8")


def read_plan(environment: Mapping[str, str] = os.environ) -> ImagePlan:
    """Return the plan in the file that ``PLAN_VARIABLE`` names.

    Raises ``StackError`` when there is none: without it Pulumi would delete the images of other
    branches, and build images that exist.
    """
    file = environment.get(PLAN_VARIABLE)
    if not file:
        raise StackError(
            "universal is applied by `invoke apply --instance universal`, which builds only the "
            "images that ECR lacks and keeps the images of other branches; `pulumi up` would "
            "delete those."
        )
    try:
        return ImagePlan.model_validate_json(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise StackError(
            f"{PLAN_VARIABLE} names {file}, which is no plan of images: unset the variable, and "
            "use `invoke apply --instance universal`."
        ) from error


def _digest(recipe: ImageRecipe, client: Registry) -> str | None:
    try:
        answer = client.batch_get_image(
            repositoryName=recipe.repository, imageIds=[{"imageTag": recipe.tag}]
        )
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == _NO_REPOSITORY:
            return None
        raise StackError(
            f"ECR does not say whether it has the image of {recipe.id}: {error}"
        ) from error
    return str(answer["images"][0]["imageId"]["imageDigest"]) if answer["images"] else None
