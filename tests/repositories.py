"""The template, and repositories that Copier renders from it, for every tier that needs them."""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import copier

ROOT = Path(__file__).parents[1]


def copy_template(folder: Path) -> Path:
    """Copy the template, as it is on disk, into ``folder``; return the folder."""
    shutil.copytree(ROOT / "template", folder / "template")
    (folder / "dorc_runtime").mkdir()
    for name in ("copier.yml", "dorc_runtime/VERSION"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def render_repository(
    template: Path, folder: Path, pipelines: Iterable[str], **answers: object
) -> Path:
    """Render the template into ``folder`` with ``pipelines`` (``layer/name``); return the folder.

    Answers that are not in ``answers`` have their defaults.
    """
    names = [dict(zip(("layer", "name"), each.split("/"), strict=True)) for each in pipelines]
    data = {"pipelines": names, **answers}
    copier.run_copy(str(template), folder, data=data, defaults=True, quiet=True)
    return folder


def replace_code(repository: Path, pipelines: Mapping[str, Path]) -> None:
    """Replace the code of rendered ``pipelines`` (``layer/name``) with the code in a folder."""
    for pipeline, code in pipelines.items():
        folder = repository / "src" / pipeline
        for handler in folder.glob("*/lambda.py"):
            shutil.rmtree(handler.parent)
        shutil.copytree(code, folder, dirs_exist_ok=True)


def page_blocks(page: str) -> list[tuple[str, str]]:
    """Return the blocks of code on a page of ``docs``, each with its language."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def page_commands(block: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each command of a block with the lines that the page shows after it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        yield command, lines


def write_block(block: str, folder: Path) -> None:
    """Write a block of code into the file that its first line names: ``# pipeline_config.py``."""
    first, _, rest = block.partition("\n")
    path = folder / first.removeprefix("# ")
    path.parent.mkdir(parents=True, exist_ok=True)
    # JSON has no comments.
    path.write_text(rest if path.suffix in (".json", ".jsonl") else block, encoding="utf-8")
