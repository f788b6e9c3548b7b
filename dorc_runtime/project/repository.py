"""A repository of pipelines on disk: its root and its folders."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dorc_runtime.errors import NotARepositoryError, UnknownNameError, suggestion

ANSWERS = ".copier-answers.yml"
CONFIGURATION = "pipeline_config.py"
DEFINITION = "pipeline.py"
HANDLER = "lambda.py"
# The folder next to the examples of a pipeline with objects that are in the lake of all of them.
SHARED_LAKE = "lake"
FIRST_EXAMPLE = "first"


@dataclass(frozen=True)
class PipelineFolder:
    """The folder ``src/<layer>/<name>`` of one pipeline; ``root`` is the repository's."""

    root: Path
    layer: str
    name: str

    @property
    def id(self) -> str:
        """``layer/name``, as in the arguments of commands."""
        return f"{self.layer}/{self.name}"

    @property
    def path(self) -> Path:
        """The folder itself."""
        return self.root / "src" / self.layer / self.name

    @property
    def definition(self) -> Path:
        """The file that holds the pipeline."""
        return self.path / DEFINITION

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """The names of the folders with a handler, sorted."""
        return tuple(sorted(file.parent.name for file in self.path.glob(f"*/{HANDLER}")))

    @cached_property
    def examples(self) -> tuple[str, ...]:
        """The names of the examples, sorted."""
        folders = [each for each in self.path.glob("examples/*/") if each.is_dir()]
        return tuple(sorted(each.name for each in folders if each.name != SHARED_LAKE))

    @property
    def default_example(self) -> str | None:
        """The example ``first``, or else the only one; None where there is neither."""
        if FIRST_EXAMPLE in self.examples:
            return FIRST_EXAMPLE
        return self.examples[0] if len(self.examples) == 1 else None

    @property
    def requirements(self) -> tuple[Path, ...]:
        """The requirements files that go into the images of its functions."""
        files = (self.root / "requirements.txt", self.path / "requirements.txt")
        return tuple(file for file in files if file.is_file())


@dataclass(frozen=True)
class Repository:
    """A repository of pipelines, made by the template or by hand."""

    root: Path

    @cached_property
    def pipelines(self) -> tuple[PipelineFolder, ...]:
        """All pipelines, sorted by layer and name."""
        files = sorted(self.root.glob(f"src/*/*/{DEFINITION}"))
        return tuple(
            PipelineFolder(self.root, file.parent.parent.name, file.parent.name) for file in files
        )

    def pipeline(self, name: str) -> PipelineFolder:
        """Return the pipeline ``layer/name``; a path in it, as in ``src/layer/name/``, is one too.

        Raises ``UnknownNameError`` for one that does not exist.
        """
        path = name.strip("/").removeprefix("src/")
        for folder in self.pipelines:
            is_inside = path.startswith(f"{folder.id}/") and (self.root / "src" / path).exists()
            if folder.id == path or is_inside:
                return folder
        known = [folder.id for folder in self.pipelines]
        near = suggestion(path, known).strip()
        raise UnknownNameError("pipeline", name, known, remedy=near)

    def show(self, path: Path) -> str:
        """Return ``path`` for a message: from the repository's root."""
        return path.relative_to(self.root).as_posix()


def find_repository(start: Path) -> Repository:
    """Return the repository at ``start``, or the one that contains it.

    Raises ``NotARepositoryError`` when there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        if _is_repository(folder):
            return Repository(folder)
    raise NotARepositoryError(
        f"{start} is not a repository of pipelines: it has no src/ next to {CONFIGURATION} or "
        f"{ANSWERS}. Create one with `copier copy`, or set CONFIG_REPO_PATH to its path."
    )


def _is_repository(folder: Path) -> bool:
    if not (folder / "src").is_dir():
        return False
    marks = (ANSWERS, CONFIGURATION, "universal", "infra")
    return any((folder / mark).exists() for mark in marks) or any(
        folder.glob(f"src/*/*/{DEFINITION}")
    )
