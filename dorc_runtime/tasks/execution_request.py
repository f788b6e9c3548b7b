"""What `invoke run --execution` starts with: the input of an execution on AWS, and its objects."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from invoke.context import Context

from dorc_runtime.compile.target import Target
from dorc_runtime.errors import InputError
from dorc_runtime.local.inputs import Request
from dorc_runtime.local.plan.local_target import local_target
from dorc_runtime.model.resources import Bucket
from dorc_runtime.operate.deployed_executions import Execution, find_execution
from dorc_runtime.operate.execution_control import input_of
from dorc_runtime.operate.execution_inputs import (
    OBJECTS,
    NamedObject,
    fetch_object,
    named_objects,
    stored_object,
    with_names,
)
from dorc_runtime.project.definitions import load_config
from dorc_runtime.project.repository import Repository
from dorc_runtime.tasks.aws_options import aws_environment, resolved_pipeline
from dorc_runtime.tasks.options import environment_option

if TYPE_CHECKING:
    from dorc_runtime.compile.triggers.object_triggers import StoredObject
    from dorc_runtime.model.pipeline import Pipeline


def execution_request(
    c: Context,
    repository: Repository,
    pipeline: str,
    *,
    execution: str,
    env: str | None,
    example: str | None,
) -> Request:
    """Return the request of a run that starts as ``execution`` of ``pipeline`` did on AWS.

    The objects in the environment's buckets that its input names are fetched, and nothing there is
    changed. Buckets and resources in the input become those of runs on this machine. What AWS does
    not give comes from ``example``, or else from the default one: mocks, tables, secrets.

    Raises ``StackError`` for an execution that does not exist, and ``InputError`` for an object
    that does not exist any more.
    """
    folder = repository.pipeline(pipeline)
    environment = environment_option(c, repository, env)
    aws = aws_environment(c, repository, environment)
    found = find_execution(aws, [folder.id], execution)
    received = input_of(found)
    source = resolved_pipeline(c, repository, aws, folder.id)
    assert source.target is not None, source  # noqa: S101 # it is resolved
    places = _places(source.pipeline, source.target)
    objects = {}
    for named in named_objects(received, places):
        stored = stored_object(aws, named.bucket, named.key)
        if stored is None:
            raise InputError(
                f"{named.key} in {named.bucket}, which {found.name} started with, does not exist "
                "any more: upload it again, or give a file of your own with --file."
            )
        _note_change(found, named, stored)
        file = fetch_object(aws, stored, folder=repository.root / OBJECTS)
        objects[f"{places[named.bucket]}/{named.key}"] = file
    local = local_target(repository, load_config(repository))
    example = example or folder.default_example
    return Request(
        example,
        input=json.dumps(with_names(received, _names(source.target, local))),
        objects=objects,
        origin=f"execution {found.name} in {environment}"
        + (f", with example {example}" if example else ""),
    )


def _places(pipeline: Pipeline, target: Target) -> dict[str, str]:
    """Return what stands for each bucket in a run: a zone, a resource, or the bucket's own name."""
    own = [getattr(trigger, "bucket", None) for trigger in pipeline.triggers]
    watched = {bucket: bucket for bucket in own if bucket is not None}
    return watched | {bucket: place for place, bucket in target.buckets.items()}


def _names(target: Target, local: Target) -> Mapping[str, str]:
    """Return the names and addresses in ``target``, each with the one in local runs."""
    names = {
        bucket: local.zones[place]
        for place, bucket in target.buckets.items()
        if place in local.zones
    }
    for each in (each for each in target.resources if not isinstance(each, Bucket)):
        for name in (Target.arn, Target.address, Target.name):
            names[name(target, each)] = name(local, each)
    return names


def _note_change(execution: Execution, named: NamedObject, stored: StoredObject) -> None:
    """Say on standard error that an object is no longer what the execution read."""
    if stored.etag != named.etag if named.etag else stored.written > execution.started:
        sys.stderr.write(
            f"note: {named.key} in {named.bucket} was written again since: the run has the new "
            "content.\n"
        )
