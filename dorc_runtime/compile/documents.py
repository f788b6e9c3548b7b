"""What all documents share: types, limits, the context of their states, and small conversions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import JsonValue

LARGEST_PAYLOAD = 256 * 1024
"""The most bytes of an input or an output that Step Functions takes.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

Document = dict[str, JsonValue]
States = dict[str, Document]

# What a policy reads as a wildcard or a variable:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
_SPECIAL = re.compile(r"[*?$]")
_EXPRESSION = re.compile(r"\{%.*%\}", re.DOTALL)


@dataclass(frozen=True)
class Context:
    """What all states of one machine share.

    ``arns`` has the ARNs of functions by name, ``machines`` the ARNs of called state machines by
    pipeline, ``buckets`` the buckets of zones, and ``names`` the names of the states so far.
    """

    arns: Mapping[str, str]
    machines: Mapping[str, str]
    buckets: Mapping[str, str]
    names: set[str] = field(default_factory=set)

    def unique_name(self, base: str) -> str:
        """Return a name that no other state has: ``base``, or ``base`` with a number."""
        name, number = base, 1
        while name in self.names:
            number += 1
            name = f"{base} {number}"
        self.names.add(name)
        return name


def is_expression(value: JsonValue) -> bool:
    """Return whether ``value`` is an expression, so that it is known only in a run."""
    return isinstance(value, str) and _EXPRESSION.fullmatch(value) is not None


def seconds(length: timedelta) -> int:
    """Return ``length`` in seconds."""
    return int(length.total_seconds())


def policy_literal(text: str) -> str:
    """Return ``text`` for an ARN in a policy, with wildcards escaped."""
    return _SPECIAL.sub(r"${\g<0>}", text)
