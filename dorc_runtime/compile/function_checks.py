"""The problems of what a step uses: environment variables, and resources."""

import re
from collections.abc import Iterable, Iterator

from dorc_runtime.compile.document.document_checks import Findings
from dorc_runtime.compile.names import zones
from dorc_runtime.compile.permissions.function_access import (
    ENVIRONMENT,
    LAYER_VARIABLES,
    Entry,
    address_variable,
    function_variables,
    objects,
    reads,
    resources,
    secret_variable,
    writes,
)
from dorc_runtime.compile.target import Target
from dorc_runtime.errors import DefinitionError
from dorc_runtime.model.resources import Bucket, Resource, entry_remedy, resource_arguments
from dorc_runtime.model.steps import Function, Service

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_LARGEST_ENVIRONMENT = 4 * 1024
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
_RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
    }
)


def function_problems(step: Function, layer: str, target: Target | None) -> Findings:
    """Yield the problems of what ``step`` of a pipeline of ``layer`` uses.

    Without a ``target`` its resources and the size of its variables are not checked.
    """
    yield from ((step.name, message) for message in _variables(step, layer))
    if target is None:
        return
    yield from ((step.name, message) for message in _texts(step, target))
    used = (*resources((*reads(step, layer), *writes(step, layer))), *step.resources)
    yield from ((step.name, problem) for problem in _resources(used, target))
    variables = function_variables(step, layer, target)
    size = sum(len(f"{key}{value}".encode()) for key, value in variables.items())
    if size > _LARGEST_ENVIRONMENT:
        yield (
            step.name,
            f"environment: its {len(variables)} variables have {size} bytes, and Lambda accepts "
            f"{_LARGEST_ENVIRONMENT}: move large values to a file next to lambda.py",
        )


def service_problems(step: Service, target: Target) -> Iterator[str]:
    """Yield the problems of the arguments of ``step`` that name a resource."""
    yield from _resources(step.resources, target)
    known = {(each.kind, each.name) for each in target.resources}
    for key, kind, text in resource_arguments(step.arguments):
        if (kind, text) in known:
            yield (
                f"{key} is the text '{text}': write {text.replace('-', '_')}, the resource of "
                "pipeline_config.py"
            )


def _resources(used: Iterable[Resource], target: Target) -> Iterator[str]:
    """Yield the problems of resources that the configuration lacks, or has with other fields."""
    for resource in dict.fromkeys(used):
        try:
            target.check_resource(resource)
        except DefinitionError as error:
            yield str(error).removesuffix(".")


def _texts(step: Function, target: Target) -> Iterator[str]:
    """Yield the problems of texts in reads and writes that name a resource which is no bucket."""
    others = {each.name: each.kind for each in target.resources if not isinstance(each, Bucket)}
    for field, entries in (("reads", step.reads), ("writes", step.writes)):
        for entry in objects(entries or ()):
            name = entry.partition("/")[0]
            if name in others and name not in target.buckets:
                yield entry_remedy(field, others[name], name)


def _variables(step: Function, layer: str) -> Iterator[str]:
    """Yield the problems of variables: names that Lambda refuses, and names of two things."""
    for field, names in (("environment", step.environment), ("settings", step.settings)):
        for name in names:
            if name in _RESERVED:
                yield f"{field}: Lambda itself sets the variable '{name}': rename it"
            elif not _VARIABLE.fullmatch(name):
                yield (
                    f"{field}: '{name}' cannot be a variable of Lambda: write at least two "
                    "letters, digits and underscores, a letter first"
                )
    meanings: dict[str, str] = {}
    for name, meaning in _meanings(step, layer):
        if meanings.setdefault(name, meaning) != meaning:
            yield (
                f"{meaning} and {meanings[name]} would have the same variable, '{name}': rename "
                "or remove one of them"
            )
    for name in sorted(step.environment.keys() & meanings.keys()):
        yield f"environment: '{name}' would hide {meanings[name]}: rename it, or remove it"


def _meanings(step: Function, layer: str) -> Iterator[tuple[str, str]]:
    """Yield the variables that dorc sets, each with what it is for."""
    yield ENVIRONMENT, "the name of the environment"
    for name, zone in zip(LAYER_VARIABLES, zones(layer) or (), strict=False):
        yield name, f"the bucket of '{zone}'"
    for entry in (*reads(step, layer), *writes(step, layer)):
        yield address_variable(entry), f"the {_described(entry)}"
    for secret in step.secrets:
        yield secret_variable(secret), f"the secret '{secret.name}'"
    for setting in step.settings:
        yield setting, f"the setting '{setting.lower()}'"


def _described(entry: Entry) -> str:
    if isinstance(entry, str):
        return f"bucket of '{entry.partition('/')[0]}'"
    return f"{entry.kind} '{entry.name}'"
