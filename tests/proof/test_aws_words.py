"""Machines end with the status, error, cause and output that AWS gave for them.

Recorded: by LocalStack's tests on AWS, https://github.com/localstack/localstack, the files
``tests/aws/services/stepfunctions/v2/**/*.snapshot.json``; or with AWS's TestState by the authors
of https://github.com/floci-io/floci, issues 2665, 2736 and 2737. Each test names its source, or
says that it only follows from a rule of the recorded answers.
"""

from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import JsonValue

from dorc_runtime.errors import DefinitionError
from dorc_runtime.runs.events import Ending

from .oracles import ours

QUERY = "States.QueryEvaluationError"
INVOKE = "arn:aws:states:::lambda:invoke"
NAME = "arn:aws:lambda:eu-west-2:123456789012:function:f"
TASK: dict[str, JsonValue] = {
    "Type": "Task",
    "Resource": INVOKE,
    "Arguments": {"FunctionName": NAME, "Payload": "{% $states.input %}"},
}
LAST: dict[str, JsonValue] = {"Type": "Pass", "End": True}
# The data that Floci's expressions were evaluated on.
FLOCI: JsonValue = {
    "n": 5,
    "objs": [{"o": {"z": 1}}, {"o": {"z": 2}}],
    "mixed": [1, "a"],
    "obj": {"a": 1},
    "arr": [1, 2, 3],
    "s": "abc",
}


class Functions:
    """A function that returns its event, fails when the event says so, or returns too much."""

    def answer(self, name: str, payload: Any) -> tuple[JsonValue, bool]:
        if payload == "fail":
            return {"errorMessage": "some reason", "errorType": "Exception"}, True
        return ("x" * 300_000 if payload == "large" else payload), False


def machine(states: Mapping[str, Any], **fields: JsonValue) -> dict[str, Any]:
    return {
        "QueryLanguage": "JSONata",
        "StartAt": next(iter(states)),
        "States": states,
        **fields,
    }


def ended(states: Mapping[str, Any], event: JsonValue = None, **fields: JsonValue) -> Ending:
    ending, _ = ours.run(machine(states, **fields), event, Functions().answer)
    return ending


def entered(state: str, number: int) -> str:
    return (
        f"An error occurred while executing the state '{state}' "
        f"(entered at the event id #{number}). "
    )


def failed(states: Mapping[str, Any], event: JsonValue = None) -> tuple[str, str]:
    ending = ended(states, event)
    assert ending.status == "FAILED"
    return ending.error, ending.cause


# Undefined values


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"Output": "{% $states.input.no %}"}, "Output"),
        ({"Output": {"result": "{% $states.input.no %}"}}, "Output/result"),
        ({"Output": {"a": {"b": ["{% $states.input.no %}"]}}}, "Output/a/b[0]"),
        ({"Output": [1, {"v": "{% $states.input.no %}"}]}, "Output[1]/v"),
        ({"Assign": {"x": "{% $states.input.no %}"}}, "Assign/x"),
    ],
)
def test_an_undefined_value_is_named_with_its_field(fields: Any, path: str) -> None:
    """Recorded (issue 2665 of Floci, and LocalStack's test_base)."""
    assert failed({"E": {**LAST, **fields}}, {}) == (
        QUERY,
        f"{entered('E', 2)}The JSONata expression '$states.input.no' specified for the field "
        f"'{path}' returned nothing (undefined).",
    )


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ({"Type": "Wait", "Seconds": "{% $no %}", "End": True}, "Seconds"),
        ({"Type": "Wait", "Timestamp": "{% $no %}", "End": True}, "Timestamp"),
        ({"Type": "Fail", "Error": "{% $no %}"}, "Error"),
        ({"Type": "Fail", "Error": "E", "Cause": "{% $no %}"}, "Cause"),
        ({**TASK, "Arguments": {"FunctionName": "{% $no %}"}}, "Arguments/FunctionName"),
        ({**TASK, "TimeoutSeconds": "{% $no %}"}, "TimeoutSeconds"),
        ({**TASK, "HeartbeatSeconds": "{% $no %}"}, "HeartbeatSeconds"),
        (
            {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% false %}", "Next": "E"},
                    {"Condition": "{% $no %}", "Next": "E"},
                ],
            },
            "Choices[1]/Condition",
        ),
        (
            {
                "Type": "Choice",
                "Choices": [{"Condition": True, "Output": {"v": "{% $no %}"}, "Next": "E"}],
            },
            "Choices[0]/Output/v",
        ),
    ],
)
def test_an_undefined_value_of_any_field_is_named(state: Any, path: str) -> None:
    """Recorded (pull request 2689 of Floci measured these positions)."""
    error, cause = failed({"E": state}, {})
    assert error == QUERY
    assert cause == (
        f"{entered('E', 2)}The JSONata expression '$no' specified for the field '{path}' "
        "returned nothing (undefined)."
    )


