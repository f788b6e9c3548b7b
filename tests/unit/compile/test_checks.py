"""What the checks refuse, beyond what the commands' tests show."""

from collections.abc import Callable

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
    Retry,
    S3Trigger,
    Service,
    Succeed,
    data,
    jsonata,
    result,
    rows,
    variable,
)
from dorc_runtime.compile.checks import Source, problems_between, problems_of
from dorc_runtime.model.steps import Step

FILE = "src/raw-to-processed/tidy/pipeline.py"


def source(
    pipeline: Pipeline, *, layer: str = "raw-to-processed", name: str = "tidy", functions: str = "a"
) -> Source:
    return Source(layer, name, FILE, pipeline, dict.fromkeys(functions.split(), ""))


def told(pipeline: Pipeline, *, layer: str = "raw-to-processed", functions: str = "a") -> list[str]:
    found = problems_of(source(pipeline, layer=layer, functions=functions))
    return [str(problem) for problem in found]


def test_a_sound_pipeline_has_no_problems() -> None:
    steps: list[Step] = [
        Choice(If(data.n > 0, then=[Function("a", catch=[Catch(steps=[Fail("E")])])])),
        Map(over=data.xs, steps=[Pass({"n": data.n})], retry=[Retry("States.Timeout")]),
    ]
    assert told(Pipeline(triggers=[S3Trigger(suffix=".csv")], steps=steps)) == []


REFUSED: dict[str, tuple[Callable[[], Pipeline], str]] = {
    "a variable that Lambda keeps": (
        lambda: Pipeline(steps=[Function("a", environment={"AWS_REGION": "x"})]),
        "a: environment: Lambda refuses a variable called 'AWS_REGION'",
    ),
    "a variable that is no name": (
        lambda: Pipeline(steps=[Function("a", environment={"my-key": "x"})]),
        "a: environment: Lambda refuses a variable called 'my-key'",
    ),
    "an environment too large": (
        lambda: Pipeline(steps=[Function("a", environment={"KEY": "x" * 5000})]),
        "over Lambda's 4096",
    ),
    "an error that Step Functions does not know": (
        lambda: Pipeline(steps=[Function("a", retry=[Retry("States.TimeOut")])]),
        "knows no error 'States.TimeOut'. Did you mean 'States.Timeout'?",
    ),
    "an unreachable step in a Catch": (
        lambda: Pipeline(steps=[Function("a", catch=[Catch(steps=[Fail("E"), Pass()])])]),
        "Pass: is never reached: Fail before it ends the run",
    ),
    "a step behind ways that all end": (
        lambda: Pipeline(
            steps=[
                Choice(If(data.n > 1, then=[Fail("E")]), otherwise=[Succeed()]),
                Function("a"),
            ]
        ),
        "a: is never reached: Choice before it ends the run",
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
        "there is no $row. Did you mean $rows?",
    ),
    "a variable that only a later step assigns": (
        lambda: Pipeline(steps=[Pass(variable("n")), Function("a", assign={"n": 1})]),
        "there is no $n",
    ),
    "a variable of the same step": (
        lambda: Pipeline(steps=[Function("a", assign={"n": 1}, output=variable("n"))]),
        "there is no $n",
    ),
    "a variable that a branch has assigned": (
        lambda: Pipeline(steps=[Parallel([[Function("a", assign={"n": 1})]]), Pass(variable("n"))]),
        "there is no $n",
    ),
    "a variable from outside a distributed Map": (
        lambda: Pipeline(
            steps=[
                Function("a", assign={"n": 1}),
                Map([1], distributed=True, steps=[Pass(variable("n"))]),
            ]
        ),
        "there is no $n",
    ),
    "a variable of one name inside and outside": (
        lambda: Pipeline(
            steps=[Function("a", assign={"n": 1}), Map([1], steps=[Pass(assign={"n": 2})])]
        ),
        "$n is a variable outside already",
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
        "what 'sns:publish' must be allowed to do here is not known before a run",
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
        "let one start the other with a PipelineTrigger",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_aws_would_refuse_is_told_with_file_and_step(case: str) -> None:
    make, message = REFUSED[case]
    [problem] = told(make())
    assert problem.startswith(f"{FILE}: ")
    assert message in problem


def test_variables_that_may_have_a_value_are_taken() -> None:
    steps: list[Step] = [
        Choice(If(data.n > 0, assign={"n": data.n})),
        Function("a", assign={"rows": result.rows}, catch=[Catch(assign={"rows": 0})]),
        Map(data.xs, steps=[Pass({"n": variable("n"), "rows": variable("rows")})]),
        Pass(variable("rows") + variable("n")),
    ]
    assert told(Pipeline(steps=steps)) == []


def test_a_service_with_permissions_is_taken() -> None:
    allowed = Permission("glue:StartCrawler", resources="arn:aws:glue:eu-west-2:1:crawler/c")
    step = Service("aws-sdk:glue:startCrawler", permissions=[allowed])
    assert told(Pipeline(steps=[Function("a"), step])) == []


def test_a_call_of_a_pipeline_that_is_not_there_is_told_with_the_nearest() -> None:
    one = source(Pipeline(steps=[Call("raw-to-processed/toe")]), name="one", functions="")
    two = source(Pipeline(steps=[Pass()]), name="two", functions="")
    [problem] = problems_between([one, two])
    assert str(problem) == (
        f"{FILE}: Call: no pipeline 'raw-to-processed/toe'. Did you mean 'raw-to-processed/two'?"
    )


def test_what_is_nearly_a_zone_is_no_bucket() -> None:
    step = Function("a", reads=["raw/x/", "our-processed-data"], writes=["proccessed/"])
    [problem] = problems_between([source(Pipeline(steps=[step]))])
    assert str(problem) == f"{FILE}: a: 'proccessed' is no zone; did you mean 'processed'?"


@pytest.mark.parametrize("closing", ["call", "trigger"])
def test_pipelines_that_call_each_other_in_a_circle_are_refused(closing: str) -> None:
    """A trigger on the end of what is called starts it all over again."""
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
    [problem] = told(Pipeline(triggers=[S3Trigger()], steps=[Function("a")]), layer="default")
    assert "has no source zone to watch: name a bucket" in problem
    named = Pipeline(triggers=[S3Trigger(bucket="theirs")], steps=[Function("a")])
    assert told(named, layer="default") == []


def test_a_map_names_what_it_reads_where_nothing_else_tells() -> None:
    place = rows(bucket=data.bucket, key=data.key, format="CSV")
    steps: list[Step] = [Map(place, distributed=True, steps=[Function("a")])]
    [problem] = told(Pipeline(steps=steps), layer="default")
    assert "Map: the bucket it reads is not known before a run" in problem
    assert told(Pipeline(steps=steps)) == []
    watching = Pipeline(triggers=[S3Trigger(bucket="theirs")], steps=steps)
    assert told(watching, layer="default") == []


@pytest.mark.parametrize("name", ["class", "Tidy", "a__b", "a_", "tests", "con", "awsome", "1st"])
def test_a_function_with_a_name_that_cannot_be_is_refused(name: str) -> None:
    problems = told(Pipeline(steps=[Function(name)]), functions=name)
    assert len(problems) == 1
    assert f"no function can be called '{name}'" in problems[0]


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
    assert told(Pipeline(triggers=[trigger], steps=[Function("a")])) == []
