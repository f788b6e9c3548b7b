"""JSONata's regular expressions, which are those of JavaScript, translated for Python's ``re``."""

import re

from dorc_runtime.errors import ExpressionError

# JavaScript's \s, \w and \d: https://tc39.es/ecma262/#sec-characterclassescape
_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_SETS = {"d": "0-9", "w": "A-Za-z0-9_", "s": _SPACE}
_WORD = "[A-Za-z0-9_]"
_LINE_END = "\n\r\u2028\u2029"
_TEXTS = {
    ".": f"[^{_LINE_END}]",
    r"\b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    r"\B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
    "]": r"\]",
    "}": r"\}",
    "{": r"\{",
}
_ONE_LINE = {"^": r"\A", "$": r"\Z"}
_MANY_LINES = {"^": rf"(?:\A|(?<=[{_LINE_END}]))", "$": rf"(?=[{_LINE_END}]|\Z)"}
_TOKEN = re.compile(
    r"""
    (?P<code>\\(?:x[0-9A-Fa-f]{2}|u(?![dD][89A-Fa-f])[0-9A-Fa-f]{4}|0(?![0-9])|[nrtfv]))
  | (?P<set>\\[dDwWsS])
  | (?P<literal>\\[^A-Za-z0-9])
  | (?P<edge>\\[bB])
  | (?P<escape>\\.?)
  | (?P<named>\(\?<(?P<name>[A-Za-z_][A-Za-z0-9_]*)>)
  | (?P<group>\((?:\?(?::|=|!|<=|<!))?(?!\?))
  | (?P<times>(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
# A character that JavaScript counts as two, and one that may have another upper case there.
_BEYOND_UNITS = re.compile("[\U00010000-\U0010ffff]")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]|\\[ux][0-9A-Fa-f]+")
_CLASS = re.compile(r"\[\^?(?:[^\]\\]|\\.)+\]", re.DOTALL)
_ATOM = re.compile(r"\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)|.", re.DOTALL)
_SET_ATOM = re.compile(r"\\[dws]")


def python_pattern(pattern: str, *, many_lines: bool = False, any_case: bool = False) -> str:
    """Return the Python form of a JavaScript ``pattern``; use it without Python's flags for lines.

    Args:
        pattern: The text between the slashes.
        many_lines: Whether ``^`` and ``$`` match at each line, JavaScript's flag m.
        any_case: Whether upper and lower case are the same, JavaScript's flag i.

    Raises:
        ExpressionError: The pattern has a part that means something else in Python.
    """
    beyond = _BEYOND_ASCII if any_case else _BEYOND_UNITS
    if match := beyond.search(pattern):
        raise _unlike(pattern, f"{match[0]}{' without regard to case' if any_case else ''}")
    parts: list[str] = []
    position = 0
    repeated = False
    while position < len(pattern):
        in_class = pattern[position] == "["
        match = (_CLASS if in_class else _TOKEN).match(pattern, position)
        if match is None:
            raise _unlike(pattern, "an empty or open [...]")
        repeats = match.lastgroup == "times"
        if repeated and repeats:
            raise _unlike(pattern, f"{match[0]} after another repetition")
        if in_class:
            parts.append(_class(pattern, match[0]))
        else:
            parts.append(_part(pattern, match, many_lines=many_lines))
        repeated = repeats
        position = match.end()
    return "".join(parts)


def _part(pattern: str, match: re.Match[str], *, many_lines: bool) -> str:
    text = match[0]
    match match.lastgroup:
        case "named":
            return f"(?P<{match['name']}>"
        case "set":
            return _set(text)
        case "literal":
            return re.escape(text[1:])
        case "escape":
            raise _unlike(pattern, text)
        case "other" if text == "(":
            raise _unlike(pattern, "(?")
        case "other" if text in "^$":
            return (_MANY_LINES if many_lines else _ONE_LINE)[text]
        case _:
            return _TEXTS.get(text, text)


def _set(escape: str) -> str:
    return f"[{'^' if escape[1].isupper() else ''}{_SETS[escape[1].lower()]}]"


def _class(pattern: str, text: str) -> str:
    """Return the class ``[...]``; a - in it is a range only between two single characters."""
    inner = text[1:-1]
    negated = "^" if inner.startswith("^") else ""
    atoms = [match[0] for match in _ATOM.finditer(inner[len(negated) :])]
    parts = []
    for index, atom in enumerate(atoms):
        if atom == "-":
            single = 0 < index < len(atoms) - 1 and not any(
                _SET_ATOM.fullmatch(neighbour) for neighbour in (atoms[index - 1], atoms[index + 1])
            )
            parts.append("-" if single else r"\-")
        else:
            parts.append(_atom(pattern, atom))
    return f"[{negated}{''.join(parts)}]"


def _atom(pattern: str, atom: str) -> str:
    if not atom.startswith("\\"):
        return re.escape(atom)
    if _SET_ATOM.fullmatch(atom):
        return _SETS[atom[1]]
    match = _TOKEN.fullmatch(atom)
    if match is not None and match["code"]:
        return atom
    if match is not None and match["literal"]:
        return re.escape(atom[1:])
    if atom == r"\b":
        return r"\x08"
    raise _unlike(pattern, f"{atom} inside [...]")


def _unlike(pattern: str, part: str) -> ExpressionError:
    return ExpressionError(
        f"the regular expression /{pattern}/: a local run cannot match {part} as Step Functions "
        "does: write it in another way, or match in a function"
    )
