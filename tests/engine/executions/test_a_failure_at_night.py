"""The page on a failure at night: its commands, in their order, print what the page shows.

A line ``...`` on the page stands for lines that it leaves out. Times, durations and ids differ from
one run to the next.
"""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.engine.cloud.process import ACCOUNT, REGION
from tests.engine.deployment import Deployment
from tests.repositories import page_blocks, page_commands

from .alerts import Alerts
from .conftest import MACHINE, ended

PAGE = "a-failure-at-night.md"
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{MACHINE}:night"
CHANGING = (
    (r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?", "DATE"),
    (r"\b\d\d:\d\d(:\d\d(\.\d{3})?)?\b", "TIME"),
    (r"( +\d[\d.]* (s|min|h)\b)+", " DURATION"),
    (r"\b\d+ of (\d+) MiB", r"MEMORY of \1 MiB"),
    # What stands after one of these in a column.
    (r" {2,}", "  "),
)


def test_the_page_shows_what_its_commands_print(
    birds: Deployment, execute: Callable[[str, str], dict[str, Any]], alerts: Alerts
) -> None:
    failed: dict[str, Any] = {}
    for language, block in page_blocks(PAGE):
        match language:
            case "csv":
                failed = execute("night", block)
            case "text":
                [mail] = alerts.of_failure(failed)
                _compare("the mail", block.splitlines(), mail["Message"])
            case "diff":
                _apply(block, birds.root)
            case "console":
                for command, lines in page_commands(block):
                    _compare(command, lines, _output(command, birds))


def _apply(change: str, root: Path) -> None:
    command = ["git", "apply", "--unidiff-zero", "-"]
    subprocess.run(command, cwd=root, input=change, text=True, check=True)


def _output(command: str, birds: Deployment) -> str:
    """Run a command of the page; the task that waits for an answer gets it."""
    program, *words = shlex.split(command)
    assert program == "invoke", command
    output = birds.invoke(*words).text
    if words[0] == "redrive":
        end = ended(birds.aws.client("stepfunctions"), EXECUTION)
        assert end["status"] == "SUCCEEDED", end
    return output


def _compare(command: str, shown: list[str], output: str) -> None:
    """Check that the output has the lines, in their order, and no others but for ``...``."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else re.escape(_normal(line)) + r"\n" for line in shown
    )
    real = "".join(f"{_normal(line)}\n" for line in output.splitlines())
    assert re.fullmatch(pattern, real), f"{command}\n{output}"


def _normal(line: str) -> str:
    for pattern, word in CHANGING:
        line = re.sub(pattern, word, line)
    return line.rstrip()
