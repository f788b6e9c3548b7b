"""Problems of what a function uses: its variables and its resources."""

import re
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from dorc_runtime import (
    Bucket,
    Function,
    Pipeline,
    Queue,
    QueueTrigger,
    Secret,
    Service,
    Table,
    Topic,
)
from dorc_runtime.compile.checks import Source, problems_of, resolved_source
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.target import Target
from dorc_runtime.model.steps import Step
from dorc_runtime.model.triggers import Trigger

ORDERS, NEWS = Table("orders", partition_key="id"), Topic("news")
TARGET = Target(
    names=Names("shop", "dev"),
    region="eu-west-1",
    account="123456789012",
    resources=(ORDERS, NEWS),
    settings={"api_url": "x"},
)


def problems(step: Step, *triggers: Trigger, layer: str = "raw-to-processed") -> list[str]:
    pipeline = Pipeline(steps=[step], triggers=triggers)
    functions = {step.name: ""} if isinstance(step, Function) else {}
    source = Source(layer, "tidy", "pipeline.py", pipeline, functions)
    return [str(problem) for problem in problems_of(resolved_source(source, TARGET))]


def test_resources_with_variables_of_their_own_have_no_problems() -> None:
    assert problems(Function("a", reads=["raw", ORDERS], writes=[ORDERS, NEWS])) == []


@pytest.mark.parametrize(
    "variable", ["AWS_LAMBDA_EXEC_WRAPPER", "AWS_ENDPOINT_URL", "AWS_MAX_ATTEMPTS", "TZ"]
)
def test_variables_that_lambda_does_not_reserve_are_the_users(variable: str) -> None:
    assert problems(Function("a", environment={variable: "x"})) == []


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            Function("a", environment={"RAW_BUCKET": "x"}),
            "a: environment: 'RAW_BUCKET' would hide the bucket of 'raw': rename it, or remove it",
        ),
        (
            Function("a", writes=[ORDERS], environment={"ORDERS_TABLE": "x"}),
            "'ORDERS_TABLE' would hide the table 'orders'",
        ),
        (
            Function("a", environment={"ENVIRONMENT": "x"}),
            "'ENVIRONMENT' would hide the name of the environment",
        ),
        (
            Function("a", settings=["api_url"], environment={"API_URL": "x"}),
            "'API_URL' would hide the setting 'api_url'",
        ),
        (
            Function("a", secrets=[Secret("key")], environment={"SECRET_KEY": "x"}),
            "'SECRET_KEY' would hide the secret 'key'",
        ),
        (
            Function("a", reads=["source/x/"]),
            "the bucket of 'source' and the bucket of 'raw' would have the same variable, "
            "'SOURCE_BUCKET'",
        ),
        (
            Function("a", reads=["my.data", "my-data"]),
            "the bucket of 'my-data' and the bucket of 'my.data' would have the same variable",
        ),
        (
            Function("a", reads=[Table("order", partition_key="id")]),
            "no table 'order' in Config(resources=...). Did you mean 'orders'?",
        ),
        (
            Function("a", reads=[Table("orders", partition_key="key")]),
            "a: the table 'orders' differs from the one in Config(resources=...): import it from "
            "pipeline_config",
        ),
        (Function("a", writes=[Queue("work")]), "no queue 'work' in Config(resources=...)"),
        (
            Function("a", reads=[Bucket("archiv")]),
            "no bucket 'archiv' in Config(resources=...). Add it to the "
            'list in pipeline_config.py, or write "archiv" for a bucket that exists',
        ),
        (Function("a", writes=[f"{Bucket('new')}/2025/"]), "no bucket 'new' in Config("),
        (
            Service(
                "dynamodb:putItem", arguments={"TableName": Table("orders", partition_key="k")}
            ),
            "Service: the table 'orders' differs from the one in Config(resources=...)",
        ),
        (
            Function("a", writes=["orders"]),
            "a: 'orders' is a table: write writes=[orders], with orders from pipeline_config.py",
        ),
        (
            Service("sns:publish", arguments={"TopicArn": "news", "Message": "m"}),
            "Service: TopicArn is the text 'news': write news, the resource of pipeline_config.py",
        ),
        (
            Function("a", environment={"KEY": "x" * 4030}),
            "bytes, and Lambda accepts 4096: move large values",
        ),
    ],
)
def test_a_problem_says_what_and_where(function: Step, message: str) -> None:
    [problem] = problems(function)
    assert message in problem


def test_the_trigger_of_a_queue_that_is_not_in_the_configuration_is_refused() -> None:
    [problem] = problems(Function("a"), QueueTrigger(Queue("work")))
    assert "QueueTrigger: no queue 'work' in Config(resources=...)" in problem


def test_a_bucket_with_a_prefix_is_named_like_a_zone() -> None:
    function = Function("a", reads=[f"{Bucket('archive')}/2025/"])
    assert function.reads == ("archive/2025/",)


WRONG_RESOURCES: dict[str, tuple[Callable[[], Step], str]] = {
    "an ARN": (
        lambda: Function("a", writes=[ORDERS.arn]),
        "'orders' is a table: write writes=[orders], with orders from pipeline_config.py",
    ),
    "a prefix of a table": (
        lambda: Function("a", reads=[f"{ORDERS}/2025/"]),
        "'orders' is a table: write reads=[orders], with orders from pipeline_config.py",
    ),
    "a topic that is read": (
        lambda: Function("a", reads=[NEWS]),
        "'news' is a topic, which cannot be read: write TopicTrigger(news) to start the pipeline "
        "by its messages, or writes=[news] to send some",
    ),
    "a table as a topic": (
        lambda: Service("sns:publish", arguments={"TopicArn": ORDERS}),
        "TopicArn is a table, 'orders': name a Topic",
    ),
    "a topic in a list of tables": (
        lambda: Service("aws-sdk:dynamodb:x", arguments={"Puts": [{"TableName": NEWS}]}),
        "TableName is a topic, 'news': name a Table",
    ),
}


@pytest.mark.parametrize("case", WRONG_RESOURCES)
def test_a_resource_of_the_wrong_kind_is_refused(case: str) -> None:
    step, message = WRONG_RESOURCES[case]
    with pytest.raises(ValidationError, match=re.escape(message)):
        step()


def test_the_name_of_a_resource_is_refused_in_words() -> None:
    with pytest.raises(ValidationError, match="'Raw_x' cannot be a resource's name: write at most"):
        Bucket("Raw_x")
