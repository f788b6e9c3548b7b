"""Changes of the repository, or of AWS without dorc, and what they lead to."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .cloud.process import ACCOUNT, REGION
from .deployment import Deployment

CLEANING, SUMMING = "raw-to-processed/penguins", "processed-to-curated/penguins"
PIPELINE = "src/raw-to-processed/penguins"
PUBLISH = f"{PIPELINE}/publish/lambda.py"
MACHINE = "my-pipelines--dev--raw-to-processed--penguins"
FUNCTION = f"{MACHINE}--publish"


def test_a_changed_handler_is_built_and_deployed_and_can_be_reverted(deployed: Deployment) -> None:
    before, builds = _image(deployed), len(deployed.aws.builds())
    with _changed(deployed, PUBLISH, '"rows": len(rows)', '"rows": len(rows), "edition": 2'):
        deployed.apply("universal")
        deployed.apply(CLEANING, "dev")
        assert deployed.aws.builds()[builds:] == [f"{CLEANING}/publish"]
        assert _image(deployed) != before
        assert _published(deployed)["edition"] == 2
    deployed.apply("universal")
    deployed.apply(CLEANING, "dev")
    assert len(deployed.aws.builds()) == builds + 1
    assert _image(deployed) == before
    assert "edition" not in _published(deployed)


def test_a_changed_readme_changes_nothing(deployed: Deployment) -> None:
    readme = deployed.root / PIPELINE / "publish" / "README.md"
    readme.write_text("# Publish\n")
    try:
        result = deployed.invoke(
            "preview", "--instance", CLEANING, "--env", "dev", "--expect-no-changes"
        )
    finally:
        readme.unlink()
    assert result.code == 0, result.text


def test_a_changed_trigger_changes_only_its_rule(deployed: Deployment) -> None:
    states = deployed.aws.client("stepfunctions")
    [machine] = states.list_state_machines()["stateMachines"]
    before = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
    with _changed(deployed, f"{PIPELINE}/pipeline.py", "penguins/", "seabirds/"):
        deployed.apply(CLEANING, "dev")
        [pattern] = deployed.targets(MACHINE)
        assert json.loads(pattern)["detail"]["object"] == {"key": [{"wildcard": "seabirds/*.csv"}]}
    deployed.apply(CLEANING, "dev")
    after = states.describe_state_machine(stateMachineArn=machine["stateMachineArn"])
    assert after.get("revisionId") == before.get("revisionId")


def test_a_schedule_has_the_time_zone_of_its_trigger(deployed: Deployment) -> None:
    both = 'S3Trigger(prefix="penguins/"), CronTrigger("rate(1 day)", timezone="Europe/London")'
    imported = "from dorc_runtime import CronTrigger\nfrom dorc_runtime import ("
    definition = f"{PIPELINE}/pipeline.py"
    with (
        _changed(deployed, definition, 'S3Trigger(prefix="penguins/", suffix=".csv")', both),
        _changed(deployed, definition, "from dorc_runtime import (", imported),
    ):
        deployed.apply(CLEANING, "dev")
        [found] = deployed.aws.client("scheduler").list_schedules()["Schedules"]
        schedule = deployed.aws.client("scheduler").get_schedule(
            Name=found["Name"], GroupName=found["GroupName"]
        )
    assert schedule["ScheduleExpressionTimezone"] == "Europe/London"
    assert schedule["Target"]["Arn"].endswith(f":stateMachine:{MACHINE}")
    deployed.apply(CLEANING, "dev")
    assert not deployed.aws.client("scheduler").list_schedules()["Schedules"]


def test_functions_join_the_network_that_the_stack_file_names(deployed: Deployment) -> None:
    ec2 = deployed.aws.client("ec2")
    [network] = ec2.describe_vpcs()["Vpcs"]
    subnets = sorted(subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"])
    lines = f"config:\n  vpc_id: {network['VpcId']}\n  private_subnet_ids: {json.dumps(subnets)}\n"
    with _changed(deployed, "infra/Pulumi.dev.yaml", "config:\n", lines):
        deployed.apply("infra", "dev")
        deployed.apply(CLEANING, "dev")
        found = deployed.aws.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    assert sorted(found["VpcConfig"]["SubnetIds"]) == subnets
    [group] = ec2.describe_security_groups(GroupIds=found["VpcConfig"]["SecurityGroupIds"])[
        "SecurityGroups"
    ]
    assert group["VpcId"] == network["VpcId"]
    assert not group["IpPermissions"]


def test_an_environment_gets_a_key_and_loses_it_without_a_new_resource(
    deployed: Deployment,
) -> None:
    key = deployed.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    before = _keys(deployed)
    lines = f"config:\n  kms_key_arn: {key}\n"
    with _changed(deployed, "infra/Pulumi.dev.yaml", "config:\n", lines):
        shown = [deployed.apply("infra", "dev"), deployed.apply(CLEANING, "dev")]
        found = _keys(deployed)
    lost = re.compile(r"replace|delete +(bucket|topic|queue|function|log group|state machine) ")
    assert not [each.out for each in shown if lost.search(each.out)]
    assert re.search("delete +key +alerts", shown[0].out), shown[0].text
    assert found == dict.fromkeys(before, key)
    deployed.apply("infra", "dev")
    deployed.apply(CLEANING, "dev")
    assert {name for name, value in _keys(deployed).items() if value == key} == set()


def test_a_preview_with_a_change_can_exit_with_3(deployed: Deployment) -> None:
    with _changed(deployed, f"{PIPELINE}/pipeline.py", "minutes=10", "minutes=9"):
        words = ("preview", "--instance", CLEANING, "--env", "dev")
        assert deployed.invoke(*words).code == 0
        assert deployed.invoke(*words, "--expect-no-changes").code == 3


def test_a_preview_shows_that_an_image_is_not_built_yet(deployed: Deployment) -> None:
    with _changed(deployed, PUBLISH, '"rows": len(rows)', '"rows": len(rows), "draft": 1'):
        builds = deployed.aws.builds()
        result = deployed.invoke("preview", "--instance", CLEANING, "--env", "dev")
        assert result.code == 0, result.text
        assert "is not built yet" in result.text
        assert deployed.aws.builds() == builds


def test_a_pipeline_whose_image_is_missing_is_not_applied(deployed: Deployment) -> None:
    before = _image(deployed)
    with _changed(deployed, PUBLISH, '"rows": len(rows)', '"rows": len(rows), "draft": 2'):
        result = deployed.invoke("apply", "--instance", CLEANING, "--env", "dev", "--yes")
    assert result.code == 2, result.text
    assert "invoke apply --instance universal" in result.err
    assert _image(deployed) == before


def test_drift_is_reported_and_restored_by_a_refresh(deployed: Deployment) -> None:
    functions = deployed.aws.client("lambda")
    before = functions.get_function_configuration(FunctionName=FUNCTION)["Timeout"]
    functions.update_function_configuration(FunctionName=FUNCTION, Timeout=7)
    try:
        result = deployed.invoke("drift", "--instance", CLEANING, "--env", "dev")
        assert result.code == 3, result.text
        [line] = [line for line in result.out.splitlines() if "timeout" in line]
        assert "publish" in line
        assert "clean" not in result.out
        assert functions.get_function_configuration(FunctionName=FUNCTION)["Timeout"] == 7
        deployed.apply(CLEANING, "dev", "--refresh")
        assert functions.get_function_configuration(FunctionName=FUNCTION)["Timeout"] == before
    finally:
        functions.update_function_configuration(FunctionName=FUNCTION, Timeout=before)


def test_a_branch_that_lacks_a_function_keeps_its_images(deployed: Deployment) -> None:
    repositories = _repositories(deployed)
    with _without(deployed, "src/processed-to-curated/penguins"):
        deployed.apply("universal")
    assert _repositories(deployed) == repositories
    result = deployed.invoke("apply", "--instance", "universal", "--yes", "--expect-no-changes")
    assert result.code == 0, result.text


def test_pruning_removes_the_images_of_functions_that_no_longer_exist(deployed: Deployment) -> None:
    summing = f"my-pipelines/{SUMMING}/summarise"
    repositories = _repositories(deployed)
    with _without(deployed, "src/processed-to-curated/penguins"):
        deployed.apply("universal", None, "--prune")
    assert _repositories(deployed) == repositories - {summing}
    deployed.apply("universal")
    assert _repositories(deployed) == repositories


@contextmanager
def _changed(deployed: Deployment, path: str, old: str, new: str) -> Iterator[None]:
    """Replace a text in a file, until the context ends."""
    file = deployed.root / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(text, encoding="utf-8")


@contextmanager
def _without(deployed: Deployment, path: str) -> Iterator[None]:
    """Move a folder out of the repository, until the context ends."""
    kept = Path(shutil.move(deployed.root / path, deployed.root.parent / "away"))
    try:
        yield
    finally:
        shutil.move(kept, deployed.root / path)


def test_the_key_of_images_replaces_no_repository_that_exists(deployed: Deployment) -> None:
    key = deployed.aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    fields = f'UniversalConfig(images_kms_key_arn="{key}", '
    with _changed(deployed, "pipeline_config.py", "UniversalConfig(", fields):
        result = deployed.invoke("preview", "--instance", "universal", "--expect-no-changes")
    assert result.code == 0, result.text


def _keys(deployed: Deployment) -> dict[str, str | None]:
    """Return the key of each resource that has one, None where AWS encrypts with its own.

    moto changes no key of functions and log groups.
    """
    aws, own = deployed.aws, f"{REGION}:{ACCOUNT}"
    bucket = f"my-pipelines--dev--raw--{ACCOUNT}"
    [rule] = aws.client("s3").get_bucket_encryption(Bucket=bucket)[
        "ServerSideEncryptionConfiguration"
    ]["Rules"]
    topic = aws.client("sns").get_topic_attributes(TopicArn=f"arn:aws:sns:{own}:my-pipelines--dev")
    queues = aws.client("sqs")
    queue = queues.get_queue_attributes(
        QueueUrl=queues.get_queue_url(QueueName="my-pipelines--dev")["QueueUrl"],
        AttributeNames=["All"],
    )
    machine = aws.client("stepfunctions").describe_state_machine(
        stateMachineArn=f"arn:aws:states:{own}:stateMachine:{MACHINE}"
    )
    return {
        "bucket": rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID"),
        "topic": topic["Attributes"].get("KmsMasterKeyId"),
        "queue": queue["Attributes"].get("KmsMasterKeyId") or None,
        "machine": machine["encryptionConfiguration"].get("kmsKeyId"),
    }


def _image(deployed: Deployment) -> str:
    found = deployed.aws.client("lambda").get_function(FunctionName=FUNCTION)
    return str(found["Code"]["ImageUri"])


def _repositories(deployed: Deployment) -> set[str]:
    found = deployed.aws.client("ecr").describe_repositories()["repositories"]
    return {repository["repositoryName"] for repository in found}


def _published(deployed: Deployment) -> Any:
    """Return the output of an execution on a small survey."""
    bucket = "my-pipelines--dev--raw--123456789012"
    lines = (
        deployed.root / PIPELINE / "examples/first/lake/raw/penguins/penguins_raw.csv"
    ).read_text(encoding="utf-8")
    survey = "".join(lines.splitlines(keepends=True)[:9]).encode()
    ended = deployed.execute(
        MACHINE, deployed.put(bucket, "penguins/small.csv", survey, machine=MACHINE)
    )
    assert ended["status"] == "SUCCEEDED", ended
    return ended["output"]
