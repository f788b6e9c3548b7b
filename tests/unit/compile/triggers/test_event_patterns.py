"""Event patterns, with the examples of AWS's page and of its own matcher.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
https://github.com/aws/event-ruler
"""

from typing import Any

import pytest

from dorc_runtime.compile.triggers.event_patterns import fits, pattern_problems

EVENT: dict[str, Any] = {
    "source": "aws.ec2",
    "detail-type": "EC2 Instance State-change Notification",
    "time": "2017-10-02T16:24:49Z",
    "resources": ["arn:one", "arn:two"],
    "detail": {
        "c-count": 5,
        "x-limit": 301.8,
        "source-ip": "10.0.0.33",
        "state": "running",
        "file": "dir/a*b.png",
        "empty": "",
        "none": None,
        "flag": True,
        "items": [{"name": "one", "size": 1}, {"name": "two", "size": 2}],
        "nothing": [],
    },
}

DETAILS: list[tuple[dict[str, Any], bool]] = [
    ({"state": ["initializing", "running"]}, True),
    ({"state": ["initializing"]}, False),
    ({"state": ["RUNNING"]}, False),
    ({"state": ["running"], "c-count": [6]}, False),
    ({"absent": ["running"]}, False),
    ({"c-count": [5]}, True),
    ({"c-count": [5.0]}, True),
    ({"c-count": ["5"]}, False),
    ({"flag": [True]}, True),
    ({"flag": [1]}, False),
    ({"empty": [""]}, True),
    ({"none": [None]}, True),
    ({"absent": [None]}, False),
    ({"state": [{"prefix": "run"}]}, True),
    ({"state": [{"prefix": "Run"}]}, False),
    ({"state": [{"prefix": {"equals-ignore-case": "RUN"}}]}, True),
    ({"c-count": [{"prefix": "5"}]}, False),
    ({"file": [{"suffix": ".png"}]}, True),
    ({"file": [{"suffix": {"equals-ignore-case": ".PNG"}}]}, True),
    ({"state": [{"equals-ignore-case": "RUNNING"}]}, True),
    ({"state": [{"anything-but": "initializing"}]}, True),
    ({"state": [{"anything-but": "running"}]}, False),
    ({"state": [{"anything-but": ["stopped", "running"]}]}, False),
    ({"x-limit": [{"anything-but": [100, 200, 301.8]}]}, False),
    ({"c-count": [{"anything-but": "running"}]}, True),
    ({"state": [{"anything-but": {"prefix": "init"}}]}, True),
    ({"state": [{"anything-but": {"prefix": ["init", "run"]}}]}, False),
    ({"file": [{"anything-but": {"suffix": ".png"}}]}, False),
    ({"state": [{"anything-but": {"equals-ignore-case": ["RUNNING"]}}]}, False),
    ({"file": [{"anything-but": {"wildcard": "*/lib/*"}}]}, True),
    ({"file": [{"anything-but": {"wildcard": ""}}]}, True),
    ({"file": [{"wildcard": "*/*/dir/dir/dir/dir/dir/doc.txt"}]}, False),
    ({"absent": [{"anything-but": "x"}]}, False),
    ({"c-count": [{"numeric": [">", 0, "<=", 5]}]}, True),
    ({"c-count": [{"numeric": [">", 5]}]}, False),
    ({"x-limit": [{"numeric": ["=", 3.018e2]}]}, True),
    ({"flag": [{"numeric": ["=", 1]}]}, False),
    ({"state": [{"numeric": ["=", 1]}]}, False),
    ({"source-ip": [{"cidr": "10.0.0.0/24"}]}, True),
    ({"source-ip": [{"cidr": "10.0.1.0/24"}]}, False),
    ({"state": [{"cidr": "10.0.0.0/24"}]}, False),
    ({"file": [{"wildcard": "dir/*.png"}]}, True),
    ({"file": [{"wildcard": r"dir/a\*b.png"}]}, True),
    ({"file": [{"wildcard": r"dir/\*.png"}]}, False),
    ({"file": [{"wildcard": "a*"}]}, False),
    ({"c-count": [{"exists": True}]}, True),
    ({"absent": [{"exists": True}]}, False),
    ({"absent": [{"exists": False}]}, True),
    ({"absent": {"inner": [{"exists": False}]}}, True),
    ({"none": [{"exists": True}]}, True),
    ({"nothing": [{"exists": False}]}, True),
    ({"state": [{"exists": False}, "running"]}, True),
    ({"items": {"name": ["two"], "size": [2]}}, True),
    ({"items": {"name": ["one"], "size": [2]}}, False),
    ({"$or": [{"state": ["stopped"]}, {"c-count": [5]}]}, True),
    ({"$or": [{"state": ["stopped"]}, {"c-count": [6]}]}, False),
    ({"state": ["running"], "$or": [{"absent": [1]}, {"flag": [False]}]}, False),
]

