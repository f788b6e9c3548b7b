"""What a user reads when a signal and an error of the engine come together."""

import signal
from pathlib import Path

import pytest
from pulumi.automation.events import EngineEvent

from dorc_runtime.deploy.driver.instances import Instance
from dorc_runtime.deploy.driver.progress import Watch
from dorc_runtime.deploy.driver.stop import Stop
from dorc_runtime.errors import DeployError, StoppedError
from dorc_runtime.project.environments import Program

INFRA = Instance("infra", "infra", Program(Path("infra")), "prod", "prod")
BUCKET = "urn:pulumi:prod::example::aws:s3/bucket:Bucket::raw"
FAILED = RuntimeError("error: update failed")


def test_a_program_that_ctrl_c_ends_before_the_engine_is_a_stop() -> None:
    stop = Stop(lambda _: None)
    watch = Watch(INFRA, lambda _: None, stop, change="apply")
    with pytest.raises(StoppedError, match="infra in prod: stopped; what was created stays"), watch:
        stop.handle(signal.SIGINT)
        raise FAILED


def test_a_resource_that_failed_while_the_engine_stops_is_reported() -> None:
    stop = Stop(lambda _: None)
    watch = Watch(INFRA, lambda _: None, stop, change="apply")
    with pytest.raises(DeployError, match="infra in prod: Bucket raw failed: no permission"), watch:
        stop.handle(signal.SIGINT)
        for event in (_failure(), _message("no permission")):
            watch.handle(event)
        raise FAILED


def _failure() -> EngineEvent:
    metadata = {"op": "create", "urn": BUCKET, "type": "aws:s3/bucket:Bucket", "provider": ""}
    return EngineEvent.from_json(
        {
            "sequence": 1,
            "timestamp": 1,
            "resOpFailedEvent": {"metadata": metadata, "status": 1, "steps": 1},
        }
    )


def _message(text: str) -> EngineEvent:
    diagnostic = {"urn": BUCKET, "message": text, "color": "never", "severity": "error"}
    return EngineEvent.from_json({"sequence": 2, "timestamp": 2, "diagnosticEvent": diagnostic})