def test_an_undefined_value_of_a_catcher_is_named() -> None:
    """Recorded (pull request 2689 of Floci); the number is that of the state, not of the task."""
    catch: JsonValue = [
        {"ErrorEquals": ["Other"], "Next": "L"},
        {"ErrorEquals": ["States.ALL"], "Output": {"v": "{% $no %}"}, "Next": "L"},
    ]
    error, cause = failed({"T": {**TASK, "Catch": catch, "Next": "L"}, "L": LAST}, "fail")
    assert error == QUERY
    assert cause == (
        f"{entered('T', 2)}The JSONata expression '$no' specified for the field "
        "'Catch[1]/Output/v' returned nothing (undefined)."
    )


# Wrong types


@pytest.mark.parametrize(
    ("items", "kind", "value"),
    [
        ("1", "number", "1"),
        ("'string'", "string", '"string"'),
        ("true", "boolean", "true"),
        ("{'foo': 'bar'}", "object", '{"foo":"bar"}'),
        ("null", "null", "null"),
    ],
)
def test_the_items_of_a_map_must_be_an_array(items: str, kind: str, value: str) -> None:
    """Recorded (LocalStack: test_map_state_items_eval_jsonata_fail)."""
    state = {**MAP, "Items": f"{{% {items} %}}"}
    assert failed({"MapIterateState": state}, {}) == (
        QUERY,
        f"{entered('MapIterateState', 2)}The JSONata expression '{items}' specified for the field "
        f"'Items' returned an unexpected result type. Expected 'array', but was '{kind}' for "
        f"value: {value}",
    )


MAP: dict[str, JsonValue] = {
    "Type": "Map",
    "ItemProcessor": {"StartAt": "Pass", "States": {"Pass": LAST}},
    "End": True,
}


def test_items_from_a_variable_name_the_variable() -> None:
    """Recorded (LocalStack: test_map_state_items_eval_jsonata_variable_sampling_fail)."""
    states = {
        "Start": {"Type": "Pass", "Assign": {"ItemsVar": 1}, "Next": "MapIterateState"},
        "MapIterateState": {**MAP, "Items": "{% $ItemsVar %}"},
    }
    assert failed(states, {}) == (
        QUERY,
        f"{entered('MapIterateState', 4)}The JSONata expression '$ItemsVar' specified for the "
        "field 'Items' returned an unexpected result type. Expected 'array', but was 'number' for "
        "value: 1",
    )


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (1, "1"),
        ("string", '"string"'),
        (True, "true"),
        ({"foo": "bar"}, '{"foo":"bar"}'),
        (None, "null"),
    ],
)
def test_the_input_of_a_map_without_items_must_be_an_array(value: JsonValue, printed: str) -> None:
    """Recorded (LocalStack: test_map_state_items_input_types)."""
    states = {
        "Start": {"Type": "Pass", "Output": "{% $states.input.items %}", "Next": "MapIterateState"},
        "MapIterateState": MAP,
    }
    assert failed(states, {"items": value}) == (
        QUERY,
        f"{entered('MapIterateState', 4)}Map state input must be an array but was: {printed}",
    )


