"""Why a model refuses a value, in words for who wrote the value."""

import re
from collections.abc import Sequence
from types import MappingProxyType

from pydantic_core import ErrorDetails

from dorc_runtime.errors import suggestion

# What a field needs, by the type of pydantic's error.
_REASONS = MappingProxyType(
    {
        **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), "it must be a whole number"),
        **dict.fromkeys(("float_parsing", "float_type"), "it must be a number"),
        **dict.fromkeys(
            ("time_delta_parsing", "time_delta_type"), "it must be a number of seconds"
        ),
        **dict.fromkeys(("bool_parsing", "bool_type"), "it must be true or false"),
        **dict.fromkeys(("dict_type", "mapping_type"), "it must be keys and values"),
        **dict.fromkeys(("list_type", "tuple_type"), "it must be a list"),
        "string_type": "it must be a text",
        "missing": "it has no value: write one",
    }
)
_SHOULD = re.compile(r"^\w+ should ")
# The names that pydantic gives to the types of a union.
_TYPES = frozenset({"str", "int", "float", "bool"})


def invalid_field(error: ErrorDetails) -> str:
    """Return the path of the field in ``error``, "" for a problem of the whole model."""
    # Without the names that pydantic gives to its own validators and to the types of a union.
    parts = [str(part) for part in error["loc"] if "[" not in str(part)]
    return ".".join(parts[:-1] if parts and parts[-1] in _TYPES else parts)


def invalid_reason(error: ErrorDetails, *, known: Sequence[str]) -> str:
    """Return why the value is refused, without a full stop; ``known`` are the model's fields."""
    if error["type"] == "extra_forbidden":
        near = suggestion(str(error["loc"][-1]), known)
        return "no such field." + (near or f" Known: {', '.join(known)}")
    message = error["msg"].removeprefix("Value error, ").removesuffix(".")
    return _REASONS.get(error["type"], _SHOULD.sub("it must ", message))
