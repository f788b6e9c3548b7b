"""The content of each function's image, and the tag that identifies this content.

An image is made from the function's folder, ``lib/``, both requirements files and the Dockerfile,
for one platform. The same content has the same tag, on Linux and on macOS: times, owners, umask and
the path of the repository do not matter, and neither do the files that git and Python create.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dorc_runtime.compile.names import image_repository
from dorc_runtime.errors import DefinitionError, StackError, UnknownNameError
from dorc_runtime.model.config import UniversalConfig
from dorc_runtime.project.images.image_files import (
    ContextFile,
    content_digest,
    contents,
    empty_file,
)
from dorc_runtime.project.repository import PipelineFolder, Repository
from dorc_runtime.project.requirements import requirement_problems

DOCKERFILE = "Dockerfile"
LIBRARY = "lib"
REQUIREMENTS = "requirements.txt"
IMAGE_TAG = "dorc:image"
"""The tag of a Lambda function that has the tag of its image."""
PLATFORMS = {"x86_64": "linux/amd64", "arm64": "linux/arm64"}

# 80 bits: no two images of a repository have the same tag by chance, and ECR's lists are readable.
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
_TAG_LENGTH = 20
_base_architecture = re.compile(
    r"^FROM\s+(?:--platform=\S+\s+)?public\.ecr\.aws/lambda/python:\S+-(x86_64|arm64)(?:\s|$)",
    re.IGNORECASE | re.MULTILINE,
).search


@dataclass(frozen=True)
class ImageRecipe:
    """The image of one function, made from one version of its code.

    ``repository`` is the name of its ECR repository, ``tag`` the fingerprint of its content,
    ``platform`` Docker's name of the platform, ``files`` the whole build context.
    """

    layer: str
    pipeline: str
    function: str
    repository: str
    tag: str
    platform: str
    files: tuple[ContextFile, ...]

    @property
    def id(self) -> str:
        """``layer/pipeline/function``."""
        return f"{self.layer}/{self.pipeline}/{self.function}"

    @property
    def code_path(self) -> str:
        """The function's folder in the context, the value of the build argument ``CODE_PATH``."""
        return f"src/{self.id}"


def recipes(repository: Repository, universal: UniversalConfig) -> tuple[ImageRecipe, ...]:
    """Return the recipes of all functions of the repository, sorted by pipeline and name.

    Raises ``DefinitionError`` for files that an image cannot contain.
    """
    if not repository.pipelines:
        return ()
    shared = _shared(repository.root, universal)
    return tuple(
        _recipe(folder, function, universal, shared)
        for folder in repository.pipelines
        for function in folder.functions
    )


def recipe(folder: PipelineFolder, function: str, universal: UniversalConfig) -> ImageRecipe:
    """Return the recipe of one function of the pipeline in ``folder``.

    Raises the errors of ``recipes_of``.
    """
    return recipes_of(folder, [function], universal)[function]


def recipes_of(
    folder: PipelineFolder, functions: Iterable[str], universal: UniversalConfig
) -> dict[str, ImageRecipe]:
    """Return the recipes of functions of the pipeline in ``folder``, by their names.

    Raises ``UnknownNameError`` for a function that does not exist, and ``DefinitionError`` for
    files that an image cannot contain.
    """
    names = tuple(functions)
    for name in names:
        if name not in folder.functions:
            raise UnknownNameError("function", name, folder.functions, where=f"in {folder.id}")
    if not names:
        return {}
    shared = _shared(folder.root, universal)
    return {name: _recipe(folder, name, universal, shared) for name in names}


def stage(
    recipe: ImageRecipe, target: Path, *, written: dict[ContextFile, Path] | None = None
) -> None:
    """Write the build context of ``recipe`` into ``target``, a new folder.

    ``written`` has the paths of files in other contexts. A file that is in it becomes a hard link,
    so that all functions share the space of ``lib/``; other files are added to it. Raises
    ``StackError`` when a file has changed since the recipe was made.
    """
    written = {} if written is None else written
    # The Dockerfile copies this folder, even if it is empty.
    (target / LIBRARY).mkdir(parents=True)
    for file in recipe.files:
        path = target / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(written[file], path)
        except (KeyError, OSError):
            _copy(file, path)
            written[file] = path


def _copy(file: ContextFile, path: Path) -> None:
    try:
        if file.source is None:
            path.touch()
        else:
            shutil.copyfile(file.source, path)
    except OSError as error:
        raise StackError(f"{file.path} cannot be copied: {error}.") from error
    if content_digest(path) != file.digest:
        raise StackError(f"{file.path} changed while images were prepared: run the command again.")
    path.chmod(0o755 if file.executable else 0o644)


@dataclass(frozen=True)
class _Shared:
    """What all images of a repository share."""

    files: tuple[ContextFile, ...]
    lines: bytes


def _shared(root: Path, universal: UniversalConfig) -> _Shared:
    files = (
        *contents(root, _dockerfile(root, universal), DOCKERFILE),
        *_requirements(root, root, REQUIREMENTS),
        *contents(root, root / LIBRARY, LIBRARY),
    )
    return _Shared(files, _lines(files))


def _requirements(root: Path, folder: Path, path: str) -> list[ContextFile]:
    """Return the requirements file of ``folder``, an empty one when there is none."""
    for problem in requirement_problems(folder / REQUIREMENTS, name=path):
        raise DefinitionError(f"{problem}.")
    return contents(root, folder / REQUIREMENTS, path) or [empty_file(path)]


def _lines(files: Iterable[ContextFile]) -> bytes:
    return b"".join(file.line for file in files)


def _recipe(
    folder: PipelineFolder, function: str, universal: UniversalConfig, shared: _Shared
) -> ImageRecipe:
    code = f"src/{folder.id}/{function}"
    own = (
        *_requirements(folder.root, folder.path, f"src/{folder.id}/{REQUIREMENTS}"),
        *contents(folder.root, folder.path / function, code),
    )
    platform = PLATFORMS[universal.architecture]
    build = json.dumps({"arguments": {"CODE_PATH": code}, "platform": platform}, sort_keys=True)
    whole = hashlib.sha256(b"\0".join((build.encode(), shared.lines, _lines(own))))
    return ImageRecipe(
        layer=folder.layer,
        pipeline=folder.name,
        function=function,
        repository=image_repository(universal.project, folder.layer, folder.name, function),
        tag=whole.hexdigest()[:_TAG_LENGTH],
        platform=platform,
        files=(*shared.files, *own),
    )


def _dockerfile(root: Path, universal: UniversalConfig) -> Path:
    for file in (root / DOCKERFILE, root / "src" / DOCKERFILE):
        if file.is_file():
            break
    else:
        raise DefinitionError(
            f"{root} has no {DOCKERFILE}, and its src/ has none: copy the one that "
            "`copier copy` writes into a new folder."
        )
    based = _base_architecture(file.read_text(encoding="utf-8", errors="replace"))
    if based and based[1].lower() != universal.architecture:
        raise DefinitionError(
            f"{file.relative_to(root).as_posix()} starts from an image for {based[1]}, but the "
            f"architecture in pipeline_config.py is {universal.architecture}: use the same in both."
        )
    return file
