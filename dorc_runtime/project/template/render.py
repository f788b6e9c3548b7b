"""The template that the library contains, rendered for answers: files as values."""

import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import dorc_runtime
from dorc_runtime.errors import DefinitionError, ScaffoldError, UnknownNameError
from dorc_runtime.project.environments import PROJECT_FILE
from dorc_runtime.project.repository import ANSWERS, DEFINITION
from dorc_runtime.project.template.answers import Answers

SCAFFOLDS = "scaffolds"
# The files in a pipeline's folder that an update changes, and those of each environment.
_TEMPLATES = ("__main__.py", f"{PROJECT_FILE}.jinja", "Pulumi.{% yield*")
_REFUSAL = re.compile(r"Validation error for question '(?P<key>\w+)': (?P<reason>.+)")
_REQUIREMENTS = "requirements.txt"
_PIPELINE = Path("src", "{% yield p from pipelines %}{{ p.layer }}{% endyield %}", "{{ p.name }}")

Files = Mapping[str, bytes]
"""The content of files, by their path from the repository's root."""


def render(answers: Answers, *, scaffold: Path | None = None) -> Files:
    """Return all files of the template, without the answers file.

    ``scaffold`` is a folder with a team's scaffold; then only the folder of the last pipeline is
    rendered, from that scaffold. Raises ``ScaffoldError`` for an invalid answer.
    """
    import copier
    from jinja2 import TemplateError

    only: list[str] = []
    if scaffold is not None:
        layer, name = answers.pipelines[-1]
        only = ["*", f"!/src/{layer}/{name}/**"]
    with tempfile.TemporaryDirectory(prefix="dorc-") as temporary:
        template, made = Path(temporary, "template"), Path(temporary, "made")
        _copy_template(template)
        if scaffold is not None:
            _replace_pipelines(scaffold, template / "template")
        try:
            copier.run_copy(
                str(template),
                made,
                data={**answers.template_answers, "runtime_version": dorc_runtime.__version__},
                exclude=only,
                defaults=True,
                quiet=True,
            )
        except TemplateError as error:
            raise DefinitionError(_template_problem(error, scaffold)) from error
        except (ValueError, copier.errors.UserMessageError) as error:
            raise ScaffoldError(_answer_problem(" ".join(str(error).split()), answers)) from error
        return {
            path.relative_to(made).as_posix(): path.read_bytes()
            for path in sorted(made.rglob("*"))
            if path.is_file() and path.name != ANSWERS
        }


def scaffold_folder(root: Path, name: str) -> Path:
    """Return the folder of the team's scaffold ``name`` in the repository at ``root``.

    Raises ``UnknownNameError`` if it does not exist, ``DefinitionError`` if it has no pipeline, or
    has files that dorc writes itself.
    """
    folders = {path.name: path for path in (root / SCAFFOLDS).glob("*/")}
    if name not in folders:
        remedy = f"Each is a folder {SCAFFOLDS}/NAME."
        raise UnknownNameError("scaffold", name, sorted(folders), remedy=remedy)
    shown = f"{SCAFFOLDS}/{name}"
    files = {path.name.removesuffix(".jinja") for path in folders[name].iterdir()}
    if DEFINITION not in files:
        raise DefinitionError(f"{shown} has no {DEFINITION} or {DEFINITION}.jinja: write one.")
    for file in sorted(files):
        if file == "__main__.py" or file.startswith("Pulumi."):
            raise DefinitionError(f"{shown}/{file}: dorc writes it itself: remove it.")
    return folders[name]


def _copy_template(target: Path) -> None:
    """Copy the template of the wheel, or of the checkout as it is on disk."""
    library = Path(dorc_runtime.__file__).parent
    packaged = library / "_scaffold"
    source = packaged if packaged.is_dir() else library.parent
    # pip compiles the Python files in a wheel.
    compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source / "template", target / "template", ignore=compiled)
    shutil.copy(source / "copier.yml", target / "copier.yml")


def _replace_pipelines(scaffold: Path, template: Path) -> None:
    """Replace the template's pipelines by a team's scaffold; the files of dorc stay."""
    names = {path.name for path in scaffold.iterdir()}
    for folder in template.glob("src/*/*/"):
        files = [path for pattern in _TEMPLATES for path in folder.glob(pattern)]
        if not names & {_REQUIREMENTS, f"{_REQUIREMENTS}.jinja"}:
            files.append(folder / _REQUIREMENTS)
        for path in folder.iterdir():
            if path not in files:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    ignored = shutil.ignore_patterns("__pycache__", ".DS_Store")
    shutil.copytree(scaffold, template / _PIPELINE, ignore=ignored)


def _answer_problem(reason: str, answers: Answers) -> str:
    """Return which answer the template does not accept, and why."""
    if match := _REFUSAL.fullmatch(reason):
        answer = answers.template_answers.get(match["key"])
        value = json.dumps(answer, ensure_ascii=False, default=str)
        return f"{match['key']} cannot be {value}: {match['reason']} (answers: {ANSWERS})"
    return f"an answer in {ANSWERS} is invalid: {reason}"


def _template_problem(error: Exception, scaffold: Path | None) -> str:
    where = f"{SCAFFOLDS}/{scaffold.name}" if scaffold else "the template"
    line = getattr(error, "lineno", None)
    return f"{where} cannot be rendered: {error}" + (f" (line {line})." if line else ".")
