"""The template that the library ships with, rendered for answers: files as values."""

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
# What an update keeps up to date in a pipeline's folder, and what each environment has there.
_TEMPLATES = ("__main__.py", f"{PROJECT_FILE}.jinja", "Pulumi.{% yield*")
_REFUSAL = re.compile(r"Validation error for question '(?P<key>\w+)': (?P<reason>.+)")
_REQUIREMENTS = "requirements.txt"
_PIPELINE = Path("src", "{% yield p from pipelines %}{{ p.layer }}{% endyield %}", "{{ p.name }}")

Files = Mapping[str, bytes]
"""What is in files, by their path from the repository's root."""


def rendered(answers: Answers, *, scaffold: Path | None = None) -> Files:
    """Return all files of the template, the answers file left out.

    ``scaffold`` is a folder with a team's own skeleton; then only the folder of the last pipeline
    is rendered, from it. Raises ``ScaffoldError`` for an answer that cannot be.
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
            _put_in(scaffold, template / "template")
        try:
            copier.run_copy(
                str(template),
                made,
                data={**answers.given, "runtime_version": dorc_runtime.__version__},
                exclude=only,
                defaults=True,
                quiet=True,
            )
        except TemplateError as error:
            raise DefinitionError(_told(error, scaffold)) from error
        except (ValueError, copier.errors.UserMessageError) as error:
            raise ScaffoldError(_refused(" ".join(str(error).split()), answers)) from error
        return {
            path.relative_to(made).as_posix(): path.read_bytes()
            for path in sorted(made.rglob("*"))
            if path.is_file() and path.name != ANSWERS
        }


def scaffold_folder(root: Path, name: str) -> Path:
    """Return the folder of the team's own skeleton ``name`` in the repository at ``root``.

    Raises ``UnknownNameError`` for one that is not there, ``DefinitionError`` for one that makes no
    pipeline, or has files which every pipeline gets anyway.
    """
    folders = {path.name: path for path in (root / SCAFFOLDS).glob("*/")}
    if name not in folders:
        remedy = f"Each is a folder {SCAFFOLDS}/NAME."
        raise UnknownNameError("scaffold", name, sorted(folders), remedy=remedy)
    shown = f"{SCAFFOLDS}/{name}"
    there = {path.name.removesuffix(".jinja") for path in folders[name].iterdir()}
    if DEFINITION not in there:
        raise DefinitionError(f"{shown} has no {DEFINITION} or {DEFINITION}.jinja: write one.")
    for taken in sorted(there):
        if taken == "__main__.py" or taken.startswith("Pulumi."):
            raise DefinitionError(f"{shown}/{taken}: dorc writes it itself: remove it.")
    return folders[name]


def _copy_template(target: Path) -> None:
    """Copy the template: the wheel's, or the checkout's as it is on disk, whatever git says."""
    library = Path(dorc_runtime.__file__).parent
    packaged = library / "_scaffold"
    source = packaged if packaged.is_dir() else library.parent
    # pip compiles what looks like Python in a wheel.
    compiled = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source / "template", target / "template", ignore=compiled)
    shutil.copy(source / "copier.yml", target / "copier.yml")


def _put_in(scaffold: Path, template: Path) -> None:
    """Put a team's skeleton in place of the template's pipelines; what is dorc's stays."""
    given = {path.name for path in scaffold.iterdir()}
    for folder in template.glob("src/*/*/"):
        kept = [path for pattern in _TEMPLATES for path in folder.glob(pattern)]
        if not given & {_REQUIREMENTS, f"{_REQUIREMENTS}.jinja"}:
            kept.append(folder / _REQUIREMENTS)
        for path in folder.iterdir():
            if path not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    left_out = shutil.ignore_patterns("__pycache__", ".DS_Store")
    shutil.copytree(scaffold, template / _PIPELINE, ignore=left_out)


def _refused(reason: str, answers: Answers) -> str:
    """Return which answer the template does not take, and why."""
    if found := _REFUSAL.fullmatch(reason):
        value = json.dumps(answers.given.get(found["key"]), ensure_ascii=False, default=str)
        return f"{found['key']} cannot be {value}: {found['reason']} (answers: {ANSWERS})"
    return f"an answer in {ANSWERS} cannot be: {reason}"


def _told(error: Exception, scaffold: Path | None) -> str:
    where = f"{SCAFFOLDS}/{scaffold.name}" if scaffold else "the template"
    line = getattr(error, "lineno", None)
    return f"{where} cannot be rendered: {error}" + (f" (line {line})." if line else ".")
