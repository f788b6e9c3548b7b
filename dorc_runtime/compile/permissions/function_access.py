"""What a function reads and writes, and the variables with the addresses of it.

A function of a layer ``<source>-to-<target>`` reads the source zone and writes the target zone,
unless ``reads`` and ``writes`` say otherwise.
"""

import re
from collections.abc import Sequence

from dorc_runtime.compile.names import zones
from dorc_runtime.compile.target import Target
from dorc_runtime.model.references import plain_text
from dorc_runtime.model.resources import Resource
from dorc_runtime.model.secrets import Secret
from dorc_runtime.model.steps import Function

Entry = str | Resource
# The variable with the name of the environment.
ENVIRONMENT = "ENVIRONMENT"
# The variables with the buckets of the layer's source and target zone.
LAYER_VARIABLES = ("SOURCE_BUCKET", "TARGET_BUCKET")


def reads(step: Function, layer: str) -> tuple[Entry, ...]:
    """Return what ``step`` in a pipeline of ``layer`` reads."""
    return (zones(layer) or ())[:1] if step.reads is None else step.reads


def writes(step: Function, layer: str) -> tuple[Entry, ...]:
    """Return what ``step`` in a pipeline of ``layer`` writes."""
    return (zones(layer) or ())[1:] if step.writes is None else step.writes


def objects(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return those of ``entries`` that are zones or buckets, each with its prefix."""
    return tuple(entry for entry in entries if isinstance(entry, str))


def resources(entries: Sequence[Entry]) -> tuple[Resource, ...]:
    """Return those of ``entries`` that are resources."""
    return tuple(entry for entry in entries if isinstance(entry, Resource))


def address_variable(entry: Entry) -> str:
    """Return the variable with the address of ``entry``: ``RAW_BUCKET``, ``ORDERS_TABLE``."""
    kind = "bucket" if isinstance(entry, str) else entry.kind
    name = entry.partition("/")[0] if isinstance(entry, str) else entry.name
    return re.sub(r"[^A-Z0-9]", "_", f"{name}_{kind}".upper())


def address_variables(step: Function, layer: str, target: Target) -> dict[str, str]:
    """Return the variables with the environment and the addresses of all that ``step`` uses.

    ``SOURCE_BUCKET`` and ``TARGET_BUCKET`` are the buckets of the layer's zones.
    """
    between = zones(layer) or ()
    variables = {ENVIRONMENT: target.environment}
    for name, zone in zip(LAYER_VARIABLES, between, strict=False):
        variables[name] = target.buckets.get(zone, zone)
    for entry in (*reads(step, layer), *writes(step, layer)):
        variables[address_variable(entry)] = _address(entry, target)
    for secret in step.secrets:
        variables[secret_variable(secret)] = target.secret_id(secret)
    return variables


def secret_variable(secret: Secret) -> str:
    """Return the variable with the name or ARN of ``secret``: ``SECRET_WEATHER_KEY``."""
    return f"SECRET_{secret.name}".replace("-", "_").upper()


def function_variables(step: Function, layer: str, target: Target) -> dict[str, str]:
    """Return the variables of ``step``: addresses, settings that have a value, and its own."""
    values = step.settings.items()
    settings = {name: plain_text(value) for name, value in values if value is not None}
    return {**address_variables(step, layer, target), **settings, **step.environment}


def _address(entry: Entry, target: Target) -> str:
    if isinstance(entry, Resource):
        return target.address(entry)
    first = entry.partition("/")[0]
    return target.buckets.get(first, first)
