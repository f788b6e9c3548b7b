"""Tasks of dorc itself, and all tasks of a repository of pipelines.

With ``CONFIG_REPO_PATH`` in ``.env``, the tasks of pipelines work on that repository.
"""

import csv
import io
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task

if TYPE_CHECKING:
    from rich.text import Text

ROOT = Path(__file__).parent
EXAMPLE = ROOT / "examples" / "penguins"
# The folders of each tier, in tests/.
QUICK = {
    "unit": ("unit",),
    "local": (
        "local/aws",
        "local/functions",
        "local/interpreter",
        "local/jsonata",
        "local/test_every_step.py",
    ),
    "synth": ("synth",),
}
ALL = {
    **QUICK,
    "commands": ("local/commands", "local/operate"),
    "plugin": ("local/plugin",),
    "template": ("template",),
    "proof": ("proof",),
    "engine": ("engine",),
    "image": ("image",),
    "libraries": ("libraries",),
}
GROUPS = ("species", "island", "year")
_PICTURE_WIDTH = 100


def _pipeline_tasks() -> Collection:
    """Return the tasks of generated repositories, from the file in the template."""
    spec = spec_from_file_location("dorc_tasks", ROOT / "template" / "dorc_tasks.py")
    assert spec is not None and spec.loader is not None  # noqa: S101
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    collection: Collection = module.tasks(ROOT, install=".[dev]")
    return collection


namespace = _pipeline_tasks()


@task(
    help={
        "all": "all tiers, also those that need Node, a Pulumi CLI, buildah or large packages",
        "tier": f"one tier, or several with commas: {', '.join(ALL)}",
        "workers": "with CONFIG_REPO_PATH: run functions in worker processes, with Lambda's rules",
        "options": "more options for pytest, as one text",
    }
)
def test(
    c: Context,
    all: bool = False,  # noqa: A002 - what people type
    tier: str | None = None,
    workers: bool = False,
    options: str = "",
) -> None:
    """Run dorc's own tests, or those of the repository in CONFIG_REPO_PATH."""
    from dorc_runtime.project.settings import read_settings
    from dorc_runtime.tasks.repository_tests import test_repository

    tiers = tier.split(",") if tier is not None else list(ALL if all else QUICK)
    for name in tiers:
        if name not in ALL:
            raise Exit(f"error: no tier '{name}'; known: {', '.join(ALL)}.", code=2)
    other_repository = read_settings(ROOT).config_repo_path
    if other_repository != Path() and not all and tier is None:
        print(f"the tests of {other_repository}; for dorc's own: invoke test --all, or --tier")
        test_repository(c, workers=workers, options=options)
        return
    if workers:
        raise Exit("error: --workers is for the tests of pipelines: set CONFIG_REPO_PATH.", code=2)
    folders = " ".join(f"tests/{folder}" for name in tiers for folder in ALL[name])
    # Without compiled files, each of the thousands of processes would compile dorc again.
    compiled = {"PYTHONDONTWRITEBYTECODE": ""}
    with c.cd(ROOT):
        command = f"{sys.executable} -m pytest -n 2 --dist loadscope {folders} {options}"
        c.run(command, env=compiled)


@task()
def lint(c: Context) -> None:
    """Check style and formatting."""
    with c.cd(ROOT):
        c.run(f"{sys.executable} -m ruff check . && {sys.executable} -m ruff format --check .")


@task()
def types(c: Context) -> None:
    """Check the types."""
    with c.cd(ROOT):
        c.run(f"{sys.executable} -m mypy")


