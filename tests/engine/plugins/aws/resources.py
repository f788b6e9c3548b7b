"""How a resource is created, read, changed and deleted, according to its kind."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import jmespath

from tests.engine.plugins.properties import Properties

from .calls import Aws, is_missing
from .kind import Kind, Step
from .shapes import EMPTY, mirror, same_document

_TAGS = {"tags", "tagsAll"}
# Parameters of operations that are not the resource's own properties.
_FEED = {"changed", "prepared"}


def differences(old: Properties, new: Properties) -> dict[str, str]:
    """Return the properties that differ: ADD, DELETE or UPDATE for each."""
    names = sorted(name for name in old | new if not same_document(old.get(name), new.get(name)))
    return {name: _change(old.get(name), new.get(name)) for name in names}


def replacing(kind: Kind, changed: Iterable[str]) -> set[str]:
    """Return those of the changed properties that need a new resource."""
    if kind.update:
        return set(changed) & {"region", *kind.replace}
    return set(changed) - _TAGS


class Resources:
    """The resources of one provider in one AWS."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def create(self, kind: Kind, new: Properties) -> Properties:
        """Create a resource; return its state."""
        given = self._given(kind, new, changed=set(new))
        answer = self._run(kind, kind.create, given)
        captured = {name: jmespath.search(path, answer) for name, path in kind.capture.items()}
        given = {**given, **captured}
        for step in kind.update:
            if callable(step):
                step(self._aws, given)
        if callable(kind.tags):
            kind.tags(self._aws, given)
        state = {**new, **captured}
        return self.state(kind, state, self.live(kind, state) or {})

    def live(self, kind: Kind, state: Properties) -> Properties | None:
        """Return a resource as AWS has it, None when it does not exist."""
        given = {**self._given(kind, state), "attributes": None, "tags": None}
        try:
            answer = self._run(kind, kind.read, given)
        except Exception as error:
            if is_missing(error):
                return None
            raise
        answer.pop("ResponseMetadata", None)
        path = re.sub(r"<(\w+)>", lambda match: str(state.get(match[1])), kind.path)
        found: Properties | None = jmespath.search(path, answer)
        return found

    def current(self, kind: Kind, inputs: Properties, live: Properties) -> Properties:
        """Return the inputs that would give what AWS has."""
        rename = {**kind.rename, **{name: (to,) for name, to in kind.attributes.items()}}
        mirrored: Properties = mirror(inputs, live, rename)
        kept = {name: inputs[name] for name in ("region", *_TAGS) if name in inputs}
        return {**mirrored, **kept}

    def update(self, kind: Kind, state: Properties, old: Properties, new: Properties) -> Properties:
        """Change a resource from the inputs ``old`` to ``new``; return its state."""
        changed = differences(old, new)
        computed = {
            name: value
            for name, value in state.items()
            if name in kind.capture or name in kind.outputs
        }
        removed = {
            name: kind.defaults.get(name, EMPTY) for name, how in changed.items() if how == "DELETE"
        }
        given = self._given(kind, {**removed, **computed, **new}, changed=set(changed))
        causes = set(changed) - _TAGS
        if causes:
            causes |= given["prepared"]
        if causes & set(kind.attributes):
            causes.add("attributes")
        for step in kind.update:
            self._step(kind, step, given, causes)
        if "tagsAll" in changed and kind.tags is not None:
            self._retag(kind, given, old.get("tagsAll") or {}, new.get("tagsAll") or {})
        known = {**computed, **new}
        return self.state(kind, known, self.live(kind, known) or {})

    def delete(self, kind: Kind, state: Properties) -> None:
        """Delete a resource; one that does not exist is no error."""
        try:
            self._run(kind, kind.delete, {**self._given(kind, state), "tags": None})
        except Exception as error:
            if not is_missing(error):
                raise

    def state(self, kind: Kind, properties: Properties, live: Properties) -> Properties:
        """Return a resource's state: inputs, the outputs of AWS, and defaults."""
        state = {**kind.defaults, **properties}
        templates = {name: text for name, text in kind.outputs.items() if "{" in text}
        for name, path in kind.outputs.items():
            if name not in templates:
                found = _plain(jmespath.search(path, live))
                state[name] = state.get(name) if found is None else found
        return state | {name: self.filled(text, state) for name, text in templates.items()}

    def filled(self, template: str, state: Properties) -> str:
        """Return a template with values of the state in its braces."""
        account = self._aws.account if "{account}" in template else ""
        return template.format_map({**state, "account": account, "region": self._aws.region})

    def _given(
        self, kind: Kind, properties: Properties, *, changed: set[str] | None = None
    ) -> Properties:
        given = {**properties, "tags": properties.get("tagsAll") or None}
        given["changed"] = changed or set()
        prepared = kind.prepare(self._aws, given)
        return {**given, **prepared, "prepared": set(prepared)}

    def _run(self, kind: Kind, step: Step, given: Properties) -> Any:
        if callable(step):
            return step(self._aws, given)
        return self._aws.call(kind.service, step, _wire(kind, given), kind.rename)

    def _step(self, kind: Kind, step: Step, given: Properties, causes: set[str]) -> None:
        if callable(step):
            step(self._aws, given)
            return
        wire = _wire(kind, given)
        parameters, used = self._aws.request(kind.service, step, wire, kind.rename)
        if parameters is not None and used & causes:
            self._run(kind, step, {**given, "tags": None})

    def _retag(
        self, kind: Kind, given: Properties, old: Mapping[str, str], new: Mapping[str, str]
    ) -> None:
        if callable(kind.tags):
            kind.tags(self._aws, given)
            return
        arn = given.get("arn")
        given = {**given, "resourceArn": arn, "resource": arn}
        removed = [key for key in old if key not in new]
        if removed:
            self._run(kind, f"untag_{kind.tags}", {**given, "tagKeys": removed})
        if new:
            self._run(kind, f"tag_{kind.tags}", {**given, "tags": new})


def _change(old: object, new: object) -> str:
    if old is None:
        return "ADD"
    return "DELETE" if new is None else "UPDATE"


def _wire(kind: Kind, given: Properties) -> Properties:
    """Return the properties, with those that AWS calls attributes in a map."""
    values = {to: given[name] for name, to in kind.attributes.items() if given.get(name)}
    texts = {to: "" if value is EMPTY else _text(value) for to, value in values.items()}
    rest = {name: value for name, value in given.items() if name not in _FEED}
    return {"attributes": texts, **rest} if texts else rest


def _text(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _plain(value: object) -> object:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value
