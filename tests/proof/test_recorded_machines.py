"""State machines that were run on AWS end here as they did there.

They are LocalStack's, https://github.com/localstack/localstack: the documents are in
``tests/aws/services/stepfunctions/templates``, what AWS answered is in
``tests/aws/services/stepfunctions/v2/**/*.snapshot.json``. Those that fail are in
``test_aws_words.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import JsonValue

from .oracles import ours

LAST: dict[str, JsonValue] = {"Type": "Pass", "End": True}
INLINE: dict[str, JsonValue] = {"ProcessorConfig": {"Mode": "INLINE"}}
DISTRIBUTED: dict[str, JsonValue] = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
}
PASSING: dict[str, JsonValue] = {"StartAt": "Pass", "States": {"Pass": LAST}}
READER: dict[str, JsonValue] = {
    "Resource": "arn:aws:states:::s3:getObject",
    "Arguments": {"Bucket": "{% $states.input.Bucket %}", "Key": "{% $states.input.Key %}"},
}
PLACE: dict[str, JsonValue] = {"Bucket": "bucket", "Key": "key.json"}


@dataclass(frozen=True)
class Recorded:
    """A machine that starts with the first of ``states``, and its answer on ``event``."""

    states: Mapping[str, Any]
    event: JsonValue = field(default_factory=dict)
    output: JsonValue = None
    error: str | None = None
    cause: str = ""
    language: str = "JSONata"
    text: str = "[]"


def _output(template: JsonValue, event: JsonValue, output: JsonValue) -> Recorded:
    state = {**LAST, "QueryLanguage": "JSONata", "Output": template}
    return Recorded({"State0": state}, event, output, language="JSONPath")


def _map(items: JsonValue, output: JsonValue, **fields: JsonValue) -> Recorded:
    processor: JsonValue = {**INLINE, **PASSING}
    state = {"Type": "Map", "Items": items, "ItemProcessor": processor, "End": True, **fields}
    return Recorded({"Start": state}, output=output)


def _regular(text: str, output: bool) -> Recorded:
    return Recorded({"Start": {**LAST, "Output": f"{{% {text} %}}"}}, output=output)


CHOICE: dict[str, JsonValue] = {
    "Type": "Choice",
    "Choices": [
        {
            "Condition": "{% $states.input.condition %}",
            "Next": "ConditionTrue",
            "Output": "Condition Output block",
        }
    ],
    "Default": "DefaultState",
    "Output": "Default Output block",
}
CHOICES = {
    "ChoiceState": CHOICE,
    "ConditionTrue": LAST,
    "DefaultState": {"Type": "Fail", "Cause": "Condition is false"},
}
NUMBER = "{% $variable := 1 %}"
INPUT: JsonValue = {"input_value": "stringliteral"}
RICH: list[JsonValue] = [None, 0, 0.1, True, "string", [], "$nosuchvar", "$.no.such.path"]
LITERALS: dict[str, JsonValue] = {
    "constant_null": None,
    "constant_float": 0.1,
    "constant_not_jsonata": " {% states.input %} ",
    "constant_varpath_states": "$states.input",
    "constant_jp_input.$": "$",
    "constant_if": "States.Format('Format:{}', 101)",
    "constant_lst": [None, 0, 0.1, True, [], {"constant": 0}, " {% states.input %} "],
    "constant_obj": {"in_obj_constant_null": None, "in_obj_constant_obj_empty": {}},
}

MACHINES = {
    "output: a boolean": _output(True, INPUT, True),
    "output: a text": _output("string literal", INPUT, "string literal"),
    "output: an expression": _output("{% $states.input %}", INPUT, INPUT),
    "output: an empty list": _output([], INPUT, []),
    "output: a rich list": _output(
        [*RICH, "{% $states.input %}", {"key": "{% true %}"}],
        INPUT,
        [*RICH, INPUT, {"key": True}],
    ),
    "output: an empty object": _output({}, INPUT, {}),
    "output: literals": _output(LITERALS, INPUT, LITERALS),
    "output of a choice": Recorded(CHOICES, {"condition": True}, "Condition Output block"),
    "output of a default": Recorded(
        CHOICES, {"condition": False}, error="", cause="Condition is false"
    ),
    "a constant condition": Recorded(
        {
            "ChoiceState": {"Type": "Choice", "Choices": [{"Condition": True, "Next": "Yes"}]},
            "Yes": LAST,
        },
        output={},
    ),
    "regular expressions": _regular(r'$contains("hello$world", /^hello\$/)', True),
    "regular expressions: false": _regular(r'$contains("hello$world", /^hello\ /)', False),
    "regular expressions: single quotes": _regular(r"$contains('hello$world', /^hello\$/)", True),
    "a map over literals": _map([1, "{% $number('2') %}", 3], [1, 2, 3], MaxConcurrency=1),
    "a map with double quotes": _map([1, '{% $number("2") %}', 3], [1, 2, 3]),
    "a map with concurrency": _map([1], [1], MaxConcurrency=NUMBER),
    "a map with a percentage": _map([1], [1], ToleratedFailurePercentage=NUMBER),
    "a map with a count": _map([1], [1], ToleratedFailureCount=NUMBER),
    "a map over nothing": _map([], []),
    "a map that selects": Recorded(
        {
            "Start": {
                "Type": "Pass",
                "Assign": {"ItemsVar": ["Item1", "Item2"]},
                "Next": "MapIterateState",
            },
            "MapIterateState": {
                "Type": "Map",
                "MaxConcurrency": 1,
                "Items": "{% $ItemsVar %}",
                "ItemSelector": {
                    "map_item_value": "{% $states.context.Map.Item.Value %}",
                    "var_sample": "{% $ItemsVar %}",
                    "string_literal": "string literal",
                },
                "ItemProcessor": {**INLINE, **PASSING},
                "End": True,
            },
        },
        output=[
            {
                "map_item_value": item,
                "var_sample": ["Item1", "Item2"],
                "string_literal": "string literal",
            }
            for item in ("Item1", "Item2")
        ],
    ),
    "a map that reads so many items": Recorded(
        {
            "MapState": {
                "Type": "Map",
                "MaxConcurrency": 1,
                "ItemReader": {
                    **READER,
                    "ReaderConfig": {"InputType": "JSON", "MaxItems": "{% $maxItems := 2 %}"},
                },
                "ItemProcessor": {**DISTRIBUTED, **PASSING},
                "End": True,
            }
        },
        PLACE,
        [{"verdict": "true"}, {"verdict": "false"}],
        text='[{"verdict": "true"}, {"verdict": "false"}, {"verdict": "true"}]',
    ),
    "a map in batches": Recorded(
        {
            "BatchMapState": {
                "Type": "Map",
                "ItemReader": {**READER, "ReaderConfig": {"InputType": "JSON", "MaxItems": 2}},
                "ItemBatcher": {
                    "MaxItemsPerBatch": "{% $states.input.MaxItemsPerBatch %}",
                    "MaxInputBytesPerBatch": "{% $states.input.MaxInputBytesPerBatch %}",
                    "BatchInput": {"BatchTimestamp": "{% $states.context.State.Name %}"},
                },
                "ItemProcessor": {**DISTRIBUTED, **PASSING},
                "End": True,
            }
        },
        {**PLACE, "MaxItemsPerBatch": 1, "MaxInputBytesPerBatch": 15_000},
        [
            {"BatchInput": {"BatchTimestamp": "BatchMapState"}, "Items": [{"n": 1}]},
            {"BatchInput": {"BatchTimestamp": "BatchMapState"}, "Items": [{"n": 2}]},
        ],
        text='[{"n": 1}, {"n": 2}, {"n": 3}]',
    ),
    "quotes in a text": Recorded(
        {
            "Pass": {"Type": "Pass", "Output": '"', "Next": "Check"},
            "Check": {**LAST, "Output": "{% $states.input = '\"' %}"},
        },
        output=True,
    ),
    "an error of an expression": Recorded(
        {"FailState": {"Type": "Fail", "Error": "{% $states.input.error %}"}},
        {"error": "Exception"},
        error="Exception",
    ),
    "a state of each language": Recorded(
        {
            "JSONataState": {
                "QueryLanguage": "JSONata",
                "Type": "Pass",
                "Output": {"foo": "foobar", "bar": "{% $states.input %}"},
                "Next": "JSONPathState",
            },
            "JSONPathState": {"QueryLanguage": "JSONPath", **LAST},
        },
        output={"foo": "foobar", "bar": {}},
        language="JSONPath",
    ),
}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_a_recorded_machine_ends_as_on_aws(machine: Recorded) -> None:
    document: dict[str, Any] = {
        "QueryLanguage": machine.language,
        "StartAt": next(iter(machine.states)),
        "States": machine.states,
    }
    ending, _ = ours.run(
        document,
        machine.event,
        lambda name, payload: (payload, False),
        buckets={"bucket": {"key.json": machine.text}},
    )
    status = "SUCCEEDED" if machine.error is None else "FAILED"
    expected = (status, machine.output, machine.error or "", machine.cause)
    assert (ending.status, ending.output, ending.error, ending.cause) == expected
