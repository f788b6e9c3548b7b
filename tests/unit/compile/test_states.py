"""The document that Step Functions gets."""

import json
from datetime import timedelta
from typing import Any

import pytest

from dorc_runtime import (
    Call,
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Pipeline,
    Repeat,
    Retry,
    Service,
    Succeed,
    Wait,
    data,
    error,
    item,
    objects,
    result,
    rows,
    task_token,
    variable,
)
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.model.steps import Step

ARNS = {name: f"arn:{name}" for name in ("a", "b", "c", "d")}


def compiled(*steps: Step) -> Any:
    """Return the document as AWS gets it, through JSON."""
    document = state_machine(
        Pipeline(steps=steps),
        arns=ARNS,
        machines={"curated/load": "arn:machine"},
        buckets={"raw": "my-raw-bucket"},
    )
    return json.loads(json.dumps(document))


def states(*steps: Step) -> Any:
    return compiled(*steps)["States"]


def test_each_output_is_the_input_of_the_next_step() -> None:
    document = compiled(Function("a"), Function("b"))
    assert document["StartAt"] == "a"
    found = states(Function("a"), Function("b"))
    assert found["a"]["Next"] == "b"
    assert found["b"]["End"] is True


def test_the_machine_uses_jsonata_and_has_a_timeout() -> None:
    document = state_machine(
        Pipeline(description="About", steps=[Pass()], timeout=timedelta(hours=2)), arns={}
    )
    assert document["QueryLanguage"] == "JSONata"
    assert document["TimeoutSeconds"] == 7200
    assert document["Comment"] == "About"


def test_a_function_gets_the_input_and_gives_its_payload() -> None:
    state = states(Function("a", timeout=timedelta(minutes=2), retry=()))["a"]
    assert state == {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "arn:a", "Payload": "{% $states.input %}"},
        "Output": "{% $states.result.Payload %}",
        "TimeoutSeconds": 180,
        "End": True,
    }


def retriers(step: Function) -> Any:
    return states(step)["a"].get("Retry")


def test_the_users_retries_come_before_those_that_aws_recommends() -> None:
    found = retriers(Function("a", retry=[Retry(["MyError"], max_attempts=1)]))
    mine, advised = found
    assert mine["ErrorEquals"] == ["MyError"]
    assert "Lambda.TooManyRequestsException" in advised["ErrorEquals"]


def test_no_retries_at_all_are_an_empty_tuple() -> None:
    assert retriers(Function("a", retry=())) is None


def test_a_retry_of_all_errors_stays_the_last() -> None:
    found = retriers(Function("a", retry=[Retry()]))
    assert found == [
        {
            "ErrorEquals": ["States.ALL"],
            "IntervalSeconds": 1,
            "MaxAttempts": 3,
            "BackoffRate": 2.0,
        }
    ]


def test_a_retry_has_its_longest_delay_and_its_jitter() -> None:
    retry = Retry("E", max_delay=timedelta(seconds=9), jitter=True)
    found = retriers(Function("a", retry=[retry]))
    assert found[0]["MaxDelaySeconds"] == 9
    assert found[0]["JitterStrategy"] == "FULL"


def test_a_choice_goes_on_at_the_next_step() -> None:
    found = states(
        Choice(If(data.n > 1, then=[Function("a")]), If(data.n < 0, then=[Fail("Negative")])),
        Function("b"),
    )
    assert found["Choice"] == {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input.n > 1 %}", "Next": "a"},
            {"Condition": "{% $states.input.n < 0 %}", "Next": "Negative"},
        ],
        "Default": "b",
    }
    assert found["a"]["Next"] == "b"
    assert found["Negative"] == {"Type": "Fail", "Error": "Negative"}


def test_a_choice_at_the_end_has_a_state_to_pass_to() -> None:
    found = states(Choice(If(data.n > 1, then=[Function("a")])))
    assert found["Choice"]["Default"] == "Choice passed"
    assert found["Choice passed"] == {"Type": "Succeed"}


