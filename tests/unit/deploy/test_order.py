"""Pipelines are deployed after those that they call or follow."""

import pytest

from dorc_runtime import Call, Function, Parallel, Pipeline, PipelineTrigger
from dorc_runtime.deploy.driver.order import stages
from dorc_runtime.errors import DefinitionError


def following(*others: str) -> Pipeline:
    return Pipeline(triggers=[PipelineTrigger(other) for other in others], steps=[Function("f")])


def test_pipelines_that_know_nothing_of_each_other_go_side_by_side() -> None:
    assert stages({"a/one": following(), "a/two": following()}) == (("a/one", "a/two"),)


def test_a_pipeline_comes_after_those_that_it_follows() -> None:
    pipelines = {
        "a/last": following("a/middle", "a/first"),
        "a/middle": following("a/first"),
        "a/first": following(),
    }
    assert stages(pipelines) == (("a/first",), ("a/middle",), ("a/last",))


def test_a_pipeline_comes_after_those_that_it_calls() -> None:
    calling = Pipeline(steps=[Parallel([[Call("b/called")], [Function("f")]])])
    assert stages({"a/calling": calling, "b/called": following()}) == (
        ("b/called",),
        ("a/calling",),
    )


def test_a_pipeline_of_another_repository_is_not_waited_for() -> None:
    assert stages({"a/one": following("elsewhere/other")}) == (("a/one",),)


def test_pipelines_that_start_each_other_are_refused() -> None:
    with pytest.raises(DefinitionError, match=r"a/one → a/two|a/two → a/one"):
        stages({"a/one": following("a/two"), "a/two": following("a/one")})
