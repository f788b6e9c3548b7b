"""References in a definition become the values of an environment."""

from datetime import timedelta

import pytest

from dorc_runtime import CronTrigger, Function, If, Pass, Pipeline, Service, data, jsonata
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import DefinitionError, ExpressionError
from dorc_runtime.model.references import setting
from dorc_runtime.model.resources import Bucket, Queue, Table, Topic
from dorc_runtime.model.steps import Choice

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
    with pytest.raises(DefinitionError, match="memory of a Function is 'big' in dev: Input should"):
        DEV.resolve(pipeline)


def test_a_setting_that_no_model_has_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"'memry' in dev\. Did you mean 'memory'"):
        argument(setting("memry"))


def test_a_resource_that_is_not_in_the_configuration_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"no topic 'new' in Config\(resources=...\). Did"):
        argument(Service("sns:publish", arguments={"TopicArn": Topic("new")}).arguments["TopicArn"])


def test_a_sum_with_a_setting_says_what_to_write() -> None:
    with pytest.raises(ExpressionError, match="dorc does not know whether the setting is a number"):
        data.rows + setting("memory")