def test_a_choice_with_steps_in_all_ways_needs_no_such_state() -> None:
    found = states(Choice(If(data.n > 1, then=[Succeed()]), otherwise=[Function("a")]))
    assert set(found) == {"Choice", "Succeed", "a"}


def test_the_steps_of_a_map_get_the_value_of_select() -> None:
    step = Map(over=data.xs, select={"x": item.x}, max_concurrency=4, steps=[Function("a")])
    state = states(step)["Map"]
    assert state["Items"] == "{% $states.input.xs %}"
    assert state["ItemSelector"] == {"x": "{% $states.context.Map.Item.Value.x %}"}
    assert state["MaxConcurrency"] == 4
    processor = state["ItemProcessor"]
    assert processor["ProcessorConfig"] == {"Mode": "INLINE"}
    assert processor["StartAt"] == "a"


def test_each_branch_is_a_machine() -> None:
    state = states(Parallel([[Function("a")], [Function("b"), Function("c")]]))["Parallel"]
    branches = state["Branches"]
    assert [branch["StartAt"] for branch in branches] == ["a", "b"]


def test_a_catch_gives_input_and_error_to_its_steps_and_goes_on() -> None:
    found = states(Function("a", catch=[Catch("E", steps=[Function("b")])]), Function("c"))
    assert found["a"]["Catch"] == [
        {
            "ErrorEquals": ["E"],
            "Output": {"input": "{% $states.input %}", "error": "{% $states.errorOutput %}"},
            "Next": "b",
        }
    ]
    assert found["b"]["Next"] == "c"


@pytest.mark.parametrize("after", [(), (Function("c"),)], ids=["last", "followed"])
def test_a_catch_without_steps_goes_on(after: tuple[Step, ...]) -> None:
    found = states(Function("a", catch=[Catch("E")]), *after)
    [catcher] = found["a"]["Catch"]
    assert catcher["Next"] in found


def test_waits_are_seconds_or_a_moment() -> None:
    found = states(Wait(timedelta(minutes=1)), Wait(data.pause), Wait(until="2030-01-01T00:00:00Z"))
    assert found["Wait"]["Seconds"] == 60
    assert found["Wait 2"]["Seconds"] == "{% $states.input.pause %}"
    assert found["Wait 3"]["Timestamp"] == "2030-01-01T00:00:00Z"


def test_state_names_are_unique_in_the_whole_machine() -> None:
    inner = Map(over=data.xs, steps=[Pass(), Fail("E")])
    document = compiled(Pass(), Pass(name="mine"), inner, Pass())
    names: list[str] = []

    def collect(machine: Any) -> None:
        for name, state in machine["States"].items():
            names.append(name)
            if "ItemProcessor" in state:
                collect(state["ItemProcessor"])

    collect(document)
    assert names == ["Pass", "mine", "Map", "Pass 3", "E", "Pass 2"]
    assert len(set(names)) == len(names)


def test_a_step_has_its_output_and_assign() -> None:
    state = states(Function("a", output={"n": result.n}, assign={"m": result.m}))["a"]
    assert state["Output"] == {"n": "{% $states.result.Payload.n %}"}
    assert state["Assign"] == {"m": "{% $states.result.Payload.m %}"}


def test_a_variable_becomes_its_name() -> None:
    assert states(Pass({"n": variable("count") + 1}))["Pass"]["Output"] == {"n": "{% $count + 1 %}"}


def test_each_way_of_a_choice_has_its_output_and_assign() -> None:
    way = If(data.n > 1, output="big", assign={"x": 1})
    state = states(Choice(way, output="small", assign={"x": 2}), Pass())["Choice"]
    [choice] = state["Choices"]
    assert (choice["Output"], choice["Assign"]) == ("big", {"x": 1})
    assert (state["Output"], state["Assign"]) == ("small", {"x": 2})


