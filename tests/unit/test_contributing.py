"""The guide in CONTRIBUTING.md names files and symbols that exist; links between pages work."""

import re
from pathlib import Path

import pytest

from tasks import ALL

ROOT = Path(__file__).parents[2]
GUIDE = (
    (ROOT / "CONTRIBUTING.md")
    .read_text(encoding="utf-8")
    .partition("## One change, through the house\n")[2]
    .partition("\n## ")[0]
)
STOPS = re.findall(r"^\d\. \*\*([\w ]+)\.\*\*(.*?)(?=^\d\. |\n\n)", GUIDE, re.DOTALL | re.MULTILINE)
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for folder in (".", "docs", "docs/decisions", "examples/every-step", "benchmarks")
    for path in (ROOT / folder).glob("*.md")
)


def files_of(text: str) -> list[Path]:
    return [ROOT / path for path in re.findall(r"`([\w./-]+\.(?:py|md))`", text)]


def test_the_guide_goes_from_the_model_to_the_docs() -> None:
    names = ["Model", "Document", "Check", "Local run", "Deployment", "Docs", "Try it"]
    assert [name for name, _ in STOPS] == names


@pytest.mark.parametrize("text", dict(STOPS).values(), ids=dict(STOPS))
def test_a_step_of_the_guide_names_files_and_symbols_that_exist(text: str) -> None:
    files = files_of(text)
    assert [file for file in files if not file.is_file()] == []
    code = "".join(file.read_text(encoding="utf-8") for file in files if file.suffix == ".py")
    symbols = re.findall(r"`(_?[A-Za-z]\w+)`", text)
    assert [symbol for symbol in symbols if not re.search(rf"\b{symbol}\b", code)] == []


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", PAGES)
def test_a_link_leads_to_a_page_and_a_heading_that_exist(name: str) -> None:
    page = ROOT / name
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_test_is_in_one_tier() -> None:
    folders = [f"tests/{folder}" for tier in ALL.values() for folder in tier]
    for file in ROOT.glob("tests/**/test_*.py"):
        path = file.relative_to(ROOT).as_posix()
        assert sum(path == each or path.startswith(f"{each}/") for each in folders) == 1, path
