"""Names of things on AWS, made here and nowhere else.

Distinct parts never make the same name: parts are joined by ``--``, which no part holds, and
whatever does not fit so is marked by ``---`` and a hash of all parts.
"""

import hashlib
import re

_SEPARATOR = "--"
_MARK = "---"
_HASH_LENGTH = 12
_PLAIN = re.compile(r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*")


def resource_name(*parts: str, longest: int = 64, lower: bool = False) -> str:
    """Return one name for ``parts``, of at most ``longest`` characters out of ``A-Za-z0-9_-``.

    ``lower`` is for services that know no capitals and no underscores (S3).
    """
    shown = [part.lower().replace("_", "-") if lower else part for part in parts]
    name = _SEPARATOR.join(shown)
    plain = all(_PLAIN.fullmatch(part) for part in shown)
    if plain and shown == list(parts) and len(name) <= longest:
        return name
    digest = hashlib.sha256("\n".join(f"{len(part)}:{part}" for part in parts).encode())
    ending = _MARK + digest.hexdigest()[:_HASH_LENGTH]
    start = re.sub(r"[^A-Za-z0-9_]+", "-", name)[: longest - len(ending)]
    return start.strip("-") + ending


def function_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the Lambda function called ``name``."""
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


def execution_arn(region: str, account: str, machine: str, execution: str) -> str:
    """Return the ARN of one execution of the state machine called ``machine``."""
    return f"arn:aws:states:{region}:{account}:execution:{machine}:{execution}"


def machine_arn(region: str, account: str, machine: str) -> str:
    """Return the ARN of the state machine called ``machine``."""
    return f"arn:aws:states:{region}:{account}:stateMachine:{machine}"


def zones(layer: str) -> tuple[str, str] | None:
    """Return the source and target zone of a layer ``<source>-to-<target>``, None for others."""
    source, found, target = layer.rpartition("-to-")
    return (source, target) if found and source and target else None
