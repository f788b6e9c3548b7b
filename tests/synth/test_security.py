"""Rules of security for every resource of every program: docs/security.md says which, and why."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from dorc_runtime.compile.permissions.statements import WILDCARDS
from dorc_runtime.deploy.driver.instances import pipeline
from dorc_runtime.deploy.synth.recorder import Resource
from dorc_runtime.deploy.synth.synthesis import Synthesis, synth, synth_instance
from dorc_runtime.project.repository import Repository
from tests.repositories import ROOT
from tests.synth.resources import POLICY, as_list, of_type, policies, provided, statements

Synthesize = Callable[[str], Synthesis]

ACCOUNT = "123456789012"
REGION = "eu-west-2"
PAGE = ROOT / "docs" / "security.md"
# The keys that pipeline_config.py of the repository `everything` names.
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/3ad1d1b4-0000-4000-8000-000000000001"
IMAGES_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/3ad1d1b4-0000-4000-8000-000000000002"

BUCKET = "aws:s3/bucket:Bucket"
BUCKET_ENCRYPTION = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
FUNCTION = "aws:lambda/function:Function"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
KMS_KEY = "aws:kms/key:Key"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
MACHINE = "aws:sfn/stateMachine:StateMachine"
QUEUE = "aws:sqs/queue:Queue"
REPOSITORY = "aws:ecr/repository:Repository"
ROLE = "aws:iam/role:Role"
TOPIC = "aws:sns/topic:Topic"

# The source in the trust policy of a role, by the service that assumes the role; the page of each
# is in ``compile.permissions.policies.trust``. Lambda has none.
SOURCES = {
    "states": rf"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:[\w-]+",
    "events": rf"arn:aws:events:{REGION}:{ACCOUNT}:rule/[\w/-]+",
    "pipes": rf"arn:aws:pipes:{REGION}:{ACCOUNT}:pipe/[\w-]+",
    "scheduler": rf"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/[\w-]+",
}


@pytest.fixture(params=["penguins", "everything"])
def resources(synthesized: Synthesize, request: pytest.FixtureRequest) -> list[Resource]:
    """The resources of a new repository, and of one that uses every option."""
    return provided(synthesized(request.param))


@pytest.fixture
def defaults(synthesized: Synthesize) -> list[Resource]:
    """The resources of a new repository."""
    return provided(synthesized("penguins"))


@pytest.fixture
def options(synthesized: Synthesize) -> list[Resource]:
    """The resources of a repository that uses every option."""
    return provided(synthesized("everything"))


def of_pipelines(resources: list[Resource]) -> list[Resource]:
    """Return the functions of pipelines: infra has one too, for alerts."""
    return [each for each in of_type(resources, FUNCTION) if each.name != "alerts"]


def of_each_bucket(resources: list[Resource], kind: str) -> list[dict[str, Any]]:
    """Return the inputs of a resource that every bucket has to have."""
    found = of_type(resources, kind)
    buckets = {bucket.inputs["bucket"] for bucket in of_type(resources, BUCKET)}
    assert {resource.inputs["bucket"] for resource in found} == buckets
    return [resource.inputs for resource in found]


def test_buckets_accept_only_tls(resources: list[Resource]) -> None:
    for inputs in of_each_bucket(resources, "aws:s3/bucketPolicy:BucketPolicy"):
        arn = f"arn:aws:s3:::{inputs['bucket']}"
        [statement] = statements(inputs["policy"])
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
        assert (statement["Action"], statement["Resource"]) == ("s3:*", [arn, f"{arn}/*"])


def test_buckets_of_an_emulator_accept_requests_without_tls(
    penguins: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    emulated = provided(synth(penguins, environment="dev"))
    assert not [each for each in emulated if each.type == "aws:s3/bucketPolicy:BucketPolicy"]


def test_buckets_are_private(resources: list[Resource]) -> None:
    kind = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    blocks = (
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    )
    for inputs in of_each_bucket(resources, kind):
        assert all(inputs[block] is True for block in blocks)


def test_buckets_have_no_access_control_lists(resources: list[Resource]) -> None:
    """S3 disables them in new buckets."""
    kinds = {resource.type for resource in resources}
    assert not kinds & {
        "aws:s3/bucketAcl:BucketAcl",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    }
    assert not any("acl" in bucket.inputs for bucket in of_type(resources, BUCKET))


def test_buckets_keep_older_versions(resources: list[Resource]) -> None:
    for inputs in of_each_bucket(resources, "aws:s3/bucketVersioning:BucketVersioning"):
        assert inputs["versioningConfiguration"] == {"status": "Enabled"}


def test_buckets_send_their_events_to_eventbridge(resources: list[Resource]) -> None:
    for inputs in of_each_bucket(resources, "aws:s3/bucketNotification:BucketNotification"):
        assert inputs["eventbridge"] is True


def test_buckets_delete_what_an_upload_leaves(resources: list[Resource]) -> None:
    kind = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    for inputs in of_each_bucket(resources, kind):
        [rule] = inputs["rules"]
        assert rule["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
        assert (rule["status"], rule["filter"]) == ("Enabled", {"prefix": ""})


def test_buckets_are_encrypted(resources: list[Resource]) -> None:
    for inputs in of_each_bucket(resources, BUCKET_ENCRYPTION):
        [rule] = inputs["rules"]
        assert rule["applyServerSideEncryptionByDefault"]["sseAlgorithm"] in ("AES256", "aws:kms")


def test_buckets_use_the_configured_key(options: list[Resource]) -> None:
    for inputs in of_each_bucket(options, BUCKET_ENCRYPTION):
        [rule] = inputs["rules"]
        assert rule == {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": KEY,
            },
            "bucketKeyEnabled": True,
        }


def test_tags_of_images_never_change(resources: list[Resource]) -> None:
    for repository in of_type(resources, REPOSITORY):
        assert repository.inputs["imageTagMutability"] == "IMMUTABLE"


def test_images_are_scanned_when_they_are_pushed(resources: list[Resource]) -> None:
    for repository in of_type(resources, REPOSITORY):
        assert repository.inputs["imageScanningConfiguration"] == {"scanOnPush": True}


def test_old_images_expire(resources: list[Resource]) -> None:
    policies = of_type(resources, "aws:ecr/lifecyclePolicy:LifecyclePolicy")
    repositories = of_type(resources, REPOSITORY)
    assert {policy.inputs["repository"] for policy in policies} == {
        repository.inputs["name"] for repository in repositories
    }


def test_images_use_the_configured_key(options: list[Resource]) -> None:
    for repository in of_type(options, REPOSITORY):
        expected = [{"encryptionType": "KMS", "kmsKey": IMAGES_KEY}]
        assert repository.inputs["encryptionConfigurations"] == expected


def test_functions_are_traced(resources: list[Resource]) -> None:
    for function in of_type(resources, FUNCTION):
        assert function.inputs["tracingConfig"] == {"mode": "Active"}


def test_only_the_roles_of_machines_invoke_functions(resources: list[Resource]) -> None:
    """A function has neither a policy nor a URL; two rules alone call that of alerts."""
    assert "aws:lambda/functionUrl:FunctionUrl" not in {resource.type for resource in resources}
    [alerts] = [each for each in of_type(resources, FUNCTION) if each.name == "alerts"]
    for permission in of_type(resources, "aws:lambda/permission:Permission"):
        assert permission.inputs["function"] == alerts.inputs["name"]
        assert permission.inputs["principal"] == "events.amazonaws.com"
        source = str(permission.inputs["sourceArn"])
        assert re.fullmatch(rf"arn:aws:events:{REGION}:{ACCOUNT}:rule/\w[\w-]+", source)


def test_functions_run_images(resources: list[Resource]) -> None:
    """So no runtime of Lambda can be out of date; the base image is in the Dockerfile."""
    for function in of_pipelines(resources):
        assert function.inputs["packageType"] == "Image"
        assert "runtime" not in function.inputs


def test_the_function_of_alerts_has_a_supported_runtime(resources: list[Resource]) -> None:
    [alerts] = [each for each in of_type(resources, FUNCTION) if each.name == "alerts"]
    assert alerts.inputs["runtime"] == "python3.13"


def test_a_failed_call_of_the_function_of_alerts_reaches_the_topic(
    resources: list[Resource],
) -> None:
    kind = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    [config] = of_type(resources, kind)
    [topic] = [each for each in of_type(resources, TOPIC) if each.name == "alerts"]
    arn = f"arn:aws:sns:{REGION}:{ACCOUNT}:{topic.inputs['name']}"
    assert config.inputs["destinationConfig"] == {"onFailure": {"destination": arn}}


def test_the_function_of_alerts_reads_only_pipelines_of_its_environment(
    resources: list[Resource],
) -> None:
    [policy] = [each for each in of_type(resources, POLICY) if each.name == "alerts"]
    [topic] = [each for each in of_type(resources, TOPIC) if each.name == "alerts"]
    for statement in statements(policy.inputs["policy"]):
        if statement["Sid"] in ("Machines", "Executions", "Schedules", "FunctionLogs"):
            [arn] = statement["Resource"]
            assert f"{topic.inputs['name']}--*" in arn


def test_functions_have_no_access_keys_among_their_variables(resources: list[Resource]) -> None:
    """An access key of AWS starts so."""
    for function in of_type(resources, FUNCTION):
        assert not re.search(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b", str(function.inputs["environment"]))


def test_functions_use_the_configured_key(options: list[Resource]) -> None:
    for function in of_type(options, FUNCTION):
        assert function.inputs["kmsKeyArn"] == KEY


def test_functions_reserve_the_concurrency_of_their_step(options: list[Resource]) -> None:
    reserved = {
        function.name: function.inputs.get("reservedConcurrentExecutions")
        for function in of_type(options, FUNCTION)
    }
    assert {name: number for name, number in reserved.items() if number is not None} == {
        "convert": 5
    }


def test_functions_run_in_the_configured_subnets(options: list[Resource]) -> None:
    for function in of_pipelines(options):
        network: Any = function.inputs["vpcConfig"]
        assert network["subnetIds"] == ["subnet-0a1b2c3d", "subnet-4e5f6a7b"]
        assert len(network["securityGroupIds"]) == 1


def test_security_groups_let_nothing_in(options: list[Resource]) -> None:
    groups = of_type(options, GROUP)
    assert not [group for group in groups if "ingress" in group.inputs]
    assert not [each for each in options if "IngressRule" in each.type]


def test_security_groups_and_their_rules_have_a_description(options: list[Resource]) -> None:
    kind = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    for resource in (*of_type(options, GROUP), *of_type(options, kind)):
        assert resource.inputs["description"]


def test_machines_are_traced(resources: list[Resource]) -> None:
    for machine in of_type(resources, MACHINE):
        assert machine.inputs["tracingConfiguration"] == {"enabled": True}


def test_machines_log_every_event(resources: list[Resource]) -> None:
    for machine in of_type(resources, MACHINE):
        logging: Any = machine.inputs["loggingConfiguration"]
        assert logging["level"] == "ALL"


def test_machines_log_no_data(defaults: list[Resource]) -> None:
    for machine in of_type(defaults, MACHINE):
        logging: Any = machine.inputs["loggingConfiguration"]
        assert logging["includeExecutionData"] is False


def test_machines_log_the_data_that_is_asked_for(options: list[Resource]) -> None:
    for machine in of_type(options, MACHINE):
        logging: Any = machine.inputs["loggingConfiguration"]
        assert logging["includeExecutionData"] is True


def test_a_stack_file_of_a_pipeline_can_ask_for_the_data_in_its_logs(penguins: Repository) -> None:
    folder = penguins.pipeline("raw-to-processed/penguins")
    file = folder.path / "Pulumi.dev.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text.rstrip()}\n  log_data: true\n", encoding="utf-8")
    try:
        stack = synth_instance(penguins, pipeline(penguins, folder, "dev"))
    finally:
        file.write_text(text, encoding="utf-8")
    [machine] = stack.of_type(MACHINE)
    logging: Any = machine.inputs["loggingConfiguration"]
    assert logging["includeExecutionData"] is True


def test_machines_use_the_configured_key(options: list[Resource]) -> None:
    for machine in of_type(options, MACHINE):
        assert machine.inputs["encryptionConfiguration"] == {
            "type": "CUSTOMER_MANAGED_KMS_KEY",
            "kmsKeyId": KEY,
            "kmsDataKeyReusePeriodSeconds": 300,
        }


def test_schedules_use_the_configured_key(options: list[Resource]) -> None:
    for schedule in of_type(options, "aws:scheduler/schedule:Schedule"):
        assert schedule.inputs["kmsKeyArn"] == KEY


def test_logs_have_a_retention(resources: list[Resource]) -> None:
    for group in of_type(resources, LOGS):
        assert isinstance(group.inputs["retentionInDays"], int)


def test_logs_stay_as_long_as_configured(options: list[Resource]) -> None:
    for group in of_type(options, LOGS):
        assert group.inputs["retentionInDays"] == 400


def test_logs_use_the_configured_key(options: list[Resource]) -> None:
    for group in of_type(options, LOGS):
        assert group.inputs["kmsKeyId"] == KEY


def test_topics_are_encrypted(resources: list[Resource]) -> None:
    assert all(topic.inputs.get("kmsMasterKeyId") for topic in of_type(resources, TOPIC))


def test_the_topic_of_alerts_has_a_key_of_the_account(defaults: list[Resource]) -> None:
    """EventBridge cannot publish with the key that AWS manages."""
    for topic in of_type(defaults, TOPIC):
        key = str(topic.inputs["kmsMasterKeyId"])
        assert key.startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/")


def test_topics_use_the_configured_key(options: list[Resource]) -> None:
    assert {topic.inputs["kmsMasterKeyId"] for topic in of_type(options, TOPIC)} == {KEY}


def test_queues_are_encrypted(resources: list[Resource]) -> None:
    for queue in of_type(resources, QUEUE):
        assert queue.inputs.get("sqsManagedSseEnabled") or queue.inputs.get("kmsMasterKeyId")


def test_queues_use_the_configured_key(options: list[Resource]) -> None:
    for queue in of_type(options, QUEUE):
        assert queue.inputs["kmsMasterKeyId"] == KEY
        assert "sqsManagedSseEnabled" not in queue.inputs


def test_only_services_use_queues_and_topics_by_their_policies(resources: list[Resource]) -> None:
    for resource, statement in policies(resources):
        if resource.type != POLICY:
            assert list(statement["Principal"]) == ["Service"], resource.urn
            assert not [text for text in as_list(statement["Action"]) if "*" in text], resource.urn


def test_tables_use_the_configured_key(options: list[Resource]) -> None:
    for table in of_type(options, "aws:dynamodb/table:Table"):
        assert table.inputs["serverSideEncryption"] == {"enabled": True, "kmsKeyArn": KEY}


def test_keys_change_their_material_every_year(defaults: list[Resource]) -> None:
    for key in of_type(defaults, KMS_KEY):
        assert key.inputs["enableKeyRotation"] is True


def test_a_removed_key_can_be_restored_for_30_days(defaults: list[Resource]) -> None:
    for key in of_type(defaults, KMS_KEY):
        assert key.inputs["deletionWindowInDays"] == 30


def test_only_the_account_and_the_services_of_alerts_use_the_key_of_the_topic(
    defaults: list[Resource],
) -> None:
    [key] = of_type(defaults, KMS_KEY)
    principals = [statement["Principal"] for statement in statements(key.inputs["policy"])]
    assert principals == [
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
        {"Service": "events.amazonaws.com"},
        {"Service": "cloudwatch.amazonaws.com"},
    ]


def test_the_page_shows_what_the_policy_of_such_a_key_needs(defaults: list[Resource]) -> None:
    [policy] = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [key] = of_type(defaults, KMS_KEY)
    shown = list(statements(policy))
    assert all(statement in shown for statement in statements(key.inputs["policy"]))


def test_alarms_have_actions(resources: list[Resource]) -> None:
    for alarm in of_type(resources, "aws:cloudwatch/metricAlarm:MetricAlarm"):
        assert alarm.inputs["alarmActions"]
        assert alarm.inputs.get("actionsEnabled", True) is True


def test_only_actions_without_resources_are_allowed_on_all(resources: list[Resource]) -> None:
    for resource, statement in policies(resources):
        if "*" in as_list(statement["Resource"]):
            assert set(as_list(statement["Action"])) <= WILDCARDS.keys(), resource.urn


def test_no_policy_allows_every_action(resources: list[Resource]) -> None:
    for resource, statement in policies(resources):
        assert not [text for text in as_list(statement["Action"]) if "*" in text], resource.urn


def test_no_role_gives_permissions(resources: list[Resource]) -> None:
    """Neither through policies of AWS, nor by actions of IAM."""
    kinds = {resource.type for resource in resources}
    assert "aws:iam/rolePolicyAttachment:RolePolicyAttachment" not in kinds
    assert not [role for role in of_type(resources, ROLE) if "managedPolicyArns" in role.inputs]
    for resource, statement in policies(resources):
        assert not [text for text in as_list(statement["Action"]) if text.startswith("iam:")], (
            resource.urn
        )


def test_roles_decrypt_only_with_the_configured_key(options: list[Resource]) -> None:
    decrypting = [
        statement
        for _, statement in policies(options)
        if [text for text in as_list(statement["Action"]) if text.startswith("kms:")]
    ]
    assert decrypting
    for statement in decrypting:
        assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
        assert statement["Resource"] == [KEY]


def test_only_the_service_and_source_of_a_role_can_assume_it(resources: list[Resource]) -> None:
    for role in of_type(resources, ROLE):
        for statement in statements(role.inputs["assumeRolePolicy"]):
            service = statement["Principal"]["Service"].removesuffix(".amazonaws.com")
            if service == "lambda":
                assert "Condition" not in statement, role.urn
                continue
            condition = statement["Condition"]
            assert condition["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
            named = as_list(condition.get("ArnLike", {}).get("aws:SourceArn", []))
            assert named, role.urn
            assert all(re.fullmatch(SOURCES[service], arn) for arn in named), role.urn
