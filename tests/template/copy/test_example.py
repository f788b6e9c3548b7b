"""The penguins: the example is what the template writes, and works as it promises."""

import re
import subprocess
import sys
from pathlib import Path

from tests.template.conftest import ROOT, invoke

EXAMPLE = ROOT / "examples" / "penguins"


def test_the_example_is_what_the_template_writes() -> None:
    """`invoke example` regenerates it."""
    done = invoke(ROOT, "example", "--check")
    assert done.stdout == ""
    assert done.returncode == 0


def test_the_example_passes_its_own_checks_and_tests() -> None:
    checked = invoke(EXAMPLE, "check")
    assert checked.stdout == "2 pipelines, 4 functions: no problems found.\n"
    tested = invoke(EXAMPLE, "test")
    assert tested.returncode == 0, tested.stdout
    for check in ("check", "format --check"):
        command = [sys.executable, "-m", "ruff", *check.split(), "."]
        linted = subprocess.run(command, cwd=EXAMPLE, capture_output=True, text=True, check=False)
        assert linted.returncode == 0, linted.stdout


def test_the_demo_ends_with_a_table_of_penguins(tmp_path: Path) -> None:
    folder = tmp_path / "my-pipelines"
    done = invoke(ROOT, "demo", "--folder", str(folder), "--svg", str(tmp_path / "demo.svg"))
    assert done.returncode == 0, done.stderr
    assert "344 rows from 3 islands" in done.stdout
    assert "344 rows in penguins/penguins.csv" in done.stdout
    # Means of the 34 Gentoo penguins of Biscoe in 2007.
    assert ["Gentoo", "Biscoe", "2007", "34", "47.0", "14.7", "215.1", "5070.6"] in [
        line.split() for line in done.stdout.splitlines()
    ]
    picture = (tmp_path / "demo.svg").read_text(encoding="utf-8")
    lines = [float(y) for y in re.findall(r'<text [^>]*y="([\d.]+)"', picture)]
    assert len(set(lines)) <= 40
    # A line that changes, as on a terminal, is not in the picture.
    assert "344&#160;rows" in picture
    assert "starting" not in picture
    [raw] = folder.glob("src/*/penguins/examples/first/lake/raw/penguins/penguins_raw.csv")
    assert len(raw.read_text(encoding="utf-8").splitlines()) == 1 + 344
