"""Pipelines that may start each other without end, by the objects that they write."""

from collections.abc import Sequence

import pytest

from dorc_runtime import (
    Bucket,
    Call,
    EventTrigger,
    Function,
    Map,
    Pass,
    Permission,
    Pipeline,
    PipelineTrigger,
    Queue,
    QueueTrigger,
    S3Trigger,
    Service,
    Topic,
    TopicTrigger,
    data,
)
from dorc_runtime.compile.checks import Source, resolved_source
from dorc_runtime.compile.graph_checks import problems_between
from dorc_runtime.compile.names import Names
from dorc_runtime.compile.target import Target
from dorc_runtime.model.steps import Step
from dorc_runtime.model.triggers import Trigger

CSV = S3Trigger(prefix="in/", suffix=".csv")
PUT = "aws-sdk:s3:putObject"


def source(id_: str, steps: Sequence[Step], triggers: Sequence[Trigger] = ()) -> Source:
    layer, _, name = id_.partition("/")
    pipeline = Pipeline(steps=steps, triggers=triggers)
    return Source(layer, name, f"src/{id_}/pipeline.py", pipeline, {})


def problems(*sources: Source) -> list[str]:
    return [str(problem) for problem in problems_between(sources)]


def test_a_pipeline_that_may_start_itself_is_refused() -> None:
    steps = [Function("clean", writes=["raw/in/"])]
    assert problems(source("raw-to-processed/a", steps, [CSV])) == [
        "src/raw-to-processed/a/pipeline.py: S3Trigger: pipelines start each other in a circle, "
        "raw-to-processed/a -> raw-to-processed/a, which may never end and costs money: clean of "
        "raw-to-processed/a may write objects in raw/in/ that this trigger watches. Limit writes= "
        'of clean, or narrow the trigger; or say why the circle ends, S3Trigger(allow_loop="...")'
    ]


WRITING: dict[str, Step] = {
    "to the whole zone": Function("f", writes=["raw"]),
    "to a prefix that starts like the trigger's": Function("f", writes=["raw/in/tidy"]),
    "to a prefix with dots": Function("f", writes=["raw/in/v1.0"]),
    "to the object": Function("f", writes=["raw/in/state.csv"]),
    "by a service": Service(PUT, arguments={"Bucket": "raw", "Key": "in/a.csv", "Body": "a"}),
    "by a service, to a key of the run": Service(
        PUT, arguments={"Bucket": "raw", "Key": data.key, "Body": "a"}
    ),
    "everywhere": Function("f", permissions=[Permission("s3:*", resources=["*"])]),
}


@pytest.mark.parametrize("case", WRITING)
def test_a_step_that_may_write_where_the_trigger_watches_makes_a_circle(case: str) -> None:
    [problem] = problems(source("raw-to-processed/a", [WRITING[case]], [CSV]))
    assert "raw-to-processed/a -> raw-to-processed/a" in problem


NOT_WRITING: dict[str, Step] = {
    "the target zone": Function("f"),
    "nothing": Function("f", writes=[]),
    "another prefix": Function("f", writes=["raw/out/"]),
    "an object with another suffix": Function("f", writes=["raw/in/state.json"]),
    "another key": Service(PUT, arguments={"Bucket": "raw", "Key": "in/a.json", "Body": "a"}),
    "results, which are JSON": Map(
        data.xs, distributed=True, results="raw/in/", steps=[Pass(name="p")]
    ),
    "another bucket": Function(
        "f", permissions=[Permission("s3:PutObject", resources=["arn:aws:s3:::other/*"])]
    ),
    "read only": Function(
        "f", permissions=[Permission("s3:GetObject", resources=["arn:aws:s3:::raw/*"])]
    ),
}


@pytest.mark.parametrize("case", NOT_WRITING)
def test_a_step_that_writes_elsewhere_makes_no_circle(case: str) -> None:
    assert problems(source("raw-to-processed/a", [NOT_WRITING[case]], [CSV])) == []


