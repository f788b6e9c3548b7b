"""The answers to the template's questions: ``.copier-answers.yml``, read, checked and written."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dorc_runtime.errors import ScaffoldError
from dorc_runtime.project.repository import ANSWERS, DEFINITION

_HEADER = (
    "# Copier and Invoke's tasks write this file: change answers with `copier update`, not here.\n"
)
_REMEDY = "fix it, or restore it from git."


@dataclass(frozen=True)
class Answers:
    """All answers, and the entries of Copier: ``_src_path`` and ``_commit``."""

    values: Mapping[str, Any]

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers, in their order."""
        return tuple(self.values["layers"])

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments, in the order of their deployment."""
        return tuple(self.values["environments"])

    @property
    def pipelines(self) -> tuple[tuple[str, str], ...]:
        """The layer and the name of each pipeline, oldest first."""
        return tuple((each["layer"], each["name"]) for each in self.values["pipelines"])

    @property
    def source(self) -> str:
        """The template's address for Copier, "" if it is unknown."""
        return str(self.values.get("_src_path") or "")

    @property
    def commit(self) -> str:
        """The template's tag, or its commit as `git describe` prints it, "" if it is unknown."""
        return str(self.values.get("_commit") or "")

    @property
    def template_answers(self) -> dict[str, Any]:
        """The answers to the template's questions."""
        return {key: value for key, value in self.values.items() if not key.startswith("_")}

    def with_layers(self, layers: tuple[str, ...]) -> "Answers":
        """Return these answers, with other layers."""
        return Answers({**self.values, "layers": list(layers)})

    def with_environments(self, environments: tuple[str, ...]) -> "Answers":
        """Return these answers, with other environments."""
        return Answers({**self.values, "environments": list(environments)})

    def with_pipelines(self, pipelines: tuple[tuple[str, str], ...]) -> "Answers":
        """Return these answers, with other pipelines, each a layer and a name."""
        entries = [{"layer": layer, "name": name} for layer, name in pipelines]
        return Answers({**self.values, "pipelines": entries})


def read_answers(root: Path) -> Answers:
    """Return the answers of the repository at ``root``.

    Raises ``ScaffoldError``, which names the key, if the answers file is missing or invalid.
    """
    import yaml

    file = root / ANSWERS
    if not file.is_file():
        raise ScaffoldError(
            f"{root} has no {ANSWERS}: this command needs a repository made with `copier copy`."
        )
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise ScaffoldError(f"{ANSWERS}{line} is not YAML: {_REMEDY}") from error
    if not isinstance(content, dict):
        raise ScaffoldError(f"{ANSWERS} has no list of layers: {_REMEDY}")
    # Older answers files lack the one, and people remove the other.
    defaults = {"pipelines": [], "environments": ["dev", "prod"]}
    values = defaults | {str(key): value for key, value in content.items()}
    for key in ("layers", "environments"):
        match values.get(key):
            case [*names] if names and all(isinstance(name, str) for name in names):
                pass
            case _:
                raise ScaffoldError(f"{ANSWERS} has no list of {key}: {_REMEDY}")
    match values["pipelines"]:
        case [*pipelines] if all(_is_pipeline(pipeline) for pipeline in pipelines):
            return Answers(values)
        case _:
            raise ScaffoldError(f"{ANSWERS} has no list of pipelines: {_REMEDY}")


def deleted_pipelines(root: Path) -> tuple[tuple[str, str], ...]:
    """Return the pipelines in the answers of the repository at ``root`` that have no definition.

    Each is a layer and a name. A repository without answers has none. Raises ``ScaffoldError`` if
    the answers file is invalid.
    """
    if not (root / ANSWERS).is_file():
        return ()
    return tuple(
        (layer, name)
        for layer, name in read_answers(root).pipelines
        if not (root / "src" / layer / name / DEFINITION).is_file()
    )


def write_answers(root: Path, answers: Answers) -> None:
    """Write the answers file as Copier does, completely or not at all."""
    import yaml

    text = yaml.safe_dump(
        dict(answers.values), indent=4, allow_unicode=True, default_flow_style=False
    )
    with tempfile.TemporaryDirectory(prefix=".dorc-", dir=root) as folder:
        new = Path(folder, ANSWERS)
        new.write_text(_HEADER + text, encoding="utf-8")
        new.replace(root / ANSWERS)


def _is_pipeline(value: object) -> bool:
    match value:
        case {"layer": str(), "name": str()}:
            return True
        case _:
            return False
