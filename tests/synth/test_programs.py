"""The resources of each program, for a repository that uses every option."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from dorc_runtime.compile.names import Names
from dorc_runtime.deploy.synth.recorder import Resource
from dorc_runtime.deploy.synth.synthesis import Stack, Synthesis, synth
from dorc_runtime.project.repository import Repository

Synthesize = Callable[[str], Synthesis]

ACCOUNT = "123456789012"
ORDERS = "raw-to-processed/orders"
REPORT = "default/report"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"


@pytest.fixture
def stacks(synthesized: Synthesize) -> dict[str, Stack]:
    return {stack.instance: stack for stack in synthesized("everything").stacks}


def inputs(stack: Stack, kind: str) -> dict[str, Any]:
    """Return the inputs of all resources of a type, by their names."""
    values = {resource.name: resource.inputs for resource in stack.of_type(kind)}
    assert values, f"{stack.instance} has no {kind}"
    return values


def one(stack: Stack, kind: str) -> Any:
    [values] = inputs(stack, kind).values()
    return values


def actions(stack: Stack, role: str) -> dict[str, list[str]]:
    """Return the resources that a role allows each action on."""
    policy = inputs(stack, "aws:iam/rolePolicy:RolePolicy")[role]["policy"]
    allowed: dict[str, list[str]] = {}
    for statement in json.loads(policy)["Statement"]:
        for action in statement["Action"]:
            allowed.setdefault(action, []).extend(statement["Resource"])
    return allowed


def test_the_tags_of_the_configuration_win(stacks: dict[str, Stack]) -> None:
    provider = one(stacks[ORDERS], "pulumi:providers:aws")
    assert json.loads(provider["defaultTags"])["tags"] == {
        "dorc:environment": "prod",
        "dorc:pipeline": ORDERS,
        "dorc:project": "renamed",
        "team": "data",
    }


def test_only_the_configured_account_is_allowed(stacks: dict[str, Stack]) -> None:
    for stack in stacks.values():
        assert json.loads(one(stack, "pulumi:providers:aws")["allowedAccountIds"]) == [ACCOUNT]


def test_every_role_has_the_permissions_boundary(stacks: dict[str, Stack]) -> None:
    for name in (ORDERS, REPORT):
        for role in inputs(stacks[name], "aws:iam/role:Role").values():
            assert role["permissionsBoundary"] == BOUNDARY


def test_images_expire_by_number_and_never_by_age(stacks: dict[str, Stack]) -> None:
    """The deployed image can be an old one."""
    for policy in inputs(stacks["universal"], "aws:ecr/lifecyclePolicy:LifecyclePolicy").values():
        [rule] = json.loads(policy["policy"])["rules"]
        assert rule["selection"]["countType"] == "imageCountMoreThan"
        assert rule["selection"]["countNumber"] == 20


def test_images_and_data_are_protected(stacks: dict[str, Stack]) -> None:
    protected = (
        *stacks["universal"].of_type("aws:ecr/repository:Repository"),
        *stacks["infra"].of_type("aws:s3/bucket:Bucket"),
    )
    assert all(resource.protected for resource in protected)


def test_every_function_has_its_own_image(stacks: dict[str, Stack]) -> None:
    images = inputs(stacks["universal"], "docker:index/image:Image")
    assert len(images) == 8
    assert len({image["imageName"] for image in images.values()}) == 8
    for name, image in images.items():
        assert image["build"]["args"] == {"CODE_PATH": f"src/{name}"}
        assert image["build"]["platform"] == "linux/arm64"


def test_a_function_has_the_tag_of_its_image(stacks: dict[str, Stack]) -> None:
    images = inputs(stacks["universal"], "docker:index/image:Image")
    for function, values in inputs(stacks[ORDERS], "aws:lambda/function:Function").items():
        image = images[f"{ORDERS}/{function}"]["imageName"]
        assert values["tags"] == {"dorc:image": image.rpartition(":")[2]}


def test_infra_creates_a_bucket_for_each_zone_without_one(stacks: dict[str, Stack]) -> None:
    buckets = inputs(stacks["infra"], "aws:s3/bucket:Bucket")
    names = Names("ExampleDorc", "prod")
    assert {zone: bucket["bucket"] for zone, bucket in buckets.items()} == {
        zone: names.bucket(zone, ACCOUNT) for zone in ("processed", "curated", "archive")
    }


def test_an_existing_bucket_is_not_changed(stacks: dict[str, Stack]) -> None:
    """Our notification configuration would replace the one of its owner."""
    assert "a-partner-s-data" not in json.dumps(
        [resource.inputs for resource in stacks["infra"].resources]
    )


def test_dead_letters_stay_for_two_weeks(stacks: dict[str, Stack]) -> None:
    queue = inputs(stacks["infra"], "aws:sqs/queue:Queue")["dead-letters"]
    assert queue["messageRetentionSeconds"] == 14 * 24 * 3600


def test_a_dead_letter_raises_an_alarm(stacks: dict[str, Stack]) -> None:
    alarm = inputs(stacks["infra"], "aws:cloudwatch/metricAlarm:MetricAlarm")["alerts"]
    queue = inputs(stacks["infra"], "aws:sqs/queue:Queue")["dead-letters"]["name"]
    assert alarm["dimensions"] == {"QueueName": queue}
    assert alarm["alarmActions"] == [stacks["infra"].outputs["alerts"]]


def test_every_failed_execution_of_the_environment_sends_an_alert(stacks: dict[str, Stack]) -> None:
    rules = inputs(stacks["infra"], "aws:cloudwatch/eventRule:EventRule")
    pattern = json.loads(rules["alerts"]["eventPattern"])
    assert pattern["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    [machines] = pattern["detail"]["stateMachineArn"]
    for stack in stacks.values():
        for machine in stack.of_type("aws:sfn/stateMachine:StateMachine"):
            arn = f"arn:aws:states:eu-west-2:{ACCOUNT}:stateMachine:{machine.inputs['name']}"
            assert arn.startswith(machines["prefix"])


def test_the_configured_addresses_get_alerts_by_mail(stacks: dict[str, Stack]) -> None:
    subscription = one(stacks["infra"], "aws:sns/topicSubscription:TopicSubscription")
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "data@example.com")


def test_a_failed_execution_and_each_hour_call_the_function_of_alerts(
    stacks: dict[str, Stack],
) -> None:
    """Neither the topic nor its rule are new resources: people have confirmed the topic."""
    targets = inputs(stacks["infra"], "aws:cloudwatch/eventTarget:EventTarget")
    assert set(targets) == {"alerts", "alerts-hourly"}
    [alerts] = inputs(stacks["infra"], "aws:lambda/function:Function").values()
    for target in targets.values():
        assert target["arn"].endswith(f":function:{alerts['name']}")
    [topic] = [
        each for each in stacks["infra"].of_type("aws:sns/topic:Topic") if each.name == "alerts"
    ]
    assert topic.urn.endswith("::dorc:aws:Alerts$aws:sns/topic:Topic::alerts")
    rules = stacks["infra"].of_type("aws:cloudwatch/eventRule:EventRule")
    assert "::dorc:aws:Alerts$aws:cloudwatch/eventRule:EventRule::alerts" in "".join(
        f"{each.urn[each.urn.index('::dorc') :]}\n" for each in rules
    )


def test_the_function_of_alerts_reads_its_webhooks(stacks: dict[str, Stack]) -> None:
    allowed = actions(stacks["infra"], "alerts")
    assert allowed["ssm:GetParameter"] == [
        f"arn:aws:ssm:eu-west-2:{ACCOUNT}:parameter/ExampleDorc/prod/team-chat"
    ]


def test_a_state_machine_says_by_tags_what_alerts_expect(stacks: dict[str, Stack]) -> None:
    machine = one(stacks[ORDERS], "aws:sfn/stateMachine:StateMachine")
    assert machine["tags"] == {"dorc:expect-every": "86400", "dorc:mute-alerts": "2030-01-31"}


def test_functions_have_the_security_group_of_infra(stacks: dict[str, Stack]) -> None:
    group = stacks["infra"].outputs["security_group_id"]
    for function in inputs(stacks[ORDERS], "aws:lambda/function:Function").values():
        assert function["vpcConfig"]["securityGroupIds"] == [group]


def test_functions_without_a_vpc_join_none(synthesized: Synthesize) -> None:
    for stack in synthesized("penguins").stacks:
        for function in stack.of_type("aws:lambda/function:Function"):
            assert "vpcConfig" not in function.inputs
        assert not stack.of_type("aws:ec2/securityGroup:SecurityGroup")


def test_functions_run_an_image_by_its_digest(stacks: dict[str, Stack]) -> None:
    """A tag can name another image tomorrow."""
    for function in inputs(stacks[ORDERS], "aws:lambda/function:Function").values():
        assert re.search(r"@sha256:[0-9a-f]{64}$", function["imageUri"])


def test_a_function_has_the_settings_of_its_step(stacks: dict[str, Stack]) -> None:
    functions = inputs(stacks[ORDERS], "aws:lambda/function:Function")
    assert functions["convert"]["memorySize"] == 2048
    assert functions["convert"]["ephemeralStorage"] == {"size": 2048}
    assert functions["count"]["timeout"] == 900
    assert functions["note"]["environment"]["variables"]["TABLE"] == "seen"
    assert {function["architectures"][0] for function in functions.values()} == {"arm64"}


def test_functions_log_json(stacks: dict[str, Stack]) -> None:
    for function in inputs(stacks[ORDERS], "aws:lambda/function:Function").values():
        assert function["loggingConfig"]["logFormat"] == "JSON"


def test_functions_get_the_environment_and_the_address_of_what_they_use(
    stacks: dict[str, Stack],
) -> None:
    buckets: Any = stacks["infra"].outputs["buckets"]
    variables = inputs(stacks[ORDERS], "aws:lambda/function:Function")["check"]["environment"]
    assert variables["variables"] == {
        "ENVIRONMENT": "prod",
        "SOURCE_BUCKET": "a-partner-s-data",
        "TARGET_BUCKET": buckets["processed"],
        "RAW_BUCKET": "a-partner-s-data",
        "REFERENCE_DATA_BUCKET": "reference-data",
        "SECRET_ORDERS_KEY": "/ExampleDorc/prod/orders-key",
    }


def test_functions_of_a_layer_without_zones_get_no_buckets(stacks: dict[str, Stack]) -> None:
    function = inputs(stacks[REPORT], "aws:lambda/function:Function")["write"]
    assert "SOURCE_BUCKET" not in json.dumps(function)
    assert "s3:GetObject" not in actions(stacks[REPORT], "write")


def test_a_function_reads_what_its_step_says(stacks: dict[str, Stack]) -> None:
    assert actions(stacks[ORDERS], "check")["s3:GetObject"] == [
        "arn:aws:s3:::a-partner-s-data/orders/*",
        "arn:aws:s3:::reference-data/codes/*",
    ]
    assert "s3:PutObject" not in actions(stacks[ORDERS], "check")


def test_a_function_has_the_permissions_that_its_step_adds(stacks: dict[str, Stack]) -> None:
    table = f"arn:aws:dynamodb:eu-west-2:{ACCOUNT}:table/seen"
    assert actions(stacks[ORDERS], "note")["dynamodb:PutItem"] == [table]
    assert "dynamodb:PutItem" not in actions(stacks[ORDERS], "check")


def test_a_machine_calls_its_own_functions_and_no_others(stacks: dict[str, Stack]) -> None:
    for name in (ORDERS, REPORT):
        stack = stacks[name]
        functions = inputs(stack, "aws:lambda/function:Function").values()
        machine = one(stack, "aws:sfn/stateMachine:StateMachine")
        arns = {f"arn:aws:lambda:eu-west-2:{ACCOUNT}:function:{each['name']}" for each in functions}
        called = set(re.findall(r"arn:aws:lambda:[\w:-]+", machine["definition"]))
        allowed = actions(stack, name.rpartition("/")[2])["lambda:InvokeFunction"]
        assert called == set(allowed) == arns


def test_every_trigger_has_one_rule_or_schedule(stacks: dict[str, Stack]) -> None:
    rules = stacks[ORDERS].of_type("aws:cloudwatch/eventRule:EventRule")
    schedules = stacks[ORDERS].of_type("aws:scheduler/schedule:Schedule")
    assert (len(rules), len(schedules)) == (4, 2)
    exported: Any = stacks[ORDERS].outputs["triggers"]
    assert set(exported.values()) == {str(made.inputs["name"]) for made in (*rules, *schedules)}


def test_a_pipeline_without_triggers_has_no_role_for_them(stacks: dict[str, Stack]) -> None:
    roles = inputs(stacks[REPORT], "aws:iam/role:Role")
    assert roles.keys() == {"report", "write"}


def test_a_rule_sends_the_input_of_its_trigger_to_the_machine(stacks: dict[str, Stack]) -> None:
    targets = inputs(stacks[ORDERS], "aws:cloudwatch/eventTarget:EventTarget").values()
    assert {target["arn"] for target in targets} == {stacks[ORDERS].outputs["state_machine_arn"]}
    templates = [target.get("inputTransformer", {}).get("inputTemplate") for target in targets]
    assert sorted(template is None for template in templates) == [False, False, False, True]


def test_a_rule_listens_on_its_own_bus(stacks: dict[str, Stack]) -> None:
    rules = inputs(stacks[ORDERS], "aws:cloudwatch/eventRule:EventRule")
    targets = inputs(stacks[ORDERS], "aws:cloudwatch/eventTarget:EventTarget")
    buses = {name: rule["eventBusName"] for name, rule in rules.items()}
    assert sorted(buses.values()) == ["default", "default", "default", "orders"]
    assert {name: target["eventBusName"] for name, target in targets.items()} == buses


def test_a_schedule_sends_dead_letters_with_its_role(stacks: dict[str, Stack]) -> None:
    letters = stacks["infra"].outputs["dead_letters"]
    assert actions(stacks[ORDERS], "schedules")["sqs:SendMessage"] == [letters]


@pytest.mark.parametrize(
    ("environment", "running"),
    [("prod", {"cron(0 6 * * ? *)"}), ("dev", {"cron(0 6 * * ? *)", "rate(1 hour)"})],
)
def test_schedules_run_in_the_environments_that_enable_them(
    everything: Repository, environment: str, running: set[str]
) -> None:
    synthesis = synth(everything, environment=environment)
    [orders] = [stack for stack in synthesis.stacks if stack.instance == ORDERS]
    schedules = inputs(orders, "aws:scheduler/schedule:Schedule").values()
    on = {
        schedule["scheduleExpression"] for schedule in schedules if schedule["state"] == "ENABLED"
    }
    assert on == running


def test_no_two_environments_share_a_name(everything: Repository) -> None:
    one, other = (
        _names(synth(everything, environment=environment)) for environment in ("dev", "prod")
    )
    assert one
    assert not one & other


def _names(synthesis: Synthesis) -> set[str]:
    """Return the names of the resources of an environment, as ``type name``."""
    resources: list[Resource] = [
        resource
        for stack in synthesis.stacks
        if stack.instance != "universal"
        for resource in stack.resources
    ]
    return {
        f"{resource.type} {resource.inputs['name']}"
        for resource in resources
        if "name" in resource.inputs and resource.type != "aws:iam/rolePolicy:RolePolicy"
    }