def test_the_results_of_a_map_may_start_the_pipeline() -> None:
    step = Map(data.xs, distributed=True, results="raw/in", steps=[Pass(name="p")])
    assert len(problems(source("raw-to-processed/a", [step], [S3Trigger(prefix="in/")]))) == 1


@pytest.mark.parametrize("resource", ["their-bucket/in/*", "their-*/*.csv", "their-bucket*"])
def test_a_permission_to_write_to_a_bucket_may_start_the_pipeline(resource: str) -> None:
    permission = Permission("s3:Put*", resources=[f"arn:aws:s3:::{resource}"])
    trigger = S3Trigger(bucket="their-bucket", suffix=".csv")
    step = Function("f", permissions=[permission])
    assert len(problems(source("default/a", [step], [trigger]))) == 1


def test_a_chain_of_layers_is_no_circle() -> None:
    layers = ["raw-to-processed", "processed-to-curated", "curated-to-public"]
    names = [f"{layer}/{name}" for layer in layers for name in ("a", "b")]
    assert problems(*(source(name, [Function("f")], [S3Trigger()]) for name in names)) == []


def test_pipelines_that_start_each_other_by_objects_are_named() -> None:
    there = source("raw-to-processed/a", [Function("f")], [S3Trigger()])
    back = source("processed-to-raw/b", [Function("g")], [S3Trigger()])
    [problem] = problems(there, back)
    assert "in a circle, processed-to-raw/b -> raw-to-processed/a -> processed-to-raw/b" in problem


@pytest.mark.parametrize("kind", ["call", "trigger"])
def test_a_circle_may_go_through_calls_and_triggers(kind: str) -> None:
    calls = [Call("default/b")] if kind == "call" else []
    follows = [] if kind == "call" else [PipelineTrigger("raw-to-processed/a")]
    first = source("raw-to-processed/a", [Function("f"), *calls], [S3Trigger()])
    second = source("default/b", [Function("g", writes=["raw/"])], follows)
    [problem] = problems(first, second)
    assert "raw-to-processed/a/pipeline.py: S3Trigger: " in problem
    assert "g of default/b may write objects in raw/" in problem


def test_each_pipeline_that_starts_itself_is_reported() -> None:
    step = Function("f", writes=["raw/"])
    found = problems(*(source(f"raw-to-processed/{name}", [step], [CSV]) for name in "ab"))
    assert any("raw-to-processed/a -> raw-to-processed/a," in problem for problem in found)
    assert any("raw-to-processed/b -> raw-to-processed/b," in problem for problem in found)


def test_a_circle_with_a_reason_is_accepted() -> None:
    steps = [Function("f", writes=["raw/"])]
    allowed = S3Trigger(prefix="in/", allow_loop="f moves each object out of in/")
    assert problems(source("raw-to-processed/a", steps, [allowed])) == []


def created(**detail: object) -> EventTrigger:
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], **detail}
    return EventTrigger(pattern)  # type: ignore[arg-type]


CREATED = {
    "of any object": created(),
    "of objects with a prefix": created(detail={"object": {"key": [{"prefix": "in/"}]}}),
    "of objects with a suffix": created(**{"detail.object.key": ["x", {"suffix": ".csv"}]}),
    "of objects like a wildcard": created(detail={"object": {"key": [{"wildcard": "in/*.csv"}]}}),
    "in the bucket of the zone": created(
        detail={"bucket": {"name": ["penguins--dev--raw--123456789012"]}}
    ),
    "of whatever is created": EventTrigger({"detail-type": [{"prefix": "Object"}]}),
    "among others": EventTrigger({"$or": [{"source": ["mine"]}, {"source": ["aws.s3"]}]}),
}


@pytest.mark.parametrize("case", CREATED)
def test_an_event_of_an_object_that_it_may_write_makes_a_circle(case: str) -> None:
    steps = [Function("clean", writes=["raw/in/"])]
    [problem] = problems(source("raw-to-processed/a", steps, [CREATED[case]]))
    assert problem.startswith("src/raw-to-processed/a/pipeline.py: EventTrigger: pipelines start")
    assert 'EventTrigger(allow_loop="...")' in problem