def test_a_function_is_no_result() -> None:
    """Recorded (LocalStack: test_map_state_items_eval_jsonata_fail[function])."""
    state = {**MAP, "Items": "{% $fn := function($x){$x} %}"}
    assert failed({"MapIterateState": state}, {}) == (
        QUERY,
        f"{entered('MapIterateState', 2)}The JSONata expression '$fn := function($x){{$x}}' "
        "specified for the field 'Items' returned an unsupported result type.",
    )


@pytest.mark.parametrize(
    ("state", "path", "kind"),
    [
        ({"Type": "Wait", "Seconds": "{% 'a' %}", "End": True}, "Seconds", "number"),
        ({"Type": "Wait", "Timestamp": "{% 'a' & 1 = 'x' %}", "End": True}, "Timestamp", "string"),
        ({"Type": "Fail", "Error": "{% ['a'] %}"}, "Error", "string"),
        ({"Type": "Fail", "Error": "E", "Cause": "{% {'a': 1} %}"}, "Cause", "string"),
        ({**MAP, "Items": [1], "MaxConcurrency": "{% 'a' %}"}, "MaxConcurrency", "number"),
        ({**TASK, "TimeoutSeconds": "{% 'a' %}"}, "TimeoutSeconds", "number"),
        ({**TASK, "Arguments": "{% 1 %}"}, "Arguments", "object"),
        (
            {"Type": "Choice", "Choices": [{"Condition": "{% 1 %}", "Next": "E"}]},
            "Choices[0]/Condition",
            "boolean",
        ),
    ],
)
def test_other_fields_name_the_type_that_they_need(state: Any, path: str, kind: str) -> None:
    """By the rule of the recorded answers for Items; these were not recorded."""
    error, cause = failed({"E": state}, {})
    assert error == QUERY
    assert (
        f"for the field '{path}' returned an unexpected result type. Expected '{kind}', but"
        in cause
    )


@pytest.mark.parametrize("kind", ["Choice", "Fail", "Wait"])
def test_fields_may_be_constants(kind: str) -> None:
    """Recorded (LocalStack: test_choice_condition_constant_jsonata) for a Choice."""
    states: dict[str, Any] = {
        "Choice": {"Type": "Choice", "Choices": [{"Condition": True, "Next": "L"}]},
        "Fail": {"Type": "Fail", "Error": "E", "Cause": "why"},
        "Wait": {"Type": "Wait", "Seconds": 1, "Next": "L"},
    }
    reachable = {} if kind == "Fail" else {"L": LAST}
    expected = ("FAILED", "E", "why") if kind == "Fail" else ("SUCCEEDED", "", "")
    ending = ended({kind: states[kind], **reachable}, {})
    assert (ending.status, ending.error, ending.cause) == expected


# Errors of JSONata


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        (
            "$sum($states.input.mixed)",
            '. T0412: Argument 1 of function "sum" must be an array of "numbers"',
        ),
        (
            "$abs($states.input.s)",
            '. T0410: Argument 1 of function "abs" does not match function signature',
        ),
        ('$eval("1+1")', ". T1006: Attempted to invoke a non-function"),
        (
            "$sum([1..1000001])",
            ": Expression evaluation memory limit exceeded: Check for excessive memory usage",
        ),
        (
            "$range(1, 360146, 1)",
            ": Expression evaluation memory limit exceeded: Check for excessive memory usage",
        ),
    ],
)
def test_an_expression_that_throws_says_so_in_jsonatas_words(text: str, ending: str) -> None:
    """Recorded (issues 2668, 2736 and 2737 of Floci)."""
    assert failed({"E": {**LAST, "Output": {"r": f"{{% {text} %}}"}}}, FLOCI) == (
        QUERY,
        f"{entered('E', 2)}The JSONata expression '{text}' specified for the field 'Output/r' "
        f"threw an error during evaluation{ending}",
    )


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        (
            "$states.input.s + 1",
            'T2001: The left side of the "+" operator must evaluate to a number',
        ),
        ("-$states.input.s", 'D1002: Cannot negate a non-numeric value: "abc"'),
        ('$number("abc")', 'D3030: Unable to cast value to a number: "abc"'),
        ('$error("no rows")', "D3137: no rows"),
        (
            "$states.input.mixed^($)",
            'T2007: Type mismatch when comparing values 1 and "a" in order-by clause',
        ),
    ],
)
def test_the_words_are_those_of_the_javascript_library(text: str, ending: str) -> None:
    """By the rule of the recorded answers; npm's jsonata 2.0.6 prints these."""
    _, cause = failed({"E": {**LAST, "Output": f"{{% {text} %}}"}}, FLOCI)
    assert cause.endswith(f"for the field 'Output' threw an error during evaluation. {ending}")


