"""JSONata's functions on texts, where jsonata-python's differ from JSONata 2.0.6's.

``None`` is undefined; arguments have been held to the functions' signatures.
"""

import base64
import binascii
import math
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.utils import Utils

from dorc_runtime.local.jsonata.values import failure, joined, units

# What encodeURI leaves alone, decodeURI leaves encoded: https://tc39.es/ecma262/#sec-decodeuri
_KEPT = re.compile("%(?:3B|2F|3F|3A|40|26|3D|2B|24|2C|23)", re.IGNORECASE)
_BROKEN = re.compile("%(?![0-9A-Fa-f]{2})")


def substring(text: str | None, start: float | None, length: float | None) -> str | None:
    """``$substring``: positions and lengths may have fractions, which are cut off at the end."""
    if text is None:
        return None
    if start is None:
        return text if length is None else ""
    if len(text) + start < 0:
        start = 0
    if length is None:
        return text[math.trunc(start) :]
    if length <= 0:
        return ""
    end = start + length if start >= 0 else len(text) + start + length
    return text[math.trunc(start) : math.trunc(end)]


def lowercase(text: str | None) -> str | None:
    """``$lowercase``."""
    return None if text is None else text.lower()


def base64encode(text: str | None) -> str | None:
    """``$base64encode``, of ASCII: what AWS makes of other characters is written nowhere."""
    if text is None:
        return None
    if not text.isascii():
        raise failure(
            "$base64encode: only ASCII is encoded in the same way everywhere; use a function"
        )
    return base64.b64encode(text.encode()).decode()


def base64decode(text: str | None) -> str | None:
    """``$base64decode``, to ASCII: as for ``$base64encode``."""
    if text is None:
        return None
    try:
        return base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise failure("$base64decode: this is not the base64 of an ASCII text") from None


def decode_url(text: str | None) -> str | None:
    """``$decodeUrl``: what has a meaning in a URL stays encoded."""
    if text is None:
        return None
    return _decoded(_KEPT.sub(lambda match: "%25" + match[0][1:], text), text, "decodeUrl")


def decode_url_component(text: str | None) -> str | None:
    """``$decodeUrlComponent``."""
    return None if text is None else _decoded(text, text, "decodeUrlComponent")


def _decoded(text: str, whole: str, function: str) -> str:
    try:
        if not _BROKEN.search(text):
            return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        pass
    raise JException("D3140", -1, function, whole)


# Regular expressions: they see texts as JavaScript does, in the units of UTF-16.


def _matches(pattern: Any, text: str) -> Iterator[re.Match[str]]:
    """Yield the matches of a regular expression in a text of ``units``."""
    if not isinstance(pattern, re.Pattern):
        raise failure("a function in the place of a regular expression cannot be tried here")
    match = pattern.search(text)
    while match:
        yield match
        if match.end() >= len(text):
            return
        match = pattern.search(text, match.end())
        if match and not match[0]:
            raise JException("D1004", -1)


def _few(
    matches: Iterator[re.Match[str]], limit: float | None, code: str
) -> Iterator[re.Match[str]]:
    """Yield at most ``limit`` matches; ``code`` names the error of a negative one."""
    if limit is not None and limit < 0:
        raise JException(code, -1, limit)
    count = 0
    while limit is None or count < limit:
        match = next(matches, None)
        if match is None:
            return
        yield match
        count += 1


def contains(text: str | None, token: Any) -> bool | None:
    """``$contains``."""
    if text is None:
        return None
    if isinstance(token, str):
        return token in text
    return next(_matches(token, units(text)), None) is not None


def match_all(text: str | None, pattern: Any, limit: float | None) -> Any:
    """``$match``: positions count UTF-16 units, as JavaScript's do."""
    if text is None:
        return None
    matches = _few(_matches(pattern, units(text)), limit, "D3040")
    return Utils.create_sequence_from_iter(
        {"match": joined(match[0]), "index": match.start(), "groups": _groups(match)}
        for match in matches
    )


def _groups(match: re.Match[str]) -> list[str | None]:
    return [group if group is None else joined(group) for group in match.groups()]


def split(text: str | None, separator: Any, limit: float | None) -> list[str] | None:
    """``$split``: without what groups of a regular expression matched."""
    if text is None:
        return None
    if limit is not None and limit < 0:
        raise JException("D3020", -1, limit)
    if isinstance(separator, str):
        parts = text.split(separator) if separator else list(units(text))
        return parts if limit is None else parts[: math.trunc(limit)]
    whole, start, parts = units(text), 0, []
    for match in _few(_matches(separator, whole), limit, "D3020"):
        parts.append(joined(whole[start : match.start()]))
        start = match.end()
    if limit is None or len(parts) < limit:
        parts.append(joined(whole[start:]))
    return parts


def replace(text: str | None, pattern: Any, replacement: Any, limit: float | None) -> str | None:
    """``$replace``: ``$1`` and ``$$`` mean something only with a regular expression."""
    if text is None:
        return None
    if pattern == "":
        raise JException("D3010", -1, pattern)
    if limit is not None and limit < 0:
        raise JException("D3011", -1, limit)
    if isinstance(pattern, str):
        if not isinstance(replacement, str):
            raise failure("$replace: a function replaces the matches of a regular expression only")
        return text.replace(pattern, replacement, -1 if limit is None else math.ceil(limit))
    whole, start, parts = units(text), 0, []
    for match in _few(_matches(pattern, whole), limit, "D3011"):
        parts += [whole[start : match.start()], _replacement(match, replacement)]
        start = match.end()
    return joined("".join([*parts, whole[start:]]))


def _replacement(match: re.Match[str], replacement: Any) -> str:
    if isinstance(replacement, str):
        return _filled(replacement, match)
    match_object = {
        "match": joined(match[0]),
        "start": match.start(),
        "end": match.end(),
        "groups": _groups(match),
    }
    made = Functions.func_apply(replacement, [match_object])
    if not isinstance(made, str):
        raise JException("D3012", -1, made)
    return units(made)


def _filled(replacement: str, match: re.Match[str]) -> str:
    """Return ``replacement`` with $0, $1, $12, $$ filled in."""
    groups = match.groups()
    digits = len(str(len(groups)))

    def fill(dollar: re.Match[str]) -> str:
        if dollar[1] == "$":
            return "$"
        if dollar[1].startswith("0"):
            return match[0] + dollar[1][1:]
        number = dollar[1][:digits]
        if digits > 1 and int(number) > len(groups):
            number = number[:-1]
        group = groups[int(number) - 1] if 0 < int(number) <= len(groups) else None
        return (group or "") + dollar[1][len(number) :]

    return re.sub(r"\$(\$|[0-9]+)", fill, units(replacement))