def test_the_output_of_a_catch_replaces_input_and_error() -> None:
    catch = Catch(output=error.Cause, assign={"why": error.Error})
    [catcher] = states(Function("a", catch=[catch]))["a"]["Catch"]
    assert catcher["Output"] == "{% $states.errorOutput.Cause %}"
    assert catcher["Assign"] == {"why": "{% $states.errorOutput.Error %}"}


def test_a_call_starts_the_other_machine_and_returns_its_output() -> None:
    state = states(Call("curated/load", timeout=timedelta(minutes=5)))["Call load"]
    assert state == {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": "arn:machine", "Input": "{% $states.input %}"},
        "Output": "{% $states.result.Output %}",
        "TimeoutSeconds": 300,
        "End": True,
    }


def test_a_call_that_does_not_wait_only_starts_the_other_machine() -> None:
    state = states(Call("curated/load", wait=False, input={"key": data.key}))["Call load"]
    assert state["Resource"] == "arn:aws:states:::states:startExecution"
    assert state["Arguments"]["Input"] == {"key": "{% $states.input.key %}"}
    assert "Output" not in state


def test_a_service_is_called_by_its_action_with_its_arguments() -> None:
    step = Service("sns:publish", arguments={"TopicArn": "arn:topic", "Message": data.text})
    assert states(step)["sns publish"] == {
        "Type": "Task",
        "Resource": "arn:aws:states:::sns:publish",
        "Arguments": {"TopicArn": "arn:topic", "Message": "{% $states.input.text %}"},
        "End": True,
    }


def test_a_zone_in_arguments_of_s3_becomes_its_bucket() -> None:
    arguments = {"Bucket": "raw", "Key": "b", "CopySource": "raw/a"}
    state = states(Service("aws-sdk:s3:copyObject", arguments=arguments))["s3 copyObject"]
    assert state["Resource"] == "arn:aws:states:::aws-sdk:s3:copyObject"
    assert state["Arguments"]["Bucket"] == "my-raw-bucket"
    assert state["Arguments"]["CopySource"] == "my-raw-bucket/a"


def test_a_function_that_waits_gets_its_input_and_a_token() -> None:
    state = states(Function("a", wait_for_token=True, answer_within=timedelta(days=1)))["a"]
    assert state["Resource"] == "arn:aws:states:::lambda:invoke.waitForTaskToken"
    assert state["Arguments"]["Payload"] == {
        "input": "{% $states.input %}",
        "token": "{% $states.context.Task.Token %}",
    }
    assert state["TimeoutSeconds"] == 86_400
    assert "Output" not in state


def test_a_function_waits_for_its_token_as_long_as_the_pipeline_may_run() -> None:
    state = states(Function("a", wait_for_token=True))["a"]
    assert "TimeoutSeconds" not in state


