"""Items of DynamoDB as plain JSON, and the rules that DynamoDB has for them.

Text, numbers, true, false, null, lists and objects are written as JSON has them. What JSON does
not have is written in DynamoDB's own form: ``{"B": "<base64>"}``, ``{"SS": ["a", "b"]}``,
``{"NS": ["1", "2"]}``, ``{"BS": ["<base64>"]}``, and ``{"N": "..."}`` for a number that is not
exact as a float. An object that looks like one of these is written as ``{"M": {...}}``.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

import base64
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import JsonValue

from dorc_runtime.model.resources import Table

# In bytes: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
LARGEST_ITEM = 400 * 1024
Attribute = dict[str, Any]
Item = dict[str, Attribute]

_TYPES = frozenset({"S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"})
_KINDS = {"S": "text", "N": "a number", "B": 'bytes, {"B": "<base64>"}'}


def item_of(values: Mapping[str, Any]) -> Item:
    """Return the item with these values; they may also be Python's: Decimal, set, bytes.

    Raises:
        ValueError: DynamoDB has no such value.
    """
    return {name: _attribute(value) for name, value in values.items()}


def values_of(item: Item) -> dict[str, JsonValue]:
    """Return an item as plain JSON."""
    return {name: _value(attribute) for name, attribute in item.items()}


def item_problems(item: Item, table: Table) -> Iterator[str]:
    """Yield why DynamoDB would refuse to put ``item`` into ``table``."""
    primary = [key for key in (table.partition_key, table.sort_key) if key is not None]
    for key, kind in table.keys.items():
        if key not in item:
            if key in primary:
                yield f"the key '{key}' is missing"
        elif kind not in item[key]:
            yield f"the key '{key}' must be {_KINDS[kind]}"
        elif item[key][kind] == "":
            yield f"the key '{key}' is empty, which DynamoDB refuses"
    size = sum(len(name.encode()) + _size(attribute) for name, attribute in item.items())
    if size > LARGEST_ITEM:
        yield f"the item has {size:,} bytes, over DynamoDB's limit of 400 KB ({LARGEST_ITEM:,})"


def _attribute(value: Any) -> Attribute:
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int() | float() | Decimal():
            return {"N": _number(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": base64.b64encode(value).decode()}
        case set() | frozenset():
            return _set(value)
        case list() | tuple():
            return {"L": [_attribute(each) for each in value]}
        case dict() if len(value) == 1 and (kind := next(iter(value))) in _TYPES:
            return _typed(kind, value[kind])
        case dict():
            return {"M": item_of(value)}
        case _:
            raise ValueError(f"DynamoDB has no {type(value).__name__}")


def _typed(kind: str, value: Any) -> Attribute:
    match kind, value:
        case "M", dict():
            return {"M": item_of(value)}
        case "L", list():
            return {"L": [_attribute(each) for each in value]}
        case "N", str():
            return {"N": _number(value)}
        case ("S", str()) | ("BOOL", bool()) | ("NULL", bool()):
            return {kind: value}
        case "B", str():
            return {"B": _base64(value)}
        case (("SS" | "NS" | "BS"), [_, *_]) if all(isinstance(each, str) for each in value):
            check: Callable[[str], str] = {"NS": _number, "BS": _base64}.get(kind, str)
            return {kind: [check(each) for each in value]}
        case _:
            raise ValueError(f"{{'{kind}': {value!r}}} is no value of DynamoDB")


def _set(values: set[Any] | frozenset[Any]) -> Attribute:
    kinds = {type(each) for each in values}
    if kinds == {str}:
        return {"SS": sorted(values)}
    if kinds == {bytes}:
        return {"BS": sorted(base64.b64encode(each).decode() for each in values)}
    if kinds and kinds <= {int, float, Decimal}:
        return {"NS": [_number(each) for each in sorted(values)]}
    raise ValueError("a set of DynamoDB has only texts, only numbers or only bytes, at least one")


def _number(value: float | Decimal | str) -> str:
    """Return the text of a number, of at most 38 digits."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"'{value}' is no number") from None
    if not number.is_finite() or _digits(number) > 38:
        raise ValueError(f"DynamoDB has no number {value}: it takes 38 digits")
    return str(value)


def _digits(number: Decimal) -> int:
    """Return how many significant digits a number has."""
    return len("".join(map(str, number.as_tuple().digits)).strip("0"))


def _base64(text: str) -> str:
    base64.b64decode(text, validate=True)
    return text


def _value(attribute: Attribute) -> JsonValue:
    [(kind, value)] = attribute.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return _plain_number(value)
        case "L":
            return [_value(each) for each in value]
        case "M":
            plain = values_of(value)
            return {"M": plain} if len(plain) == 1 and plain.keys() <= _TYPES else plain
        case "SS" | "NS" | "BS":
            return {kind: sorted(value)}
        case "B":
            return {"B": value}
        case _:
            return value  # type: ignore[no-any-return]


def _plain_number(text: str) -> JsonValue:
    number = Decimal(text)
    if number == number.to_integral_value():
        return int(number)
    return float(number) if Decimal(repr(float(number))) == number else {"N": text}


def _size(attribute: Attribute) -> int:
    """Return the bytes of a value.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    [(kind, value)] = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return (_digits(Decimal(value)) + 1) // 2 + 1
        case "B":
            return len(base64.b64decode(value))
        case "L":
            return 3 + sum(1 + _size(each) for each in value)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in value.items())
        case "SS" | "NS" | "BS":
            return sum(_size({kind[0]: each}) for each in value)
        case _:
            return 1
