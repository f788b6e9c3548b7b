"""The HTTP answers of an example: ``http/<host>.json``, a list of answers in each file."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, JsonValue, ValidationError, model_validator

from dorc_runtime.errors import DorcError, InputError, sentence
from dorc_runtime.local.json_text import read_json
from dorc_runtime.model.base import Model
from dorc_runtime.model.invalid_values import invalid_field, invalid_reason

FOLDER = "http"
_LABEL = "[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")


class HttpAnswer(Model):
    """An answer to requests with ``method`` and ``path``.

    With ``query`` the request must have exactly these parameters, without it any. The body is
    ``json``, or ``text``.
    """

    method: str = Field(default="GET", pattern="^[A-Z]+$")
    path: str = Field(pattern="^/[^?#]*$")
    query: dict[str, str] | None = None
    status: int = Field(default=200, ge=200, le=599)
    headers: dict[str, str] = Field(default={})
    json_body: JsonValue = Field(default=None, alias="json")
    text: str | None = None

    @model_validator(mode="after")
    def _one_body(self) -> "HttpAnswer":
        if self.text is not None and "json_body" in self.model_fields_set:
            raise ValueError("json and text are both set: remove one")
        return self

    def matches(self, method: str, target: str) -> bool:
        """Return whether it answers a request with ``method`` and path and query ``target``."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if (self.method, self.path) != (method, parts.path or "/"):
            return False
        return self.query is None or self.query == query


_FIELDS = tuple(field.alias or name for name, field in HttpAnswer.model_fields.items())
HttpAnswers = Mapping[str, tuple[HttpAnswer, ...]]


def answer_form(method: str, target: str) -> str:
    """Return the JSON of an answer to this request, without its body."""
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    fields = {
        **({} if method == "GET" else {"method": method}),
        "path": parts.path or "/",
        **({"query": query} if query else {}),
    }
    return f'{json.dumps(fields, ensure_ascii=False)[:-1]}, "json": ...}}'


def read_answers(example: Path, *, root: Path) -> dict[str, tuple[HttpAnswer, ...]]:
    """Return the answers of an example by host; raise an ``InputError`` for the first problem."""
    return dict(_read(file, root) for file in _files(example))


def answer_problems(example: Path, *, root: Path) -> Iterator[str]:
    """Yield the problems of the files of an example."""
    for path in sorted((example / FOLDER).glob("[!.]*")):
        if path.suffix != ".json":
            shown = path.relative_to(root).as_posix()
            # No domain ends like a misspelt ending of a JSON file.
            stem = path.stem if path.suffix.lower().startswith(".js") else path.name
            yield f"{shown}: no run reads it: rename it to {stem}.json"
    for file in _files(example):
        try:
            _read(file, root)
        except DorcError as error:
            yield str(error)


def _files(example: Path) -> list[Path]:
    return sorted((example / FOLDER).glob("*.json"))


def _read(file: Path, root: Path) -> tuple[str, tuple[HttpAnswer, ...]]:
    where = file.relative_to(root).as_posix()
    if not _HOST.fullmatch(file.stem.lower()):
        raise InputError(
            f"{where}: '{file.stem}' is not the name of a host: name the file after the host "
            "alone, without https://, port and path, such as api.birds.example.json."
        )
    values: Any = read_json(file, name=where)
    if not isinstance(values, list) or not values:
        raise InputError(f'{where} is no list of answers: write [{{"path": "/", "json": ...}}].')
    answers = []
    for index, value in enumerate(values):
        try:
            answers.append(HttpAnswer.model_validate(value))
        except ValidationError as error:
            first = error.errors()[0]
            field = f"{invalid_field(first)}: ".removeprefix(": ")
            reason = invalid_reason(first, known=_FIELDS)
            raise InputError(sentence(f"{where}[{index}]: {field}{reason}")) from error
    return file.stem.lower(), tuple(answers)
