"""Whether a policy allows an action on a resource.

It imports the standard library alone: the lake's server loads it by its path.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

import functools
import re
from collections.abc import Mapping
from typing import Any

# An escape stands for the one character in it:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
_ESCAPE = re.compile(r"\$\{([*?$])\}")
_SPECIAL = re.compile(r"(\$\{[*?$]\}|[*?])")
_WILDCARDS = {"*": ".*", "?": "."}


def allows(
    policy: Mapping[str, Any], action: str, resource: str, *, prefix: str | None = None
) -> bool:
    """Return whether a statement of ``policy`` allows ``action`` on the ARN ``resource``.

    No statement denies. The conditions StringEquals and StringLike for ``s3:prefix`` count, where
    ``prefix`` is that of a list request; others are taken as met.
    """
    return any(
        _matched(statement["Action"], action, any_case=True)
        and _matched(statement["Resource"], resource)
        and _met(statement.get("Condition", {}), prefix)
        for statement in policy["Statement"]
    )


def _met(condition: Mapping[str, Mapping[str, Any]], prefix: str | None) -> bool:
    return all(
        prefix is not None and fits(texts, prefix)
        for operator, fits in (("StringLike", _matched), ("StringEquals", _equal))
        for key, texts in condition.get(operator, {}).items()
        if key.lower() == "s3:prefix"
    )


def _matched(patterns: str | list[str], text: str, *, any_case: bool = False) -> bool:
    flags = re.DOTALL | (re.IGNORECASE if any_case else 0)
    return any(re.fullmatch(_regular(pattern), text, flags) for pattern in _list(patterns))


def _equal(texts: str | list[str], text: str) -> bool:
    return text in [_ESCAPE.sub(r"\1", expected) for expected in _list(texts)]


def _list(texts: str | list[str]) -> list[str]:
    return [texts] if isinstance(texts, str) else texts


@functools.cache
def _regular(pattern: str) -> str:
    """Return a pattern of a policy as a regular expression."""
    return "".join(
        _WILDCARDS.get(part) or re.escape(_ESCAPE.sub(r"\1", part))
        for part in _SPECIAL.split(pattern)
    )
