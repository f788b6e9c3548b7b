"""Names fit each service, and distinct things never share one."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dorc_runtime.compile.names import Names, PipelineNames, image_repository, resource_name, zones

# What the template and `invoke new-pipeline` let folders be called, and beyond.
PROJECTS = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,30}(-[A-Za-z0-9]{1,8})?", fullmatch=True)
ENVIRONMENTS = st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True)
FOLDERS = st.one_of(
    st.from_regex(r"[a-zA-Z0-9]{1,60}", fullmatch=True),
    st.text(alphabet="aAb-_.0", min_size=1, max_size=30),
)
PLACES = st.tuples(PROJECTS, ENVIRONMENTS, FOLDERS, FOLDERS)
ACCOUNT = "123456789012"
PARTS = st.lists(st.text(min_size=0, max_size=70), min_size=1, max_size=4).map(tuple)
NEAR_PARTS = st.lists(
    st.text(alphabet="aAb-_0", min_size=1, max_size=8), min_size=1, max_size=4
).map(tuple)


def test_a_name_is_readable_where_it_fits() -> None:
    assert (
        resource_name("ExampleDorc", "prod", "raw-to-processed", "penguins", "clean")
        == "ExampleDorc--prod--raw-to-processed--penguins--clean"
    )


def test_long_names_fit_and_stay_distinct() -> None:
    one, other = (resource_name("census", "x" * 80 + end) for end in "ab")
    assert 64 == len(one) == len(other)
    assert one != other


@given(PARTS, PARTS, st.booleans())
def test_distinct_parts_have_distinct_names(
    one: tuple[str, ...], other: tuple[str, ...], lower: bool
) -> None:
    names = {resource_name(*parts, lower=lower) for parts in (one, other)}
    assert len(names) == len({one, other})


@given(NEAR_PARTS, NEAR_PARTS, st.booleans())
def test_similar_parts_have_distinct_names(
    one: tuple[str, ...], other: tuple[str, ...], lower: bool
) -> None:
    names = {resource_name(*parts, lower=lower) for parts in (one, other)}
    assert len(names) == len({one, other})


@given(PARTS, st.integers(min_value=20, max_value=80))
def test_names_have_only_characters_that_every_service_accepts(
    parts: tuple[str, ...], longest: int
) -> None:
    name = resource_name(*parts, longest=longest, lower=True)
    assert re.fullmatch(r"[a-z0-9-]+", name)
    assert len(name) <= longest


@pytest.mark.parametrize(
    ("layer", "between"),
    [
        ("raw-to-processed", ("raw", "processed")),
        ("default", None),
        ("-to-processed", None),
        ("land-registry-to-raw", ("land-registry", "raw")),
    ],
)
def test_a_layer_names_its_zones(layer: str, between: tuple[str, str] | None) -> None:
    assert zones(layer) == between


def roles(names: PipelineNames, part: str) -> list[str]:
    return [
        names.machine_role,
        names.rules_role,
        names.schedules_role,
        names.function_role(part),
    ]


@given(PLACES, FOLDERS)
def test_each_service_accepts_the_names(place: tuple[str, str, str, str], part: str) -> None:
    """The patterns are those of the services' API references."""
    names = PipelineNames(*place)
    assert re.fullmatch(r"[\w-]{1,80}", names.machine, re.ASCII)
    assert re.fullmatch(r"[\w-]{1,64}", names.function(part), re.ASCII)
    assert re.fullmatch(r"[\w-]{1,64}", names.trigger(part), re.ASCII)
    assert re.fullmatch(r"[\w-]{1,64}", names.schedule_group, re.ASCII)
    for role in roles(names, part):
        assert re.fullmatch(r"[\w-]{1,64}", role, re.ASCII)
    for group in (names.machine_log_group, names.function_log_group(part)):
        assert re.fullmatch(r"[\w/-]{1,512}", group, re.ASCII)


@given(PLACES, PLACES, FOLDERS, FOLDERS)
def test_distinct_pipelines_share_no_name(
    place: tuple[str, str, str, str], another: tuple[str, str, str, str], part: str, other: str
) -> None:
    one, two = PipelineNames(*place), PipelineNames(*another)
    distinct = len({place, another})
    assert len({one.machine, two.machine}) == distinct
    assert len({one.schedule_group, two.schedule_group}) == distinct
    functions = {one.function(part), one.function(other), two.function(part), two.function(other)}
    assert len(functions) == len({part, other}) * distinct


@given(PLACES, FOLDERS, FOLDERS)
def test_every_role_of_a_pipeline_has_its_own_name(
    place: tuple[str, str, str, str], part: str, other: str
) -> None:
    names = PipelineNames(*place)
    assert len({*roles(names, part), *roles(names, other)}) == 3 + len({part, other})


@given(PLACES, PROJECTS, ENVIRONMENTS)
def test_only_machines_of_an_environment_have_its_prefix(
    place: tuple[str, str, str, str], project: str, environment: str
) -> None:
    """An alert is about its own environment only."""
    names = Names(project, environment)
    machine = PipelineNames(*place).machine
    assert machine.startswith(names.machine_prefix) == (place[:2] == (project, environment))
    assert names.pipeline(*place[2:]).machine.startswith(names.machine_prefix)


def test_environments_with_a_shared_start_have_different_prefixes() -> None:
    one, other = Names("a", "b"), Names("a", "bc")
    assert not other.pipeline("l", "x" * 90).machine.startswith(one.machine_prefix)


@given(PLACES, FOLDERS)
def test_ecr_accepts_the_repositories_of_images(
    place: tuple[str, str, str, str], part: str
) -> None:
    name = image_repository(place[0], *place[2:], part)
    assert re.fullmatch(r"(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*", name)
    assert 2 <= len(name) <= 256


@given(
    st.tuples(PROJECTS, FOLDERS, FOLDERS, FOLDERS), st.tuples(PROJECTS, FOLDERS, FOLDERS, FOLDERS)
)
def test_distinct_functions_share_no_repository(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    assert len({image_repository(*one), image_repository(*other)}) == len({one, other})


def test_a_project_with_capitals_has_repositories() -> None:
    name = image_repository("ExampleDorc", "raw-to-processed", "penguins", "clean")
    assert name.startswith("exampledorc/raw-to-processed/penguins/clean")


@given(PLACES)
@example(("xn", "prod", "raw", ""))
@example(("Sthree", "prod", "raw", ""))
@example(("amzn-s3-demo-x", "prod", "raw", ""))
def test_s3_accepts_the_names_of_buckets(place: tuple[str, str, str, str]) -> None:
    project, environment, zone, _ = place
    name = Names(project, environment).bucket(zone, ACCOUNT)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", name)
    assert not name.startswith(("xn--", "sthree-", "amzn-s3-demo-"))
    assert not name.endswith(("-s3alias", "--ol-s3", "--x-s3"))


@given(PLACES, PLACES)
def test_distinct_zones_share_no_bucket(
    place: tuple[str, str, str, str], another: tuple[str, str, str, str]
) -> None:
    one, other = (
        Names(project, environment).bucket(zone, ACCOUNT)
        for project, environment, zone, _ in (place, another)
    )
    assert len({one, other}) == len({place[:3], another[:3]})
