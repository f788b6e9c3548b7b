"""What functions print, as `invoke run` shows it and keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy")


def test_a_long_log_is_cut_on_the_screen_and_whole_in_the_file(repository: Repository) -> None:
    repository.handle('for number in range(10_005):\n    print("line", number)')
    done = repository.invoke(*RUN)
    assert done.stdout.count("│ line ") == 10_000
    assert "more lines than 10,000: all are in log.txt" in done.stdout
    [folder] = (repository.root / ".dorc/runs").iterdir()
    assert len((folder / "log.txt").read_text().splitlines()) == 10_005


def test_lines_stand_before_the_state_that_printed_them_ends(repository: Repository) -> None:
    repository.handle('for number in range(50):\n    print("line", number)')
    shown = repository.invoke(*RUN).stdout
    assert shown.index("│ line 0") < shown.index("│ line 49") < shown.index("✓ clean")


def test_a_line_that_is_too_wide_continues_below(repository: Repository) -> None:
    repository.handle('print("word " * 40)')
    shown = repository.invoke(*RUN, COLUMNS="80").stdout
    rows = [row for row in shown.splitlines() if "│" in row]
    assert len(rows) > 3
    assert all(row.index("│") == rows[0].index("│") and len(row) <= 80 for row in rows)
