"""Which images there are, which are to be built, and how universal's program learns of it."""

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
from dorc_runtime.project.fingerprint import ImageRecipe, stage
from dorc_runtime.project.image_files import ContextFile

PLAN_VARIABLE = "DORC_IMAGE_PLAN"

# As many as a client of boto3 keeps open; of more it warns.
_CONNECTIONS = 10
_NO_REPOSITORY = "RepositoryNotFoundException"


class Registry(Protocol):
    """What is asked of boto3's client for ECR."""

    def batch_get_image(
        self,
        *,
        repositoryName: str,  # noqa: N803 # the service's own name
        imageIds: Sequence[Mapping[str, str]],  # noqa: N803
    ) -> Mapping[str, Any]:
        """Return the ``images`` that are there, and ``failures``."""


class PlannedImage(Model):
    """The image of a function: its ECR ``repository``, and the ``tag`` that it has there.

    It is built from the folder ``context`` with the build argument ``CODE_PATH`` for Docker's
    ``platform``; without a context it is in ECR already.
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
        """The images that are to be built."""
        return tuple(image for image in self.functions if image.context is not None)


def missing_images(recipes: Sequence[ImageRecipe], *, client: Registry) -> tuple[ImageRecipe, ...]:
    """Return those of ``recipes`` whose image ECR does not have, in their order.

    ``client`` is boto3's for ECR. Of the ways to ask, one call a function is the one whose limit
    (2,000 calls a second) is far away:
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html

    Raises ``StackError`` when ECR does not answer.
    """
    if not recipes:
        return ()
    with ThreadPoolExecutor(_CONNECTIONS) as threads:
        there = threads.map(lambda recipe: _is_there(recipe, client), recipes)
        return tuple(recipe for recipe, found in zip(recipes, there, strict=True) if not found)


@contextmanager
def staged(recipes: Sequence[ImageRecipe], *, missing: Iterable[ImageRecipe]) -> Iterator[Path]:
    """Have the contexts of the ``missing`` images, and the plan, in a folder while this lasts.

    Yields the plan's file, which the variable ``PLAN_VARIABLE`` is to name for the program.
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

    Raises ``StackError`` where there is none: without it a program would let Pulumi delete what
    other branches have, and build what is there.
    """
    file = environment.get(PLAN_VARIABLE)
    if not file:
        raise StackError(
            "universal is applied by `invoke apply --instance universal`, which builds only the "
            "images that ECR lacks and leaves alone the functions of other branches; Pulumi by "
            "itself would delete those."
        )
    try:
        return ImagePlan.model_validate_json(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise StackError(
            f"{PLAN_VARIABLE} names {file}, which holds no plan of images: take the variable away "
            "and use `invoke apply --instance universal`."
        ) from error


def _is_there(recipe: ImageRecipe, client: Registry) -> bool:
    try:
        answer = client.batch_get_image(
            repositoryName=recipe.repository, imageIds=[{"imageTag": recipe.tag}]
        )
    except (BotoCoreError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == _NO_REPOSITORY:
            return False
        raise StackError(
            f"ECR does not say whether it has the image of {recipe.id}: {error}"
        ) from error
    return bool(answer["images"])
