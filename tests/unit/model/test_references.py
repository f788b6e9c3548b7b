"""References in a definition become the values of an environment."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import JsonValue, TypeAdapter, ValidationError

from dorc_runtime import (
    Call,
    CronTrigger,
    EventTrigger,
    Fail,
    Function,
    If,
    Map,
    Pass,
    Permission,
    Pipeline,
    PipelineTrigger,
    Retry,
    S3Trigger,
    Service,
    Wait,
    data,
    infra_output,
    jsonata,
    rows,
    setting,
)
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.permissions.function_access import function_variables
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import DefinitionError, ExpressionError
from dorc_runtime.model.base import Model
from dorc_runtime.model.resources import Bucket, Queue, Table, Topic
from dorc_runtime.model.steps import Choice, Objects, Rows, Step
from dorc_runtime.model.triggers import Trigger

ORDERS = Table("orders", partition_key="id", sort_key="at")
NEWS, WORK, ARCHIVE = Topic("news"), Queue("work"), Bucket("archive")
DEV = Target(
    names=Names("shop", "dev"),
    region="eu-west-1",
    account="123456789012",
    resources=(ORDERS, NEWS, WORK, ARCHIVE),
    settings={"memory": 1024, "pause": 30, "name": 'a "quoted" text', "least": -2, "big": "big"},
)


def argument(value: object) -> object:
    pipeline = Pipeline(steps=[Pass({"value": value})])  # type: ignore[dict-item]
    [step] = DEV.resolve(pipeline).steps
    assert isinstance(step, Pass) and isinstance(step.output, dict)
    return step.output["value"]


def test_a_setting_becomes_the_number_of_the_environment() -> None:
    pipeline = Pipeline(
        steps=[Function("clean", memory=setting("memory"), timeout=setting("pause"))]
    )
    [step] = DEV.resolve(pipeline).steps
    assert isinstance(step, Function)
    assert (step.memory, step.timeout) == (1024, timedelta(seconds=30))


def test_a_definition_without_references_stays_as_it_is() -> None:
    pipeline = Pipeline(steps=[Function("clean")], triggers=[CronTrigger("rate(1 day)")])
    assert DEV.resolve(pipeline) is pipeline


@pytest.mark.parametrize(
    ("resource", "address"),
    [
        (ORDERS, "shop--dev--orders"),
        (NEWS, "arn:aws:sns:eu-west-1:123456789012:shop--dev--news"),
        (WORK, "https://sqs.eu-west-1.amazonaws.com/123456789012/shop--dev--work"),
        (ARCHIVE, "shop--dev--archive--123456789012"),
        (ORDERS.arn, "arn:aws:dynamodb:eu-west-1:123456789012:table/shop--dev--orders"),
        (f"{ORDERS}/x", "shop--dev--orders/x"),
    ],
)
def test_a_resource_in_arguments_becomes_its_address(resource: object, address: str) -> None:
    assert argument(resource) == address


def test_a_setting_in_a_longer_text_becomes_text() -> None:
    assert argument(f"every {setting('pause')} s") == "every 30 s"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (data.rows > setting("memory"), "$states.input.rows > 1024"),
        (data.rows > setting("least"), "$states.input.rows > (-2)"),
        (data.who == setting("name"), '$states.input.who = "a \\"quoted\\" text"'),
        (jsonata(f"$states.input.x + {setting('pause')}"), "$states.input.x + 30"),
        (jsonata(f"'is {setting('pause')}'"), "'is 30'"),
    ],
)
def test_a_setting_in_an_expression_becomes_a_value_of_jsonata(value: object, text: str) -> None:
    assert argument(value) == f"{{% {text} %}}"


def test_a_setting_in_a_condition_is_found_in_inner_steps() -> None:
    choice = Choice(If(data.rows > setting("memory"), then=[Pass(setting("name"))]))
    [step] = DEV.resolve(Pipeline(steps=[choice])).steps
    assert isinstance(step, Choice)
    inner = step.ways[0].then[0]
    assert isinstance(inner, Pass)
    assert inner.output == 'a "quoted" text'


def test_a_value_of_the_wrong_type_is_refused_with_the_environment() -> None:
    pipeline = Pipeline(steps=[Function("clean", memory=setting("big"))])
    with pytest.raises(DefinitionError, match=r"clean: memory is setting\(.big.\) with"):
        DEV.resolve(pipeline)


def test_a_setting_that_no_model_has_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"'memry'\. Did you mean 'memory'"):
        argument(setting("memry"))


def test_a_resource_that_is_not_in_the_configuration_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"no topic 'new' in Config\(resources=...\). Did"):
        argument(Service("sns:publish", arguments={"TopicArn": Topic("new")}).arguments["TopicArn"])


def test_a_sum_with_a_setting_says_what_to_write() -> None:
    with pytest.raises(ExpressionError, match="dorc does not know whether the setting is a number"):
        data.rows + setting("memory")


def test_settings_are_environment_variables_of_a_function() -> None:
    step = Function(
        "clean",
        settings=["api_url", "fast", "days", "absent"],
        environment={"PAUSE": setting("pause")},
    )
    target = replace(
        DEV,
        settings={
            "api_url": "https://api",
            "fast": True,
            "days": [1, 2],
            "absent": None,
            "pause": 30,
        },
    )
    [resolved] = target.resolve(Pipeline(steps=[step])).steps
    assert isinstance(resolved, Function)
    variables = function_variables(resolved, "ingest", target)
    assert variables == {
        "ENVIRONMENT": "dev",
        "API_URL": "https://api",
        "FAST": "true",
        "DAYS": "[1, 2]",
        "PAUSE": "30",
    }


VALUES: dict[str, JsonValue] = {
    "n": 7,
    "seconds": 30,
    "yes": True,
    "some": ["dev"],
    "ended": ["FAILED"],
    "text": "a",
    "format": "CSV",
    "bar": "|",
    "cron": "rate(1 day)",
    "zone": "Europe/London",
}
HALF_A_MINUTE = timedelta(seconds=30)
RETRY = Retry(
    setting("text"),
    interval=timedelta(seconds=1),
    max_attempts=setting("n"),
    backoff=setting("n"),
    max_delay=setting("seconds"),
    jitter=setting("yes"),
)
MAP = Map(
    rows(
        bucket=setting("text"),
        key=setting("text"),
        format=setting("format"),
        delimiter=setting("bar"),
        limit=setting("n"),
    ),
    distributed=True,
    batch=setting("n"),
    tolerated_failures=setting("n"),
    tolerated_percentage=setting("n"),
    results=f"processed/{setting('text')}",
    steps=[Pass()],
)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Wait(setting("seconds")), Wait(HALF_A_MINUTE)),
        (Wait(until=setting("text")), Wait(until="a")),
        (Fail(setting("text"), setting("text")), Fail("a", "a")),
        (Map(setting("some"), steps=[Pass()]), Map(["dev"], steps=[Pass()])),
        (
            Map([1], steps=[Pass()], max_concurrency=setting("n")),
            Map([1], steps=[Pass()], max_concurrency=7),
        ),
        (
            MAP,
            Map(
                rows(bucket="a", key="a", format="CSV", delimiter="|", limit=7),
                distributed=True,
                batch=7,
                tolerated_failures=7,
                tolerated_percentage=7,
                results="processed/a",
                steps=[Pass()],
            ),
        ),
        (Call("a/b", timeout=setting("seconds")), Call("a/b", timeout=HALF_A_MINUTE)),
        (
            Service("sns:publish", timeout=setting("seconds")),
            Service("sns:publish", timeout=HALF_A_MINUTE),
        ),
        (
            Function("a", wait_for_token=True, answer_within=setting("seconds")),
            Function("a", wait_for_token=True, answer_within=HALF_A_MINUTE),
        ),
        (
            Function("a", reads=[f"raw/{setting('text')}/"], retry=[RETRY]),
            Function(
                "a",
                reads=["raw/a/"],
                retry=[
                    Retry(
                        "a",
                        max_attempts=7,
                        backoff=7,
                        max_delay=HALF_A_MINUTE,
                        jitter=True,
                    )
                ],
            ),
        ),
    ],
    ids=lambda step: step.name or type(step).__name__,
)
def test_fields_of_steps_take_settings(step: Step, expected: Step) -> None:
    target = replace(DEV, settings=VALUES)
    assert target.resolve(Pipeline(steps=[step])).steps == (expected,)


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (
            S3Trigger(prefix=setting("text"), bucket=setting("text")),
            S3Trigger(prefix="a", bucket="a"),
        ),
        (
            CronTrigger(setting("cron"), timezone=setting("zone"), enabled=setting("some")),
            CronTrigger("rate(1 day)", timezone="Europe/London", enabled=["dev"]),
        ),
        (CronTrigger("rate(1 day)", enabled=setting("yes")), CronTrigger("rate(1 day)")),
        (PipelineTrigger("a/b", on=setting("ended")), PipelineTrigger("a/b", on=["FAILED"])),
        (EventTrigger({"a": [setting("n")]}), EventTrigger({"a": [7]})),
    ],
    ids=lambda trigger: type(trigger).__name__,
)
def test_fields_of_triggers_take_settings(trigger: Trigger, expected: Trigger) -> None:
    target = replace(DEV, settings=VALUES)
    pipeline = Pipeline(steps=[Pass()], triggers=[trigger], timeout=setting("seconds"))
    resolved = target.resolve(pipeline)
    assert (resolved.triggers, resolved.timeout) == ((expected,), HALF_A_MINUTE)


def test_a_setting_may_be_a_condition() -> None:
    choice = Choice(If(setting("yes"), then=[Pass()]))
    [step] = replace(DEV, settings=VALUES).resolve(Pipeline(steps=[choice])).steps
    assert isinstance(step, Choice)
    assert step.ways[0].condition == "{% true %}"


def test_a_condition_that_is_no_truth_is_refused() -> None:
    choice = Choice(If(setting("text"), then=[Pass()]))
    with pytest.raises(DefinitionError, match='the condition is "a", but it must be true'):
        replace(DEV, settings=VALUES).resolve(Pipeline(steps=[choice]))


@pytest.mark.parametrize("name", [5, "a}b", ""])
def test_a_setting_needs_the_name_of_a_field(name: object) -> None:
    with pytest.raises(ExpressionError, match="write the name of a field of the model"):
        setting(name)  # type: ignore[arg-type]


def test_a_comparison_that_python_makes_says_what_to_write() -> None:
    with pytest.raises(ExpressionError, match="To compare a setting write If"):
        If(setting("text") == "a", then=[Pass()])


@pytest.mark.parametrize(
    "use",
    [
        lambda value: 1 if value else 2,
        lambda value: value * 2,
        lambda value: 2 * value,
        lambda value: value + 2,
    ],
    ids=["if", "times two", "two times", "plus two"],
)
def test_python_cannot_compute_with_a_setting(use: Callable[[object], object]) -> None:
    with pytest.raises(ExpressionError, match=r'setting\("text"\)'):
        use(setting("text"))


@pytest.mark.parametrize(
    "define",
    [
        lambda: Function(setting("text")),
        lambda: Call(setting("text")),
        lambda: Service(setting("text")),
        lambda: PipelineTrigger(setting("text")),
    ],
    ids=["function", "call", "service", "trigger"],
)
def test_names_cannot_be_settings(define: Callable[[], object]) -> None:
    with pytest.raises(ValidationError, match="a setting cannot be used here"):
        define()


# What decides about the shape of a state machine, or names something.
FIXED = {
    "Call.pipeline",
    "Call.wait",
    "Function.name",
    "Function.wait_for_token",
    "Map.distributed",
    "PipelineTrigger.pipeline",
    "Repeat.counter",
    "QueueTrigger.queue",
    "Service.action",
    "Service.wait",
    "Service.wait_for_token",
    "TopicTrigger.topic",
}
# What holds other models, or several values, each of which may be a setting.
HOLDERS = (tuple, dict)


def subclasses(kind: type[Model]) -> Iterator[type[Model]]:
    for each in kind.__subclasses__():
        yield each
        yield from subclasses(each)


MODELS = (Pipeline, Retry, Permission, Objects, Rows, *get_args(Trigger), *subclasses(Step))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_field_takes_a_setting_unless_it_is_fixed(model: type[Model]) -> None:
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        held = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
        if any(get_origin(each) in HOLDERS for each in held):
            continue
        adapter = TypeAdapter(Annotated[kind, *field.metadata] if field.metadata else kind)
        try:
            adapter.validate_python(setting("x"))
            takes_setting = True
        except ValidationError:
            takes_setting = False
        fixed = f"{model.__name__}.{name}" in FIXED or name == "name"
        assert takes_setting != fixed, f"{model.__name__}.{name}"


def test_an_output_of_infra_becomes_its_value() -> None:
    target = replace(DEV, outputs={"partner": {"name": "shop"}, "count": 3})
    function = Function("clean", environment={"NAME": f"of {infra_output('count')}"})
    pipeline = Pipeline(steps=[function, Pass({"to": infra_output("partner")})])
    step, last = target.resolve(pipeline).steps
    assert isinstance(step, Function) and isinstance(last, Pass)
    assert step.environment == {"NAME": "of 3"}
    assert last.output == {"to": {"name": "shop"}}


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            "local",
            r"no output 'partner' of infra for runs on this machine. Did you mean 'partners'",
        ),
        (
            "prod",
            r"infra has no output 'partner' in prod\. .* `invoke apply --instance infra --env p",
        ),
    ],
)
def test_an_output_that_infra_does_not_have_is_refused(environment: str, message: str) -> None:
    target = replace(DEV, names=Names("shop", environment), outputs={"partners": 1})
    with pytest.raises(DefinitionError, match=message):
        target.resolve(Pipeline(steps=[Pass({"to": infra_output("partner")})]))
