"""Problems that the checks find, in addition to those in the tests of the commands."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from dorc_runtime import (
    Call,
    Catch,
    Choice,
    EventTrigger,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Permission,
    Pipeline,
    PipelineTrigger,
    Repeat,
    Retry,
    S3Trigger,
    Service,
    Succeed,
    data,
    jsonata,
    result,
    rows,
    task_token,
    variable,
)
from dorc_runtime.compile.checks import Source, problems_of
from dorc_runtime.compile.graph_checks import problems_between
from dorc_runtime.model.steps import Step

FILE = "src/raw-to-processed/tidy/pipeline.py"


def source(
    pipeline: Pipeline, *, layer: str = "raw-to-processed", name: str = "tidy", functions: str = "a"
) -> Source:
    return Source(layer, name, FILE, pipeline, dict.fromkeys(functions.split(), ""))


def problems(
    pipeline: Pipeline, *, layer: str = "raw-to-processed", functions: str = "a"
) -> list[str]:
    one = source(pipeline, layer=layer, functions=functions)
    return [str(problem) for problem in problems_of(one)]


def test_a_sound_pipeline_has_no_problems() -> None:
    steps: list[Step] = [
        Choice(If(data.n > 0, then=[Function("a", catch=[Catch(steps=[Fail("E")])])])),
        Map(over=data.xs, steps=[Pass({"n": data.n})], retry=[Retry("States.Timeout")]),
    ]
    assert problems(Pipeline(triggers=[S3Trigger(suffix=".csv")], steps=steps)) == []


REFUSED: dict[str, tuple[Callable[[], Pipeline], str]] = {
    "a variable that Lambda keeps": (
        lambda: Pipeline(steps=[Function("a", environment={"AWS_REGION": "x"})]),
        "a: environment: Lambda itself sets the variable 'AWS_REGION'",
    ),
    "a variable that is no name": (
        lambda: Pipeline(steps=[Function("a", environment={"my-key": "x"})]),
        "a: environment: 'my-key' cannot be a variable of Lambda: write at least two letters",
    ),
    "an error that Step Functions does not know": (
        lambda: Pipeline(steps=[Function("a", retry=[Retry("States.TimeOut")])]),
        "has no error 'States.TimeOut'. Did you mean 'States.Timeout'?",
    ),
    "the end of an action that has none": (
        lambda: Pipeline(steps=[Function("a"), Service("sns:publish", wait=True)]),
        "Step Functions cannot wait for the end of 'sns:publish'. wait=True is for "
        "athena:startQueryExecution, batch:submitJob",
    ),
    "the end of an action of the SDK": (
        lambda: Pipeline(steps=[Function("a"), Service("aws-sdk:glue:startJobRun", wait=True)]),
        "Step Functions cannot wait for the end of 'aws-sdk:glue:startJobRun'",
    ),
    "a job that needs permissions of its own": (
        lambda: Pipeline(steps=[Function("a"), Service("ecs:runTask", wait=True)]),
        "ecs runTask: the roles of the task definition are passed on: add "
        'permissions=[Permission("iam:PassRole", resources=["<ARN>"])]',
    ),
    "a job with unknown permissions": (
        lambda: Pipeline(steps=[Function("a"), Service("mediaconvert:createJob", wait=True)]),
        "the permissions that 'mediaconvert:createJob' needs here are unknown before a run",
    ),
    "a token for an action that takes none": (
        lambda: Pipeline(
            steps=[
                Function("a"),
                Service("glue:startJobRun", arguments={"a": task_token}, wait_for_token=True),
            ]
        ),
        "Step Functions gives 'glue:startJobRun' no token. wait_for_token=True is for "
        "apigateway:invoke, bedrock:invokeModel, ecs:runTask",
    ),
    "a token that nobody gets": (
        lambda: Pipeline(
            steps=[
                Function("a"),
                Service(
                    "sqs:sendMessage",
                    arguments={"QueueUrl": "https://sqs.eu-west-2.amazonaws.com/1/work"},
                    wait_for_token=True,
                ),
            ]
        ),
        "nobody gets the token that has to be sent back: put task_token into arguments=",
    ),
    "an unreachable step in a Catch": (
        lambda: Pipeline(steps=[Function("a", catch=[Catch(steps=[Fail("E"), Pass()])])]),
        "Pass: it never runs, because Fail before it ends the run",
    ),
    "a step behind ways that all end": (
        lambda: Pipeline(
            steps=[
                Choice(If(data.n > 1, then=[Fail("E")]), otherwise=[Succeed()]),
                Function("a"),
            ]
        ),
        "a: it never runs, because Choice before it ends the run",
    ),
    "two steps of one name": (
        lambda: Pipeline(steps=[Function("a"), Pass(name="x"), Pass(name="x")]),
        "x: 2 steps are called 'x'",
    ),
    "a name over 80 characters": (
        lambda: Pipeline(steps=[Function("a"), Pass(name="x" * 81)]),
        "its name is over 80 characters",
    ),
    "half a template": (
        lambda: Pipeline(steps=[Function("a"), Pass("{% $states.input")]),
        "does not end with %}",
    ),
    "an eval": (
        lambda: Pipeline(steps=[Function("a"), Pass(jsonata("$eval($states.input.x)"))]),
        "$eval",
    ),
    "the result of a step that has none": (
        lambda: Pipeline(steps=[Function("a"), Pass(jsonata("$states.result.x"))]),
        "$states.result",
    ),
    "a variable that nothing assigns": (
        lambda: Pipeline(steps=[Function("a", assign={"rows": 1}), Pass(variable("row"))]),
        "$row does not exist. Did you mean $rows?",
    ),
    "a variable that only a later step assigns": (
        lambda: Pipeline(steps=[Pass(variable("n")), Function("a", assign={"n": 1})]),
        "$n does not exist",
    ),
    "a variable of the same step": (
        lambda: Pipeline(steps=[Function("a", assign={"n": 1}, output=variable("n"))]),
        "$n does not exist",
    ),
    "a variable that a branch has assigned": (
        lambda: Pipeline(steps=[Parallel([[Function("a", assign={"n": 1})]]), Pass(variable("n"))]),
        "$n does not exist",
    ),
    "a variable from outside a distributed Map": (
        lambda: Pipeline(
            steps=[
                Function("a", assign={"n": 1}),
                Map([1], distributed=True, steps=[Pass(variable("n"))]),
            ]
        ),
        "$n does not exist",
    ),
    "a variable of one name inside and outside": (
        lambda: Pipeline(
            steps=[Function("a", assign={"n": 1}), Map([1], steps=[Pass(assign={"n": 2})])]
        ),
        "does not accept $n inside the Map or Parallel and outside it",
    ),
    "half a template in a Catch": (
        lambda: Pipeline(steps=[Function("a", catch=[Catch(output="{% $x")])]),
        "does not end with %}",
    ),
    "an action that needs to be allowed": (
        lambda: Pipeline(steps=[Function("a"), Service("aws-sdk:glue:startCrawler")]),
        'permissions=[Permission("<action>", resources=["<ARN>"])]',
    ),
    "a topic that is not known before a run": (
        lambda: Pipeline(
            steps=[Function("a"), Service("sns:publish", arguments={"TopicArn": data.topic})]
        ),
        "the permissions that 'sns:publish' needs here are unknown before a run",
    ),
    "an action without the SDK": (
        lambda: Pipeline(steps=[Function("a"), Service("s3:copyObject")]),
        "Step Functions has no 's3:copyObject': write 'aws-sdk:s3:copyObject'",
    ),
    "a misspelt action": (
        lambda: Pipeline(steps=[Function("a"), Service("sns:pubish")]),
        "Did you mean 'sns:publish'?",
    ),
    "a machine over a mebibyte": (
        lambda: Pipeline(steps=[Function("a"), Pass("x" * 1_100_000)]),
        "start the second part with a PipelineTrigger",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_problem_names_file_and_step(case: str) -> None:
    make, message = REFUSED[case]
    [problem] = problems(make())
    assert problem.startswith(f"{FILE}: ")
    assert message in problem


def test_variables_that_may_have_a_value_are_accepted() -> None:
    steps: list[Step] = [
        Choice(If(data.n > 0, assign={"n": data.n})),
        Function("a", assign={"rows": result.rows}, catch=[Catch(assign={"rows": 0})]),
        Map(data.xs, steps=[Pass({"n": variable("n"), "rows": variable("rows")})]),
        Pass(variable("rows") + variable("n")),
    ]
    assert problems(Pipeline(steps=steps)) == []


def test_a_service_with_permissions_is_accepted() -> None:
    allowed = Permission("glue:StartCrawler", resources="arn:aws:glue:eu-west-2:1:crawler/c")
    step = Service("aws-sdk:glue:startCrawler", permissions=[allowed])
    assert problems(Pipeline(steps=[Function("a"), step])) == []


def test_a_call_of_an_unknown_pipeline_names_the_most_similar_one() -> None:
    one = source(Pipeline(steps=[Call("raw-to-processed/toe")]), name="one", functions="")
    two = source(Pipeline(steps=[Pass()]), name="two", functions="")
    [problem] = problems_between([one, two])
    assert str(problem) == (
        f"{FILE}: Call: no pipeline 'raw-to-processed/toe'. Did you mean 'raw-to-processed/two'?"
    )


def test_a_misspelt_zone_is_a_problem() -> None:
    step = Function("a", reads=["raw/x/", "our-processed-data"], writes=["proccessed/"])
    [problem] = problems_between([source(Pipeline(steps=[step]))])
    assert str(problem) == f"{FILE}: a: no zone 'proccessed'. Did you mean 'processed'?"


def repeat(*steps: Step, most: int = 2, counter: str = "", wait: timedelta | None = None) -> Repeat:
    """Return a Repeat, the name of which is Pages."""
    inner = steps or (Function("a"),)
    return Repeat(
        inner, until=~data.next.exists(), most=most, counter=counter, wait=wait, name="Pages"
    )


REPEATS: dict[str, tuple[Repeat, str]] = {
    "too many events": (
        repeat(most=5000),
        "Pages: 5,000 rounds make about 35,002 events, and Step Functions ends an execution after "
        "25,000: write most=3,428 or less, or put the steps into a pipeline of their own, with "
        "Call",
    ),
    "too many events of a Repeat inside another": (
        repeat(Repeat([Function("a")], until=data.next.exists(), most=1000), most=100),
        "Pages: 100 rounds make about 700,402 events",
    ),
    "waits that are longer than the pipeline": (
        repeat(wait=timedelta(days=365)),
        "Pages: the waits between its rounds add up to 365 days, 0:00:00, and the pipeline ends "
        "after 1 day, 0:00:00: set a longer Pipeline(timeout=...), fewer rounds or a shorter wait",
    ),
    "a field that may be missing": (
        Repeat([Function("a")], until=data.page.next == None, most=2, name="Pages"),  # noqa: E711
        "Pages: until compares data.page.next with None, and a field that is missing is not None "
        "for Step Functions: write ~data.page.next.exists() | (data.page.next == None)",
    ),
    "one counter twice": (
        repeat(Repeat([Function("a")], until=data.end.exists(), most=2, counter="n"), counter="n"),
        "Pages: its counter 'n' is also that of Repeat, which is inside it: give one of them "
        "another counter=",
    ),
    "rounds that end the run": (
        repeat(Function("a"), Fail("E")),
        "Pages: each round ends the run, so until is never read: remove Repeat",
    ),
}


@pytest.mark.parametrize("step, problem", REPEATS.values(), ids=REPEATS)
def test_a_repeat_that_cannot_go_well_is_refused(step: Repeat, problem: str) -> None:
    found = problems(Pipeline(steps=[step]))
    assert [each for each in found if each.startswith(f"{FILE}: {problem}")] == found[:1]


def test_a_repeat_in_a_catch_has_the_same_problems() -> None:
    step = Parallel([[Pass({})], [Pass({})]], catch=[Catch(steps=[repeat(most=5000)])])
    [problem] = problems(Pipeline(steps=[step]))
    assert "Pages: 5,000 rounds make about 35,002 events" in problem


def test_a_sound_repeat_has_no_problems() -> None:
    next_page = ~data.next.exists() | (data.next == None)  # noqa: E711
    step = Repeat([Function("a")], until=next_page, most=500, counter="page")
    assert problems(Pipeline(steps=[step, Pass({"pages": variable("page")})])) == []


@pytest.mark.parametrize("closing", ["call", "trigger"])
def test_pipelines_that_call_each_other_in_a_circle_are_refused(closing: str) -> None:
    """A trigger on the called pipeline starts the caller again."""
    call = Call("raw-to-processed/two")
    back = Call("raw-to-processed/one", wait=False)
    trigger = PipelineTrigger("raw-to-processed/two")
    is_call = closing == "call"
    one = Pipeline(steps=[call], triggers=[] if is_call else [trigger])
    two = Pipeline(steps=[back if is_call else Pass()])
    sources = [source(one, name="one", functions=""), source(two, name="two", functions="")]
    [problem] = problems_between(sources)
    assert "in a circle" in str(problem)
    assert "remove a trigger or a Call" in str(problem)


def test_an_s3_trigger_in_a_layer_without_zones_names_its_bucket() -> None:
    [problem] = problems(Pipeline(triggers=[S3Trigger()], steps=[Function("a")]), layer="default")
    assert "has no source zone to watch: name a bucket" in problem
    named = Pipeline(triggers=[S3Trigger(bucket="theirs")], steps=[Function("a")])
    assert problems(named, layer="default") == []


def test_a_map_must_name_its_bucket_if_nothing_else_does() -> None:
    place = rows(bucket=data.bucket, key=data.key, format="CSV")
    steps: list[Step] = [Map(place, distributed=True, steps=[Function("a")])]
    [problem] = problems(Pipeline(steps=steps), layer="default")
    assert "Map: the bucket that it reads is unknown before a run" in problem
    assert problems(Pipeline(steps=steps)) == []
    watching = Pipeline(triggers=[S3Trigger(bucket="theirs")], steps=steps)
    assert problems(watching, layer="default") == []


@pytest.mark.parametrize("name", ["class", "Tidy", "a__b", "a_", "tests", "con", "awsome", "1st"])
def test_an_invalid_name_of_a_function_is_refused(name: str) -> None:
    [problem] = problems(Pipeline(steps=[Function(name)]), functions=name)
    assert f"a function cannot be called '{name}'" in problem


def test_pipelines_that_start_each_other_are_refused() -> None:
    def follows(name: str, other: str) -> Source:
        trigger = PipelineTrigger(f"raw-to-processed/{other}")
        return source(Pipeline(triggers=[trigger], steps=[Pass()]), name=name, functions="")

    circle = [follows("one", "two"), follows("two", "three"), follows("three", "one")]
    [problem] = problems_between(circle)
    assert "start each other in a circle" in str(problem)
    [unknown] = problems_between([follows("one", "toe"), follows("two", "one")])
    assert "no pipeline 'raw-to-processed/toe'. Did you mean" in str(unknown)


def test_an_event_of_any_kind_may_start_a_pipeline() -> None:
    trigger = EventTrigger({"source": ["aws.s3"]})
    assert problems(Pipeline(triggers=[trigger], steps=[Function("a")])) == []
