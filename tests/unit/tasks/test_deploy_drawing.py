"""The outputs that are shown after an apply."""

from pathlib import Path

import pytest

from dorc_runtime.deploy.driver.engine import Output
from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.project.environments import Program
from dorc_runtime.tasks.drawings.deploy_drawing import DeployDrawing

MACHINE = "my-pipelines--prod--processed-to-curated--recalculate-the-lifetime-value"
INFRA = Instance("infra", "infra", Program(Path("infra")), "prod", "prod")


def draw(capsys: pytest.CaptureFixture[str], **outputs: object) -> list[str]:
    """Return the lines that are drawn after an apply."""
    values = {name: Output(value, secret=False) for name, value in outputs.items()}  # type: ignore[arg-type]
    DeployDrawing(json=False).outputs(INFRA, values)
    return capsys.readouterr().out.splitlines()


def test_ten_outputs_are_shown_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(draw(capsys, **{f"output{number}": "value" for number in range(10)})) == 10


def test_more_outputs_are_counted_with_the_command_that_shows_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = draw(capsys, buckets={f"zone{number}": "bucket" for number in range(12)})
    assert len(lines) == 10
    assert lines[-1] == "  … 4 more lines: `invoke outputs --instance infra --env prod`"


def test_an_arn_fits_into_the_terminal_with_its_end(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    [line] = draw(capsys, machine=f"arn:aws:states:eu-west-2:123456789012:stateMachine:{MACHINE}")
    assert len(line) == 60
    assert line.startswith("  machine  arn:aws:states")
    assert line.endswith("--recalculate-the-lifetime-value")