# Wait


@pytest.mark.parametrize(
    "text",
    [
        "2016-12-05 21:29:29Z",
        "2016-12-05T21:29:29",
        "2016-13-05T21:29:29Z",
        "2016-12-05T25:29:29Z",
        "05-12-2016T21:29:29Z",
    ],
)
def test_a_wait_until_what_is_no_timestamp_fails(text: str) -> None:
    """Recorded (LocalStack: test_wait_timestamp_jsonata)."""
    state = {"Type": "Wait", "Timestamp": "{% $states.input.TimestampValue %}", "End": True}
    assert failed({"WaitState": state}, {"TimestampValue": text}) == (
        QUERY,
        f"{entered('WaitState', 2)}The Timestamp field cannot be parsed as an ISO-8601 extended "
        f"offset date-time format string: {text}",
    )


@pytest.mark.parametrize(
    "text", ["2016-12-05T21:29:29Z", "2016-12-05T21:29:29.0000000Z", "2016-12-05T21:29:29+01:00"]
)
def test_a_wait_until_a_timestamp_ends(text: str) -> None:
    """Recorded (LocalStack: test_wait_timestamp_jsonata, test_wait_timestamppath)."""
    state = {"Type": "Wait", "Timestamp": "{% $states.input %}", "End": True}
    assert ended({"WaitState": state}, text).status == "SUCCEEDED"


@pytest.mark.parametrize("seconds", ["-1", "100000000", "1.5"])
def test_a_wait_for_other_than_whole_seconds_fails(seconds: str) -> None:
    """By AWS's page on Wait; the texts of the causes were not recorded."""
    error, _ = failed({"W": {"Type": "Wait", "Seconds": f"{{% {seconds} %}}", "End": True}})
    assert error == QUERY


# Fail and Choice


@pytest.mark.parametrize(
    ("fields", "error", "cause"),
    [
        ({}, "", ""),
        ({"Error": "E"}, "E", ""),
        ({"Cause": "why"}, "", "why"),
        ({"Error": "{% 'a' & 'b' %}", "Cause": "{% $string(1) %}"}, "ab", "1"),
    ],
)
def test_a_fail_has_what_it_says_and_no_more(
    fields: dict[str, JsonValue], error: str, cause: str
) -> None:
    """Recorded (LocalStack: test_state_fail_empty, test_fail_error_jsonata)."""
    assert failed({"F": {"Type": "Fail", **fields}}) == (error, cause)


def test_a_choice_without_a_match_points_to_no_next_state() -> None:
    """Recorded (Floci: AslExecutor's text is verified on AWS), whatever the query language."""
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "L"}]}
    assert failed({"C": choice, "L": LAST}) == (
        "States.Runtime",
        f"{entered('C', 2)}Failed to transition out of the state. The state does not point to a "
        "next state.",
    )


# Sizes and times


LARGE = (
    "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes "
    "service limit."
)


def test_too_large_a_result_of_a_function_fails() -> None:
    """Recorded (LocalStack: test_states_errors)."""
    assert failed({"T": {**TASK, "End": True}}, "large") == ("States.DataLimitExceeded", LARGE)