def test_a_distributed_map_has_its_tolerance_and_its_results() -> None:
    step = Map(
        over=data.xs,
        distributed=True,
        batch=10,
        tolerated_failures=3,
        tolerated_percentage=5,
        results="raw/runs/",
        steps=[Function("a")],
    )
    state = states(step)["Map"]
    assert state["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }
    assert state["ItemBatcher"] == {"MaxItemsPerBatch": 10}
    assert state["ToleratedFailureCount"] == 3
    assert state["ToleratedFailurePercentage"] == 5
    assert state["ResultWriter"] == {
        "Resource": "arn:aws:states:::s3:putObject",
        "Arguments": {"Bucket": "my-raw-bucket", "Prefix": "runs"},
    }


@pytest.mark.parametrize(
    ("over", "reader"),
    [
        (
            objects("raw/penguins/", limit=5),
            {
                "Resource": "arn:aws:states:::s3:listObjectsV2",
                "Arguments": {"Bucket": "my-raw-bucket", "Prefix": "penguins/"},
                "ReaderConfig": {"MaxItems": 5},
            },
        ),
        (
            rows("raw/p.csv", headers=["a"], delimiter="\t"),
            {
                "Resource": "arn:aws:states:::s3:getObject",
                "Arguments": {"Bucket": "my-raw-bucket", "Key": "p.csv"},
                "ReaderConfig": {
                    "InputType": "CSV",
                    "CSVDelimiter": "TAB",
                    "CSVHeaderLocation": "GIVEN",
                    "CSVHeaders": ["a"],
                },
            },
        ),
        (
            rows(bucket=data.bucket, key=data.key, format="JSONL"),
            {
                "Resource": "arn:aws:states:::s3:getObject",
                "Arguments": {
                    "Bucket": "{% $states.input.bucket %}",
                    "Key": "{% $states.input.key %}",
                },
                "ReaderConfig": {"InputType": "JSONL"},
            },
        ),
    ],
    ids=["objects", "csv", "json lines"],
)
def test_a_distributed_map_reads_the_lake(over: Any, reader: Any) -> None:
    state = states(Map(over, distributed=True, steps=[Pass()]))["Map"]
    assert state["ItemReader"] == reader
    assert "Items" not in state


def test_a_repeat_goes_back_to_its_first_step_until_its_condition_is_true() -> None:
    pause = timedelta(seconds=10)
    found = states(
        Repeat([Function("a"), Function("b")], until=data.end == True, most=9, wait=pause),  # noqa: E712
        Function("c"),
    )
    assert found["Repeat"] == {"Type": "Pass", "Assign": {"Repeat_round": 1}, "Next": "a"}
    assert found["b"]["Next"] == "Repeat again"
    assert found["Repeat again"] == {
        "Type": "Choice",
        "Choices": [
            {"Condition": "{% $states.input.end = true %}", "Next": "c"},
            {"Condition": "{% $Repeat_round >= 9 %}", "Next": "Repeat failed"},
        ],
        "Assign": {"Repeat_round": "{% $Repeat_round + 1 %}"},
        "Default": "Repeat waits",
    }
    assert found["Repeat waits"] == {"Type": "Wait", "Seconds": 10, "Next": "a"}
    assert found["Repeat failed"]["Error"] == "TooManyRounds"


def test_a_repeat_at_the_end_of_a_pipeline_ends_it() -> None:
    found = states(
        Repeat([Function("a")], until=data.end.exists(), most=2, output={"at": data.end})
    )
    [done, _] = found["Repeat again"]["Choices"]
    assert done["Output"] == {"at": "{% $states.input.end %}"}
    assert found[done["Next"]] == {"Type": "Succeed"}
    assert found["Repeat again"]["Default"] == "a"


def test_repeats_inside_each_other_count_by_themselves() -> None:
    inner = Repeat([Function("a")], until=data.end.exists(), most=2)
    found = states(Repeat([inner], until=data.all.exists(), most=3, counter="page"))
    assert found["Repeat"]["Assign"] == {"page": 1}
    assert found["Repeat 2"]["Assign"] == {"Repeat_2_round": 1}
    assert found["Repeat 2 again"]["Choices"][0]["Next"] == "Repeat again"


def test_a_service_waits_for_the_end_of_its_job() -> None:
    step = Service(
        "glue:startJobRun",
        arguments={"JobName": "tidy"},
        wait=True,
        timeout=timedelta(hours=3),
        heartbeat=timedelta(minutes=5),
    )
    assert states(step)["glue startJobRun"] == {
        "Type": "Task",
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Arguments": {"JobName": "tidy"},
        "HeartbeatSeconds": 300,
        "TimeoutSeconds": 10800,
        "End": True,
    }


def test_a_service_waits_for_its_token() -> None:
    message = {"answer": task_token, "key": data.key}
    step = Service("sqs:sendMessage", arguments={"MessageBody": message}, wait_for_token=True)
    state = states(step)["sqs sendMessage"]
    assert state["Resource"] == "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
    assert state["Arguments"]["MessageBody"]["answer"] == "{% $states.context.Task.Token %}"
