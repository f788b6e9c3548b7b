"""Values of secrets, replaced by ``[secret NAME]`` in all that is shown or saved of a run."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote, quote_plus

from pydantic import JsonValue

from dorc_runtime.runs.events import (
    Ending,
    Event,
    ExecutionRedriven,
    ExecutionStatusChanged,
    FunctionCalled,
    FunctionLogged,
    FunctionMeasured,
    MapProgressed,
    StateCaught,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
    StateWaiting,
)
from dorc_runtime.runs.result import Refusal, RunResult, ServiceCall

# A shorter value would also be found in texts that have nothing to do with it.
SHORTEST = 4
# For the lines and the members of a value, which are no secrets by themselves.
_SHORTEST_PART = 8
# JSON in JSON: the cause of a Call has the causes of what it called.
_DEEPEST = 5

Record = TypeVar("Record", bound=Event | Ending)


@dataclass(frozen=True)
class Redaction:
    """Replaces ``values``, by the names of the secrets; those values are never shown.

    A value is found as it is, in a longer text, and escaped by JSON, Python or a URL, or in Base64;
    so are the lines of a value, and the members of one that is JSON.
    """

    values: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __hash__(self) -> int:
        return hash(tuple(self.values.items()))

    def text(self, text: str) -> str:
        """Return ``text`` with the names of secrets in place of their values."""
        if not self._is_in(text):
            return text
        return self._pattern.sub(lambda form: f"[secret {self.forms[form[0]]}]", text)

    def value(self, value: JsonValue) -> JsonValue:
        """Return a value of JSON with its texts, keys and numbers redacted."""
        if isinstance(value, str):
            return self.text(value)
        if not self.values or value is None:
            return value
        dumped = json.dumps(value, ensure_ascii=False)
        if not self._is_in(dumped):
            return value
        try:
            return self._members(value)
        except RecursionError:
            return self.text(dumped)

    def body(self, body: bytes) -> bytes:
        """Return the content of a file, redacted where it is text."""
        for form, name in self.forms.items():
            if (encoded := form.encode()) in body:
                body = body.replace(encoded, f"[secret {name}]".encode())
        return body

    def event(self, event: Event) -> Event:
        """Return ``event`` with what came from functions, services and inputs redacted."""
        if not self.values:
            return event
        match event:
            case FunctionLogged(text=text):
                return replace(event, text=self.text(text)) if self._is_in(text) else event
            case FunctionCalled():
                return self._record(event, "event")
            case StateEntered():
                return self._record(event, "input")
            case StateExited():
                return self._record(event, "output")
            case StateRetried() | StateCaught():
                return self._record(event, "error", "cause")
            case StateFailed():
                return self._failed(event)
            case ExecutionStatusChanged(ending=ending):
                change = self._record(event, "input")
                return replace(change, ending=self.ending(ending)) if ending else change
            case StateWaiting() | MapProgressed() | FunctionMeasured() | ExecutionRedriven():
                return event

    def ending(self, ending: Ending) -> Ending:
        """Return how a run ended, redacted."""
        redacted = self._record(ending, "output", "error", "cause", "advice")
        return replace(redacted, failed=self._failed(ending.failed)) if ending.failed else redacted

    def result(self, result: RunResult) -> RunResult:
        """Return the record of a run, redacted, except for data: objects, items and messages.

        Its events are redacted already, one by one.
        """
        if not self.values:
            return result
        return replace(
            result,
            input=self.value(result.input),
            ending=self.ending(result.ending),
            written={self.text(key): body for key, body in result.written.items()},
            refusals=tuple(
                Refusal(function, action, self.text(resource))
                for function, action, resource in result.refusals
            ),
            notes=tuple(self.text(note) for note in result.notes),
            calls=tuple(call._replace(arguments=self._object(call)) for call in result.calls),
        )

    def _failed(self, failed: StateFailed) -> StateFailed:
        redacted = self._record(failed, "error", "cause", "input")
        return replace(redacted, inner=self.ending(failed.inner)) if failed.inner else redacted

    def _object(self, call: ServiceCall) -> Mapping[str, JsonValue]:
        redacted = self.value(dict(call.arguments))
        return redacted if isinstance(redacted, dict) else {}

    def _record(self, record: Record, *names: str) -> Record:
        changes: dict[str, Any] = {}
        for name in names:
            before = getattr(record, name)
            after = self.value(before)
            if after is not before:
                changes[name] = after
        return replace(record, **changes) if changes else record

    def _members(self, value: JsonValue) -> JsonValue:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key): self._members(inner) for key, inner in value.items()}
            case list():
                return [self._members(inner) for inner in value]
            case bool() | None:
                return value
            case _:
                shown = json.dumps(value)
                redacted = self.text(shown)
                return value if redacted == shown else redacted

    @cached_property
    def forms(self) -> dict[str, str]:
        """Each form of each value, with the name of the secret; long forms first."""
        forms = {
            form: name
            for name, value in self.values.items()
            for part in (value, *_parts(value))
            for form in _encoded(part)
            if len(form) >= SHORTEST
        }
        return dict(sorted(forms.items(), key=lambda each: -len(each[0])))

    @cached_property
    def _shortest_forms(self) -> tuple[str, ...]:
        """The forms that contain no other: a text without them has none."""
        forms = tuple(self.forms)
        return tuple(
            form for form in forms if not any(other in form for other in forms if other != form)
        )

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self.forms)))

    def _is_in(self, text: str) -> bool:
        # Each printed line comes here: a loop takes a third of the time of a regular expression.
        for form in self._shortest_forms:  # noqa: SIM110 # a generator takes twice as long
            if form in text:
                return True
        return False


def _parts(value: str) -> Iterator[str]:
    """Yield what may be shown of a value without the rest: its lines, and the texts in its JSON."""
    lines = value.splitlines()
    parts = [line.strip() for line in lines] if len(lines) > 1 else []
    try:
        waiting = [json.loads(value)]
    except (ValueError, RecursionError):
        waiting = []
    while waiting:
        match waiting.pop():
            case str(text):
                parts.append(text)
            case dict(members):
                waiting += members.values()
            case list(items):
                waiting += items
            case _:
                pass
    yield from (part for part in parts if len(part) >= _SHORTEST_PART)


def _encoded(text: str) -> Iterator[str]:
    """Yield ``text`` in each form in which programs write it."""
    for ascii_only in (False, True):
        escaped = text
        for _ in range(_DEEPEST):
            yield escaped
            escaped = json.dumps(escaped, ensure_ascii=ascii_only)[1:-1]
    body = text.encode()
    for shown in (repr, ascii):
        yield shown(text)[1:-1]
        # In a longer text with both quotes, Python escapes one of them.
        yield shown(f"'\"{text}")[4:-1]
    yield repr(body)[2:-1]
    for quoted in (quote(text, safe=""), quote(text), quote_plus(text)):
        yield quoted
        yield re.sub("%..", lambda escape: escape[0].lower(), quoted)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(body).decode()
        # In a longer text, its bytes begin in one of three places of a group of four letters.
        for before in range(3):
            letters = encode(bytes(before) + body + bytes(2)).decode()
            # Of letters that also hold bits of neighbours, nothing is known.
            yield letters[-(-before * 8 // 6) : (before + len(body)) * 8 // 6]