def test_states_all_catches_too_large_a_result() -> None:
    """Recorded (LocalStack: catch_state_all_data_limit_exceeded), against AWS's page on errors."""
    catch: JsonValue = [{"ErrorEquals": ["States.ALL"], "Next": "L"}]
    ending = ended({"T": {**TASK, "Catch": catch, "End": True}, "L": LAST}, "large")
    assert ending.output == {"Error": "States.DataLimitExceeded", "Cause": LARGE}


def test_too_large_an_output_names_the_state() -> None:
    """Recorded for a Map: the result of a state that is no task has the state's name."""
    state = {**LAST, "Output": "{% [1..100000] %}"}
    assert failed({"P": state}) == (
        "States.DataLimitExceeded",
        LARGE.replace("'lambda'", "'P'"),
    )


def test_a_run_over_its_timeout_has_no_cause() -> None:
    """Recorded (issue 2733 of Floci): the history alone names States.Timeout."""
    ending = ended({"W": {"Type": "Wait", "Seconds": 25, "End": True}}, TimeoutSeconds=3)
    assert (ending.status, ending.error, ending.cause) == ("TIMED_OUT", "States.Timeout", "")
    assert "3 s" in ending.advice


def test_more_failures_than_tolerated_fail_the_map() -> None:
    """Recorded (LocalStack: test_map_state_tolerated_failure_count)."""
    config: JsonValue = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor: JsonValue = {
        "ProcessorConfig": config,
        "StartAt": "F",
        "States": {"F": {"Type": "Fail", "Error": "E"}},
    }
    state = {"Type": "Map", "Items": [1, 2], "ItemProcessor": processor, "End": True}
    ending = ended({"M": state})
    assert ending.error == "States.ExceedToleratedFailureThreshold"
    assert ending.cause == "The specified tolerated failure threshold was exceeded"
    assert ending.advice == "1 of 2 items failed, more than the Map tolerates."


# The numbers of events


def test_events_are_counted_as_the_history_counts_them() -> None:
    """Recorded numbers: LocalStack's test_error_output, test_base_map, test_parallel_state."""
    after = {"Type": "Pass", "Output": "{% $no %}", "End": True}
    catch: JsonValue = [{"ErrorEquals": ["States.ALL"], "Next": "After"}]
    number = {"Retry": [{"ErrorEquals": ["Exception"], "MaxAttempts": 1}]}
    processor: JsonValue = {"StartAt": "P", "States": {"P": LAST}}
    one_by_one: dict[str, JsonValue] = {**MAP, "ItemProcessor": processor, "MaxConcurrency": 1}
    parallel = {"Type": "Parallel", "Branches": [processor, processor]}
    failing_map: dict[str, JsonValue] = {
        **MAP,
        "ItemProcessor": {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}},
    }
    cases: dict[str, tuple[Any, JsonValue, int]] = {
        "a Pass": (LAST, None, 4),
        "a task": (TASK, 1, 7),
        "a task that is caught": ({**TASK, "Catch": catch}, "fail", 7),
        "a task that is retried and caught": ({**TASK, **number, "Catch": catch}, "fail", 10),
        "a Map of three items one by one": (one_by_one, [1, 2, 3], 18),
        "a Map without items": (MAP, [], 6),
        "a Map that fails before it starts": ({**MAP, "Catch": catch}, 1, 6),
        "a Map whose item fails": ({**failing_map, "Catch": catch}, [1], 9),
        "a Parallel of two": (parallel, 1, 10),
        "a failed expression that is caught": (
            {**TASK, "Arguments": {"FunctionName": "{% $no %}"}, "Catch": catch},
            1,
            5,
        ),
    }
    numbers = {}
    for name, (state, event, _) in cases.items():
        first = {key: value for key, value in state.items() if key != "End"} | {"Next": "After"}
        _, cause = failed({"First": first, "After": after}, event)
        numbers[name] = int(cause.partition("#")[2].partition(")")[0])
    assert numbers == {name: expected for name, (_, _, expected) in cases.items()}


