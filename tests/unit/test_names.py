"""Names fit each service, and distinct things never share one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dorc_runtime.compile.names import resource_name, zones

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
def test_parts_that_nearly_agree_have_distinct_names(
    one: tuple[str, ...], other: tuple[str, ...], lower: bool
) -> None:
    names = {resource_name(*parts, lower=lower) for parts in (one, other)}
    assert len(names) == len({one, other})


@given(PARTS, st.integers(min_value=20, max_value=80))
def test_names_hold_only_what_every_service_takes(parts: tuple[str, ...], longest: int) -> None:
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