@task(
    help={
        "folder": "where to create the repository, and leave it (default: a temporary folder)",
        "svg": "a file to draw a picture of the first run into",
    }
)
def demo(c: Context, folder: str | None = None, svg: str | None = None) -> None:
    """Create a repository, add two pipelines, and run them with a real file."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    screen = Console(highlight=False)
    # One screen of a terminal, of what a person sees in the end.
    picture = Console(highlight=False, record=True, width=_PICTURE_WIDTH, file=io.StringIO())

    def show(command: str, *consoles: Console) -> None:
        for console in consoles or (screen,):
            console.print(Text.assemble(("$ ", "bold cyan"), (command, "bold")))

    def call(*words: str, shown: str = "", drawn: bool = False) -> None:
        show(shown or " ".join(words), *((screen, picture) if drawn else ()))
        if not (svg and drawn):
            _call(words, made)
        else:
            output = _captured(words, made)
            for console in (screen, picture):
                console.print(output)
        screen.print()

    with _demo_folder(folder) as made:
        show("copier copy --defaults gh:org/dorc my-pipelines", screen, picture)
        _copy_template(made)
        number = sum(path.is_file() for path in made.rglob("*"))
        for console in (screen, picture):
            console.print(f"wrote {number} files", end="\n\n")
        call("invoke", "new-pipeline", "raw-to-processed", "penguins")
        call("invoke", "new-pipeline", "processed-to-curated", "penguins")
        screen.print("the pipelines get the code of examples/penguins", style="dim")
        _put_in_example(made)
        screen.print()
        call("invoke", "run", "raw-to-processed/penguins", drawn=True)
        [cleaned] = made.glob(".dorc/runs/*/lake/processed/penguins/penguins.csv")
        shown = "invoke run processed-to-curated/penguins --file .dorc/.../penguins.csv"
        call("invoke", "run", "processed-to-curated/penguins", "--file", str(cleaned), shown=shown)
        [summary] = made.glob(".dorc/runs/*/lake/curated/penguins/summary.csv")
        screen.print(_table(summary.read_text(encoding="utf-8")))
        if folder is None:
            note = "created in a temporary folder; to keep it: invoke demo --folder my-pipelines"
            screen.print(note, style="dim")
    if svg:
        picture.save_svg(svg, title="my-pipelines", theme=MONOKAI)


@task(help={"check": "change nothing; exit 1 if the example differs from what the template writes"})
def example(c: Context, check: bool = False) -> None:
    """Regenerate examples/penguins from the template; the pipelines' own code stays."""
    with c.cd(ROOT):
        c.run(f"{sys.executable} examples/regenerate.py" + (" --check" if check else ""))


@task(help={"check": "change nothing; exit 1 if a page is not up to date"})
def reference(c: Context, check: bool = False) -> None:
    """Write the pages that come from the code: docs/reference.md, questions of docs/template.md."""
    with c.cd(ROOT):
        for page in ("reference", "questions"):
            c.run(f"{sys.executable} docs/{page}.py" + (" --check" if check else ""))


@task(help={"version": "the version to release, X.Y.Z, with a section in CHANGELOG.md"})
def release(c: Context, version: str) -> None:
    """Make a release: a new version number, a checked wheel, an annotated tag."""
    from dorc_runtime.tasks.entry import report_errors
    from release import release as make

    wheel = report_errors(make)(ROOT, version)
    print(f"built {wheel.relative_to(ROOT)}, tagged v{version}; next:")
    print(f"  git push --follow-tags && twine upload {wheel.relative_to(ROOT)}")


@contextmanager
def _demo_folder(folder: str | None) -> Iterator[Path]:
    if folder is not None:
        if Path(folder).exists():
            raise Exit(f"error: {folder} already exists: name a new folder.", code=2)
        yield Path(folder).resolve()
        return
    with tempfile.TemporaryDirectory(prefix="dorc-demo-") as temporary:
        yield Path(temporary) / "my-pipelines"


def _copy_template(made: Path) -> None:
    import copier

    with warnings.catch_warnings():
        # Warns that changes of this checkout are included, as they should be.
        warnings.simplefilter("ignore")
        copier.run_copy(str(ROOT), made, defaults=True, quiet=True, vcs_ref="HEAD")


def _put_in_example(made: Path) -> None:
    """Replace the code that ``new-pipeline`` wrote with the example's."""
    for pipeline in EXAMPLE.glob("src/*/*"):
        written = made / pipeline.relative_to(EXAMPLE)
        shutil.rmtree(written)
        shutil.copytree(pipeline, written)
    shutil.copytree(EXAMPLE / "lib", made / "lib", dirs_exist_ok=True)


def _call(words: tuple[str, ...], folder: Path) -> None:
    """Run a command of this environment."""
    command = [sys.executable, "-m", *words]
    code = subprocess.run(command, cwd=folder, check=False).returncode  # noqa: S603
    _check(words, code)


def _captured(words: tuple[str, ...], folder: Path) -> "Text":
    """Run a command of this environment, and return what it prints, with colours."""
    from rich.text import Text

    # A line that changes, as of a run on a terminal, would be recorded many times.
    drawing = {"FORCE_COLOR": "1", "TTY_INTERACTIVE": "0", "COLUMNS": str(_PICTURE_WIDTH)}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", *words],
        cwd=folder,
        check=False,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **drawing},
    )
    _check(words, done.returncode)
    return Text.from_ansi(done.stdout)


def _check(words: tuple[str, ...], code: int) -> None:
    if code:
        raise Exit(f"error: {' '.join(words)} exited {code}.", code=1)


def _table(text: str) -> object:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    header, *rows = csv.reader(io.StringIO(text))
    table = Table(title="curated/penguins/summary.csv", title_justify="left")
    table.box, table.padding = SIMPLE_HEAD, (0, 1)
    for column in header:
        words = column.removesuffix("_mm").removesuffix("_g").replace("_", "\n")
        table.add_column(words, justify="left" if column in GROUPS else "right")
    for row in rows:
        table.add_row(*row)
    return table


for own in (test, lint, types, demo, example, reference, release):
    namespace.add_task(own)
