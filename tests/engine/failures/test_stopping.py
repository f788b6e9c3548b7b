"""Deployments that a user stops with Ctrl-C or SIGTERM, early or late."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.engine.deployment import Deployment, Running

INFRA = ("--instance", "infra", "--env", "prod")
CLEANING = ("--instance", "raw-to-processed/penguins", "--env", "dev")
BUCKET = "aws:s3/bucket:Bucket::raw"
STOPPED = (
    "error: infra in prod: stopped; what was created stays, and `invoke apply --instance infra "
    "--env prod` continues from there.\n"
)
# Waits at the command in SLOW_WORDS while SLOW_FILE exists.
SLOW_PULUMI = """#!/bin/sh
case " $* " in *" $SLOW_WORDS "*)
    touch "$SLOW_FILE"
    while [ -e "$SLOW_FILE" ]; do sleep 0.05; done;;
esac
exec "$REAL_PULUMI" "$@"
"""


@pytest.fixture(scope="module")
def ready(deployment: Deployment) -> Deployment:
    """A repository with a place for its state."""
    assert deployment.invoke("init").code == 0
    return deployment


@pytest.fixture
def hanging(tmp_path: Path) -> Path:
    """The file that exists while the creation of a resource waits."""
    return tmp_path / "hanging"


@pytest.fixture
def prod(ready: Deployment, tmp_path: Path, hanging: Path) -> Iterator[Deployment]:
    """The repository with its own state; the creation of infra's bucket ``raw`` waits."""
    stack = ready.root / "infra" / "Pulumi.prod.yaml"
    before = stack.read_text(encoding="utf-8")
    state = tmp_path / "state"
    state.mkdir()
    variables = {
        "INFRA_BUCKET": state.as_uri(),
        "DORC_ENGINE_HANG": BUCKET,
        "DORC_ENGINE_HANGING": str(hanging),
    }
    yield Deployment(ready.root, ready.aws, {**ready.environment, **variables})
    stack.write_text(before, encoding="utf-8")
    ready.aws.reset()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_resource_in_progress_is_created_and_no_lock_stays(
    prod: Deployment, hanging: Path, number: signal.Signals
) -> None:
    with prod.start("apply", *INFRA, "--yes") as apply:
        apply.wait_until(hanging.exists)
        _stop(apply, number)
        apply.wait_for_words("stopping after the resources in progress")
        hanging.unlink()
        result = apply.result()
    assert (result.code, result.err) == (130, STOPPED), result.text
    assert "bucket versioning" not in result.out
    again = prod.invoke("apply", *INFRA, "--yes", DORC_ENGINE_HANG="nothing")
    assert again.code == 0, again.text
    assert "unchanged" in again.out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", ["up", "stack output"])
def test_an_apply_also_stops_before_and_after_the_engine_works(
    prod: Deployment, tmp_path: Path, number: signal.Signals, words: str
) -> None:
    slow = tmp_path / "slow"
    with prod.start("apply", *INFRA, "--yes", **_slowed(prod, tmp_path, words)) as apply:
        apply.wait_until(slow.exists)
        _stop(apply, number)
        apply.wait_for_words("stopping after")
        slow.unlink()
        result = apply.result()
    assert (result.code, result.err) == (130, STOPPED), result.text
    again = prod.invoke("apply", *INFRA, "--yes", DORC_ENGINE_HANG="nothing")
    assert again.code == 0, again.text


def test_a_stopped_preview_changes_nothing(prod: Deployment, tmp_path: Path) -> None:
    slow = tmp_path / "slow"
    with prod.start("preview", *INFRA, **_slowed(prod, tmp_path, "preview")) as preview:
        preview.wait_until(slow.exists)
        _stop(preview, signal.SIGINT)
        result = preview.result()
    assert (result.code, result.err) == (130, "error: infra in prod: stopped.\n"), result.text


def test_an_engine_that_is_killed_is_reported_with_its_remedy(
    prod: Deployment, hanging: Path, tmp_path: Path
) -> None:
    with prod.start("apply", *INFRA, "--yes") as apply:
        apply.wait_until(hanging.exists)
        [engine] = psutil.Process(apply.process.pid).children()
        engine.kill()
        result = apply.result()
        hanging.unlink()
    assert result.code == 1, result.text
    assert result.err == (
        "error: infra in prod: Pulumi was killed (signal 9): `invoke unlock --instance infra --env "
        "prod` recovers what it was creating.\n"
    )
    # Pulumi cannot read a state when it is killed while it writes this second file.
    assert not [*tmp_path.rglob("*.attrs")]
    unlocked = prod.invoke("unlock", *INFRA, "--yes")
    assert unlocked.code == 0, unlocked.text
    again = prod.invoke("apply", *INFRA, "--yes", DORC_ENGINE_HANG="nothing")
    assert again.code == 0, again.text


def _stop(task: Running, number: signal.Signals) -> None:
    """Send SIGINT to all processes, as Ctrl-C at a terminal does; SIGTERM only to the task."""
    if number == signal.SIGINT:
        task.signal_all(number)
    else:
        task.process.send_signal(number)


def _slowed(prod: Deployment, tmp_path: Path, words: str) -> dict[str, str]:
    """Return variables with which Pulumi waits at the command ``words``."""
    path = prod.environment["PATH"]
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "pulumi").write_text(SLOW_PULUMI, encoding="utf-8")
    (folder / "pulumi").chmod(0o755)
    real = next(file for part in path.split(":") if (file := Path(part, "pulumi")).is_file())
    return {
        "DORC_ENGINE_HANG": "nothing",
        "PATH": f"{folder}:{path}",
        "REAL_PULUMI": str(real),
        "SLOW_FILE": str(tmp_path / "slow"),
        "SLOW_WORDS": words,
    }
