"""State machines in JSONata mode as documents: their parts, and what is refused in them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from dorc_runtime.errors import DefinitionError

_KINDS = ("Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait")
_FIELDS = {
    "Choice": ("Choices",),
    "Parallel": ("Branches",),
    "Task": ("Resource",),
}
# As well as all fields with a name that ends with Path.
_JSONPATH = frozenset({"Parameters", "Result", "ResultSelector"})
# What means something else in JSONPath.
_DIFFERENT = frozenset({"Assign", "ItemBatcher", "ItemReader", "ItemSelector", "ResultWriter"})


def check_document(document: Mapping[str, Any]) -> None:
    """Check that ``document`` can be run.

    Raises:
        DefinitionError: A field is missing, or belongs to JSONPath.
    """
    problem = next(_problems(document, document.get("QueryLanguage", "JSONPath")), None)
    if problem:
        raise DefinitionError(f"This state machine cannot be run here: {problem}.")


def item_processor(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the machine that a Map runs for each item; ``Iterator`` is its older name."""
    processor: Mapping[str, Any] = state.get("ItemProcessor") or state["Iterator"]
    return processor


def is_distributed(processor: Mapping[str, Any]) -> bool:
    """Return whether a Map runs ``processor`` in executions of their own."""
    mode: str = processor.get("ProcessorConfig", {}).get("Mode", "INLINE")
    return mode == "DISTRIBUTED"


def _problems(machine: Mapping[str, Any], language: str) -> Iterator[str]:
    states = machine.get("States")
    if not isinstance(states, Mapping) or machine.get("StartAt") not in states:
        yield "a machine needs 'States', and 'StartAt' with the name of one of them"
        return
    for name, state in states.items():
        for problem in _state_problems(state, language):
            yield f"the state '{name}' {problem}"
        for target in _targets(state):
            if target not in states:
                yield f"the state '{name}' leads to '{target}', which does not exist"
        for part in _parts(state):
            yield from _problems(part, language)


def _state_problems(state: Mapping[str, Any], language: str) -> Iterator[str]:
    kind = state.get("Type")
    if kind not in _KINDS:
        yield f"has the Type {kind!r}, there is: {', '.join(_KINDS)}"
        return
    for field in _FIELDS.get(kind, ()):
        if field not in state:
            yield f"has no field '{field}'"
    if kind == "Map" and not ("ItemProcessor" in state or "Iterator" in state):
        yield "has no field 'ItemProcessor'"
    for problem in _jsonpath(state, language):
        yield f"has {problem}, and only JSONata is supported"


def _jsonpath(state: Mapping[str, Any], language: str) -> Iterator[str]:
    for fields in (state, *state.get("Catch", ())):
        for field in fields:
            if field in _JSONPATH or field.endswith("Path"):
                yield f"the field '{field}' of JSONPath"
    if any("Condition" not in choice for choice in state.get("Choices", ())):
        yield "a choice without 'Condition'"
    if state.get("QueryLanguage", language) != "JSONata":
        yield from (f"the field '{field}' in JSONPath" for field in _DIFFERENT & state.keys())


def _targets(state: Mapping[str, Any]) -> Iterator[str]:
    for fields in (state, *state.get("Choices", ()), *state.get("Catch", ())):
        yield from (fields[key] for key in ("Next", "Default") if key in fields)


def _parts(state: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from state.get("Branches", ())
    if state.get("Type") == "Map" and ("ItemProcessor" in state or "Iterator" in state):
        yield item_processor(state)
