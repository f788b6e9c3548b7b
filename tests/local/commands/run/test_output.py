"""Commands print to an output that is closed, or full, or that has only ASCII characters."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy")
FULL = Path("/dev/full")


def shell(repository: Repository, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the shell, in which ``invoke`` is `python -m invoke`."""
    return subprocess.run(
        [
            "bash",
            "-o",
            "pipefail",
            "-c",
            f'invoke() {{ "{sys.executable}" -m invoke "$@"; }}; {command}',
        ],
        cwd=repository.root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
@pytest.mark.parametrize("output", [">&-", "| head -1 >/dev/null", "| true"])
@pytest.mark.parametrize(
    "words",
    ["check", "run raw-to-processed/tidy", "run raw-to-processed/tidy --json", "--list", "run -h"],
)
def test_a_command_goes_on_when_nobody_reads_its_output(
    repository: Repository, words: str, output: str
) -> None:
    done = shell(repository, f"invoke {words} {output}")
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", ["check", "run raw-to-processed/tidy"])
def test_output_that_cannot_be_written_is_reported(repository: Repository, words: str) -> None:
    done = shell(repository, f"invoke {words} >{FULL}")
    assert done.stderr == (
        "error: standard output cannot be written: No space left on device. "
        "The command has done the rest.\n"
    )
    assert done.returncode == 2


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["encoding", "locale"],
)
def test_without_our_characters_a_run_is_drawn_in_ascii(
    repository: Repository, environment: dict[str, str]
) -> None:
    repository.handle(r'print("caf\u00e9")')
    done = repository.invoke(*RUN, folder=None, **environment)
    assert "| caf\\xe9" in done.stdout
    assert "+ clean" in done.stdout
    assert (done.stderr, done.returncode) == ("", 0)


def test_without_our_characters_json_has_escapes(repository: Repository) -> None:
    repository.handle(r'return "\u2713 \U0001f427"')
    done = repository.invoke(*RUN, "--json", PYTHONIOENCODING="ascii")
    assert json.loads(done.stdout)["output"] == "\u2713 \U0001f427"
