"""What the checks refuse, beyond what the commands' tests show."""

from collections.abc import Callable

import pytest

from dorc_runtime import (
    Catch,
    Choice,
    EventTrigger,
    Fail,
    Function,
    If,
    Map,
    Pass,
    Pipeline,
    PipelineTrigger,
    Retry,
    S3Trigger,
    Succeed,
    data,
    jsonata,
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


def test_an_s3_trigger_in_a_layer_without_zones_names_its_bucket() -> None:
    [problem] = told(Pipeline(triggers=[S3Trigger()], steps=[Function("a")]), layer="default")
    assert "has no source zone to watch: name a bucket" in problem
    named = Pipeline(triggers=[S3Trigger(bucket="theirs")], steps=[Function("a")])
    assert told(named, layer="default") == []


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
