"""What to write instead of a method of Python, which an expression does not have.

The functions of JSONata: https://docs.jsonata.org/string-functions
"""

import re
from collections.abc import Sequence
from types import MappingProxyType

from dorc_runtime.errors import suggestion

_CALL = re.compile(r"(.*)\.([A-Za-z_][A-Za-z0-9_]*)", re.DOTALL)
_METHODS = ("exists", "is_in", "or_else")
# The function of JSONata for each method of Python that has one; the value is its first argument.
_FUNCTIONS = MappingProxyType(
    {
        "append": "append",
        "contains": "contains",
        "count": "count",
        "join": "join",
        "keys": "keys",
        "len": "count",
        "lower": "lowercase",
        "max": "max",
        "mean": "average",
        "min": "min",
        "replace": "replace",
        "reverse": "reverse",
        "round": "round",
        "sort": "sort",
        "split": "split",
        "strip": "trim",
        "sum": "sum",
        "unique": "distinct",
        "upper": "uppercase",
    }
)


def call_remedy(text: str, arguments: Sequence[str]) -> str:
    """Return what is wrong with a call of the expression ``text``, and what to write instead.

    ``arguments`` are those of the call, as JSONata.
    """
    match = _CALL.fullmatch(text)
    if match is None or text == "$states.input":
        return f"'{text}' is a value, not a function: leave out the parentheses."
    value, method = match.groups()
    problem = f"'{value}' has no method '{method}', because Python does not know its value."
    if method == "get" and arguments:
        default = arguments[1] if len(arguments) > 1 else "None"
        path = value.replace("$states.input", "data")
        return f"{problem} Write {path}[{arguments[0]}].or_else({default})."
    if method == "format":
        return f"{problem} Write 'text ' + data.field."
    if near := suggestion(method, _METHODS):
        return f"{problem}{near}"
    if method in ("startswith", "endswith") and arguments:
        length = f"$length({arguments[0]})"
        part = f"0, {length}" if method == "startswith" else f"-{length}"
        return _written(problem, f"$substring({value}, {part}) = {arguments[0]}")
    function = _FUNCTIONS.get(method)
    if function is None:
        return (
            f"{problem} Write it with a function of JSONata, jsonata('$function({value})'): "
            "https://docs.jsonata.org lists them."
        )
    return _written(problem, f"${function}({', '.join((value, *arguments))})")


def _written(problem: str, text: str) -> str:
    return f"{problem} Write jsonata({text!r})."
