"""What the provider needs to know about a type of resource."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.engine.plugins.properties import Properties

from .calls import Aws
from .shapes import Rename

# The name of an operation in boto3, or a function that needs several operations.
Step = str | Callable[[Aws, Properties], Any]


def _nothing(aws: Aws, given: Properties) -> Properties:
    return {}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How AWS handles a type of Pulumi's AWS provider; names connect properties and parameters.

    ``id`` is a template over the properties. Steps of ``update`` are called when a property that
    they take has changed, functions among them always and after ``create`` too; without any, every
    change replaces. ``path`` leads to the resource in what ``read`` answers, as JMESPath with
    properties in angle brackets. ``capture`` are outputs from what ``create`` answers, needed to
    read the resource; ``outputs`` those from what ``read`` answers, or templates where there are
    braces. ``attributes`` are properties that travel in the parameter ``Attributes``. A change of
    one of ``replace`` needs a new resource. ``prepare`` works out further properties for the
    operations; ``changed`` among those it is given names the new ones. ``tags`` is the X of the
    operations ``tag_X`` and ``untag_X``, or what sets all tags; None where there are none.
    """

    service: str
    create: Step
    read: Step
    delete: Step
    id: str
    update: tuple[Step, ...] = ()
    path: str = "@"
    capture: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    rename: Rename = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    replace: tuple[str, ...] = ()
    defaults: Properties = field(default_factory=dict)
    prepare: Callable[[Aws, Properties], Properties] = _nothing
    tags: Step | None = "resource"