ELSEWHERE = {
    "another event": EventTrigger({"source": ["aws.s3"], "detail-type": ["Object Deleted"]}),
    "an event of the team": EventTrigger({"source": ["mine"]}),
    "another key": created(detail={"object": {"key": [{"prefix": "out/"}]}}),
    "another bucket": created(detail={"bucket": {"name": ["penguins--dev--curated--1234"]}}),
    "another bus": EventTrigger({"source": ["aws.s3"]}, bus="orders"),
    "a reason": EventTrigger({"source": ["aws.s3"]}, allow_loop="clean writes once"),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_another_event_makes_no_circle(case: str) -> None:
    steps = [Function("clean", writes=["raw/in/"])]
    assert problems(source("raw-to-processed/a", steps, [ELSEWHERE[case]])) == []


def test_a_reason_is_not_empty() -> None:
    with pytest.raises(ValueError, match="allow_loop"):
        S3Trigger(allow_loop=" ")


@pytest.mark.parametrize("writes", ["raw/in/", "raw-data/in/"])
def test_a_zone_and_its_existing_bucket_are_one_place(writes: str) -> None:
    step = Function("f", writes=[writes])
    own = source("raw-to-processed/a", [step], [CSV])
    named = source("default/b", [step], [S3Trigger(bucket="raw-data")])
    for each in (own, named):
        assert len(problems_between([each], buckets={"raw": "raw-data"})) == 1


WORK, NEWS = Queue("work"), Topic("news")
SENDING: dict[str, Step] = {
    "by a function": Function("send", writes=[WORK]),
    "by a service": Service("sqs:sendMessage", arguments={"QueueUrl": WORK, "MessageBody": "a"}),
}


@pytest.mark.parametrize("how", SENDING)
def test_a_pipeline_that_may_send_itself_messages_is_refused(how: str) -> None:
    assert problems(source("default/a", [SENDING[how]], [QueueTrigger(WORK)])) == [
        "src/default/a/pipeline.py: QueueTrigger: pipelines start each other in a circle, "
        "default/a -> default/a, which may never end and costs money: default/a may send messages "
        "to the queue 'work', which start default/a. Remove it from writes=; or say why the circle "
        'ends, QueueTrigger(allow_loop="...")'
    ]


def test_a_circle_of_messages_with_a_reason_is_accepted() -> None:
    trigger = TopicTrigger(NEWS, allow_loop="the last message is not sent on")
    assert problems(source("default/a", [Function("send", writes=[NEWS])], [trigger])) == []


def test_messages_that_start_another_pipeline_are_no_circle() -> None:
    sender = source("default/a", [Function("send", writes=[WORK])])
    assert problems(sender, source("default/b", [Pass()], [QueueTrigger(WORK)])) == []


def test_a_queue_that_starts_two_pipelines_is_refused() -> None:
    one, other = (source(name, [Pass()], [QueueTrigger(WORK)]) for name in ("d/a", "d/b"))
    [problem] = problems(one, other)
    assert "QueueTrigger: the queue 'work' also starts d/a, and each message starts only" in problem


def test_a_queue_that_starts_one_pipeline_twice_is_refused() -> None:
    assert problems(source("d/a", [Pass()], [QueueTrigger(WORK), QueueTrigger(WORK)])) == [
        "src/d/a/pipeline.py: QueueTrigger: the queue 'work' is in triggers twice: remove one"
    ]


def test_objects_in_a_bucket_of_the_configuration_can_start_a_circle() -> None:
    archive = Bucket("archive")
    target = Target(
        names=Names("shop", "dev"),
        region="eu-west-1",
        account="123456789012",
        resources=(archive,),
    )
    made = source("default/a", [Function("f", writes=[archive])], [S3Trigger(bucket=archive)])
    [problem] = problems(resolved_source(made, target))
    assert "f of default/a may write objects in archive that this trigger watches" in problem
