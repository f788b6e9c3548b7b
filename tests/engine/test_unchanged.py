"""What `apply --all` and `preview --all` do not evaluate, because nothing about it has changed."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from .deployment import Deployment

CLEANING, SUMMING = "raw-to-processed/penguins", "processed-to-curated/penguins"
ALL = ("--all", "--env", "dev", "--yes")
NOTHING = "universal, infra, 2 pipelines unchanged (--full evaluates everything)\n"
DEFINITION = f"src/{SUMMING}/pipeline.py"


@pytest.fixture(scope="module")
def everything(deployment: Deployment) -> Deployment:
    """Everything applied, and the stack files that Pulumi has written."""
    assert deployment.invoke("init").code == 0
    for _ in range(2):
        result = deployment.invoke("apply", *ALL)
        assert result.code == 0, result.text
    return deployment


@pytest.mark.parametrize("task", ["apply", "preview"])
def test_without_changes_nothing_is_evaluated(everything: Deployment, task: str) -> None:
    operations = _operations(everything)
    result = everything.invoke(task, *(ALL if task == "apply" else ALL[:-1]))
    assert (result.code, result.out) == (0, NOTHING), result.text
    assert _operations(everything) == operations


def test_the_history_of_a_stack_says_who_applied_it(everything: Deployment) -> None:
    histories = [*_backend(everything).rglob("*.history.json")]
    messages = {json.loads(file.read_text(encoding="utf-8"))["message"] for file in histories}
    [message] = messages
    assert message.startswith("invoke apply by arn:aws:")


def test_what_was_not_evaluated_has_its_outputs(everything: Deployment) -> None:
    applied = json.loads(everything.invoke("apply", *ALL, "--json").out)
    outputs = json.loads(everything.invoke("outputs", *ALL[:-1], "--json").out)
    assert {id_: each["outputs"] for id_, each in applied.items()} == outputs


def test_one_changed_pipeline_is_applied_alone(everything: Deployment) -> None:
    with _memory(everything, 576):
        changed = everything.invoke("apply", *ALL)
    assert changed.code == 0, changed.text
    assert f"{SUMMING} in dev: 1 updated" in changed.out
    assert "universal, infra, 1 pipeline unchanged" in changed.out
    assert f"{SUMMING} in dev: 1 updated" in everything.invoke("apply", *ALL).out


def test_a_change_that_failed_and_was_reverted_is_evaluated(everything: Deployment) -> None:
    with _memory(everything, 640):
        failed = everything.invoke("apply", *ALL, DORC_ENGINE_FAIL="function:Function::summarise")
    assert failed.code == 1, failed.text
    again = everything.invoke("apply", *ALL)
    assert "universal, infra, 1 pipeline unchanged" in again.out, again.text


def test_a_setting_in_the_stack_file_is_a_change(everything: Deployment) -> None:
    file = f"src/{SUMMING}/Pulumi.dev.yaml"
    with _changed(everything, file, "config:", "config:\n  log_retention_days: 3"):
        result = everything.invoke("preview", *ALL[:-1])
    assert f"{SUMMING} in dev: 2 to update" in result.out, result.text


def test_an_image_that_was_pushed_again_is_a_change(everything: Deployment) -> None:
    registry = everything.aws.client("ecr")
    repository = f"my-pipelines/{SUMMING}/summarise"
    ids = registry.list_images(repositoryName=repository)["imageIds"]
    [image] = registry.batch_get_image(repositoryName=repository, imageIds=ids)["images"]
    manifest = json.dumps({**json.loads(image["imageManifest"]), "annotations": {"again": "1"}})
    tag, digest = image["imageId"]["imageTag"], image["imageId"]["imageDigest"]

    def push(content: str, digest: str) -> None:
        registry.batch_delete_image(repositoryName=repository, imageIds=[{"imageTag": tag}])
        registry.put_image(
            repositoryName=repository, imageManifest=content, imageTag=tag, imageDigest=digest
        )

    push(manifest, f"sha256:{'0' * 64}")
    result = everything.invoke("preview", *ALL[:-1])
    push(image["imageManifest"], digest)
    assert f"{SUMMING} in dev: 1 to update" in result.out, result.text


def test_a_state_that_another_operation_wrote_is_evaluated(everything: Deployment) -> None:
    file = _backend(everything) / f".pulumi/stacks/{_project(everything)}/dev.json"
    before = file.read_bytes()
    file.write_bytes(json.dumps(json.loads(before)).encode())
    result = everything.invoke("preview", *ALL[:-1])
    file.write_bytes(before)
    assert f"{SUMMING} in dev: no changes" in result.out, result.text


def test_a_locked_stack_is_evaluated_and_reports_its_lock(everything: Deployment) -> None:
    folder = _backend(everything) / f".pulumi/locks/organization/{_project(everything)}/dev"
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / "other.json"
    holder = {"pid": 1, "username": "ann", "hostname": "laptop"}
    lock.write_text(json.dumps({**holder, "timestamp": "2026-01-01T00:00:00Z"}))
    result = everything.invoke("apply", *ALL)
    lock.unlink()
    assert result.code == 2, result.text
    assert f"{SUMMING} in dev is locked by ann@laptop" in result.err


def test_full_evaluates_everything(everything: Deployment) -> None:
    result = everything.invoke("preview", *ALL[:-1], "--full")
    assert result.out.count("no changes") == 4, result.text


def test_an_edit_during_an_apply_is_evaluated_by_the_next(
    everything: Deployment, tmp_path: Path
) -> None:
    hanging = tmp_path / "hanging"
    wait = {"DORC_ENGINE_HANG": "function:Function::", "DORC_ENGINE_HANGING": str(hanging)}
    file = everything.root / DEFINITION
    before = file.read_text(encoding="utf-8")
    with _memory(everything, 768):
        with everything.start("apply", *ALL, **wait) as apply:
            apply.wait_until(hanging.exists)
            file.write_text(before, encoding="utf-8")
            hanging.unlink()
            assert apply.result().code == 0
        with _memory(everything, 768):
            again = everything.invoke("preview", *ALL[:-1])
    assert f"{SUMMING} in dev: no changes" in again.out, again.text


@contextmanager
def _changed(deployment: Deployment, name: str, old: str, new: str) -> Iterator[None]:
    """Replace the first ``old`` in a file until the context ends."""
    file = deployment.root / name
    before = file.read_text(encoding="utf-8")
    assert old in before
    file.write_text(before.replace(old, new, 1), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


def _memory(deployment: Deployment, megabytes: int) -> AbstractContextManager[None]:
    """Change the memory of a function until the context ends."""
    step = f'Function("summarise", memory={megabytes})'
    return _changed(deployment, DEFINITION, 'Function("summarise")', step)


def _backend(deployment: Deployment) -> Path:
    return Path(deployment.environment["INFRA_BUCKET"].removeprefix("file://"))


def _operations(deployment: Deployment) -> list[str]:
    """Return the operations that have changed a stack."""
    return sorted(file.name for file in _backend(deployment).rglob("*.history.json"))


def _project(deployment: Deployment) -> str:
    """Return the Pulumi project of the second pipeline."""
    text = (deployment.root / f"src/{SUMMING}/Pulumi.yaml").read_text(encoding="utf-8")
    [name] = [line.removeprefix("name: ") for line in text.splitlines() if line.startswith("name:")]
    return name