# LocalStack's tests of event patterns recorded these on AWS, as dot_joining_*.json5.
DOTS: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({"state.status": ["running"]}, {"state": {"status": "running"}}, True),
    ({"state": {"status": ["running"]}}, {"state.status": "running"}, True),
    ({"state": {"status": ["running"]}}, {"state.status": {"status": "running"}}, False),
    ({"state.status": {"status": ["running"]}}, {"state": {"status": "running"}}, False),
    ({"a.b": [1]}, {"a.b": 1}, True),
    ({"a.b.c": [1]}, {"a": {"b.c": 1}}, True),
    ({"a.b": [1], "a": {"c": [2]}}, {"a": {"b": 1}, "a.c": 2}, True),
    ({"a.b": [{"exists": False}]}, {"a": {"c": 1}}, True),
    ({"rows.n": [2]}, {"rows": [{"n": 1}, {"n": 2}]}, True),
]

REFUSED: list[tuple[Any, str]] = [
    ({}, "the pattern is empty"),
    ({"source": []}, "source is empty"),
    ({"detail": {}}, "detail is empty"),
    ({"source": "aws.s3"}, "source: an object or a list belongs here, not 'aws.s3': write ["),
    ({"source": [["aws.s3"]]}, "source: a list in a list"),
    (
        {"source": [{"prefx": "aws"}]},
        "source: EventBridge knows no operator 'prefx'; known: any",
    ),
    ({"source": [{"prefix": "a", "suffix": "b"}]}, "source: one operator belongs here"),
    ({"source": [{}]}, "source: one operator belongs here"),
    ({"source": [{"prefix": ["a", "b"]}]}, "source: 'prefix' does not accept ['a', 'b']"),
    ({"source": [{"prefix": {"suffix": "b"}}]}, "'prefix' does not accept"),
    ({"a": [{"numeric": [">", "1"]}]}, "a: 'numeric' does not accept ['>', '1']"),
    ({"a": [{"numeric": ["!", 1]}]}, "'numeric' does not accept"),
    ({"a": [{"numeric": [">", 5, "<", 5]}]}, "'numeric' does not accept"),
    ({"a": [{"numeric": [">", True]}]}, "'numeric' does not accept"),
    ({"a": [{"numeric": ["=", 6e9]}]}, "'numeric' does not accept"),
    ({"a": [{"cidr": "10.0.0"}]}, "'cidr' does not accept"),
    ({"a": [{"exists": "true"}]}, "'exists' does not accept"),
    ({"a": [{"wildcard": "a**"}]}, "'wildcard' does not accept"),
    ({"a": [{"wildcard": r"a\b"}]}, "'wildcard' does not accept"),
    ({"a": [{"anything-but": ["a", 1]}]}, "'anything-but' does not accept"),
    ({"a": [{"anything-but": []}]}, "'anything-but' does not accept"),
    # Recorded on AWS by LocalStack's tests: content_wildcard_complex_EXC.json5.
    ({"a": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}, "a: rule is too complex - try using fewer"),
    ({"a": [{"anything-but": {"wildcard": "*a*a*a*a*a*a*a*a"}}]}, "a: rule is too complex"),
    ({"a": [{"anything-but": {"prefix": ""}}]}, "'anything-but' does not accept"),
    ({"a": [{"anything-but": {"numeric": [">", 1]}}]}, "'anything-but' does not accept"),
    ({"$or": [{"a": [1]}]}, "$or: a list of two patterns or more belongs here"),
    ({"detail": {"$or": [{"a": [1]}, {"b": 1}]}}, "detail.$or[1].b: an object or a list"),
]


@pytest.mark.parametrize(("detail", "expected"), DETAILS, ids=[str(d) for d, _ in DETAILS])
def test_an_event_fits_or_not(detail: dict[str, Any], expected: bool) -> None:
    pattern: dict[str, Any] = {"source": ["aws.ec2"], "detail": detail}
    assert [*pattern_problems(pattern)] == []
    assert fits(pattern, EVENT) is expected


@pytest.mark.parametrize(("pattern", "event", "expected"), DOTS)
def test_dots_lead_into_objects_in_patterns_and_events(
    pattern: dict[str, Any], event: dict[str, Any], expected: bool
) -> None:
    assert [*pattern_problems(pattern)] == []
    assert fits(pattern, event) is expected


def test_a_list_fits_by_one_of_its_values() -> None:
    assert fits({"resources": ["arn:two"]}, EVENT)


@pytest.mark.parametrize(("pattern", "problem"), REFUSED, ids=[str(p) for p, _ in REFUSED])
def test_what_eventbridge_refuses_is_named_with_its_place(pattern: Any, problem: str) -> None:
    [message] = pattern_problems(pattern)
    assert problem in message