# Documents that dorc does not write


def test_what_step_functions_takes_is_taken() -> None:
    """Recorded (LocalStack: test_base_evaluate_expressions, map_state_no_processor_config)."""
    states = {
        "Pass": {"Type": "Pass", "Comment": "c", "QueryLanguage": "JSONata", "Next": "Map"},
        "Map": {
            "Type": "Map",
            "Items": [1, "{% 2 %}"],
            "MaxConcurrency": "{% 1 %}",
            "ToleratedFailureCount": "{% 1 %}",
            "ToleratedFailurePercentage": "{% 1 %}",
            "Iterator": {"StartAt": "I", "States": {"I": LAST}},
            "Next": "Parallel",
        },
        "Parallel": {
            "Type": "Parallel",
            "Arguments": {"n": "{% $states.input %}"},
            "Branches": [{"StartAt": "B", "States": {"B": LAST}}],
            "Output": "{% $states.result[0].n %}",
            "Next": "Task",
        },
        "Task": {
            "Type": "Task",
            "Resource": INVOKE,
            "Credentials": {"RoleArn": "arn:aws:iam::1:role/r"},
            "TimeoutSeconds": "{% 5 %}",
            "HeartbeatSeconds": "{% 1 %}",
            "Arguments": {"FunctionName": f"{NAME}:$LATEST", "Payload": "{% $states.input %}"},
            "Output": "{% $states.result.Payload %}",
            "Next": "Direct",
        },
        "Direct": {"Type": "Task", "Resource": NAME, "Next": "End"},
        "End": {"Type": "Succeed", "Output": {"out": "{% $states.input %}"}},
    }
    ending = ended(states, {})
    assert (ending.status, ending.output) == ("SUCCEEDED", {"out": [1, 2]}), ending.cause


def test_the_context_object_is_that_of_aws() -> None:
    """Recorded (LocalStack: test_output_jsonata BASE_EXPR): a Pass has no RetryCount."""
    context = ended({"State0": {**LAST, "Output": "{% $states.context %}"}}, {"a": 1}).output
    assert isinstance(context, dict)
    keys = {name: sorted(value) for name, value in context.items() if isinstance(value, dict)}
    assert keys == {
        "Execution": ["Id", "Input", "Name", "RedriveCount", "RoleArn", "StartTime"],
        "StateMachine": ["Id", "Name"],
        "State": ["EnteredTime", "Name"],
    }


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (machine({"P": {**LAST, "InputPath": "$.a"}}), "the state 'P' has the field 'InputPath'"),
        (machine({"P": {**LAST, "Result": 1}}), "the state 'P' has the field 'Result'"),
        (
            machine({"W": {"Type": "Wait", "SecondsPath": "$.s", "End": True}}),
            "the state 'W' has the field 'SecondsPath'",
        ),
        (
            machine({"C": {"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "C"}]}}),
            "the state 'C' has a choice without 'Condition'",
        ),
        (
            machine({"M": {**MAP, "ItemProcessor": machine({"I": {**LAST, "OutputPath": "$"}})}}),
            "the state 'I' has the field 'OutputPath'",
        ),
        (
            {"StartAt": "P", "States": {"P": {**LAST, "Assign": {"a.$": "$.b"}}}},
            "the state 'P' has the field 'Assign' in JSONPath",
        ),
        (machine({"X": {"Type": "Loop"}}), "the state 'X' has the Type 'Loop'"),
        (
            machine({"M": {"Type": "Map", "End": True}}),
            "the state 'M' has no field 'ItemProcessor'",
        ),
        (machine({"P": {"Type": "Pass", "Next": "Q"}}), "leads to 'Q', which does not exist"),
        ({"States": {}}, "a machine needs 'States', and 'StartAt'"),
    ],
)
def test_what_is_not_in_jsonata_mode_is_refused_in_one_line(document: Any, says: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        ours.run(document, None, Functions().answer)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
