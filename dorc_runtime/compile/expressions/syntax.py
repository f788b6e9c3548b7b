"""The parser of JSONata 2.0.6, the version that Step Functions runs, made from jsonata-python's.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
"""

import re
import warnings
from functools import lru_cache
from typing import Any

from dorc_runtime.compile.expressions.regular_expressions import python_pattern
from dorc_runtime.errors import ExpressionError

Node = Any  # jsonata-python's ``Parser.Symbol``: the package has no types

# jsonata-python has these operators; JSONata 2.0.6 does not.
_LATER_OPERATORS = ("??", "?:")
_LONGEST = 60
TOO_DEEP = "is nested too deeply: split it into variables"
_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_PLAIN_PATH = re.compile(rf"\s*\$({_NAME}(?:\.{_NAME})*)\s*")
# Names that are not only names in JSONata.
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})
# Plain messages for some of the parser's error codes.
_PLAIN = {
    "S0201": "'{0}' is not expected there",
    "S0202": "'{0}' is expected, not '{1}'",
    "S0203": "'{0}' is missing at the end",
    "S0207": "it ends too early",
    "S0301": "a text or regular expression cannot contain that",
    "S0211": "'{0}' needs a value before it",
}


@lru_cache(maxsize=4096)
def plain_path(text: str) -> tuple[str, ...] | None:
    """Return the names in ``$states.input.rows`` and its like, None for any other expression.

    Most expressions are like this, and need no parser.
    """
    match = _PLAIN_PATH.fullmatch(text)
    names = tuple(match[1].split(".")) if match else ()
    return names if match and _WORDS.isdisjoint(names) else None


def parse(text: str) -> Node:
    """Return the syntax tree of the JSONata expression ``text``.

    Raises:
        ExpressionError: It is not JSONata 2.0.6; the message says where and why.
    """
    from jsonata.jexception import JException
    from jsonata.parser import Parser

    parser = Parser()
    for operator in _LATER_OPERATORS:
        del parser.symbol_table[operator]
    try:
        return parser.parse(text, _compiled)
    except JException as error:
        words = _PLAIN.get(error.error)
        symbols = (error.current, error.expected)
        why = words.format(*map(_shown, symbols)) if words else f"{error}".rstrip(".")
        place = text[: max(error.location, 0)].strip()
        after = f", after {_end(place)}" if place and place != text.strip() else ""
        raise ExpressionError(f"{quoted(text)} is not JSONata: {why}{after}") from error
    except ExpressionError as error:
        raise ExpressionError(f"{quoted(text)}: {error}") from error
    except KeyError as error:
        raise ExpressionError(_unknown_operator(text, str(error.args[0]))) from error
    except IndexError as error:
        raise ExpressionError(f"{quoted(text)} is not JSONata: it ends too early") from error
    except RecursionError as error:
        raise ExpressionError(f"{quoted(text)} {TOO_DEEP}") from error


def quoted(text: str) -> str:
    """Return ``text`` in quotes, in one short line."""
    line = " ".join(text.split())
    return f"'{line}'" if len(line) <= _LONGEST else f"'{line[: _LONGEST - 3]}...'"


def _end(text: str) -> str:
    line = " ".join(text.split())
    return f"'{line}'" if len(line) <= _LONGEST // 2 else f"'...{line[3 - _LONGEST // 2 :]}'"


def _shown(symbol: object) -> str:
    return "the end" if symbol == "(end)" else str(symbol)


def _unknown_operator(text: str, operator: str) -> str:
    remedy = ": write $exists(a) ? a : b" if operator in _LATER_OPERATORS else ""
    return f"{quoted(text)}: JSONata 2.0.6 has no operator '{operator}'{remedy}"


def _compiled(pattern: str, flags: Any) -> re.Pattern[str]:
    """Compile a regular expression of JSONata; ``flags`` are jsonata-python's ``RegexFlags``."""
    translated = python_pattern(
        pattern, many_lines=flags.multiline, any_case=flags.case_insensitive
    )
    # ``python_pattern`` refuses letters beyond ASCII, so that both languages agree.
    any_case = re.IGNORECASE | re.ASCII if flags.case_insensitive else 0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return re.compile(translated, any_case)
    except (re.error, Warning) as error:
        raise ExpressionError(f"the regular expression /{pattern}/: {error}") from error
