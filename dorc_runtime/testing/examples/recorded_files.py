"""Expected files that are written from a run: what `invoke test --record` does."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pydantic import JsonValue

from dorc_runtime.errors import InputError, UnknownNameError
from dorc_runtime.testing.examples.comparison_rules import Rules, read_rules
from dorc_runtime.testing.examples.expected_files import (
    ERROR,
    FOLDER,
    LAKE,
    MESSAGES,
    OUTPUT,
    TABLE_ITEMS,
    expected_files,
    file_differences,
)

if TYPE_CHECKING:
    from dorc_runtime.project.repository import PipelineFolder, Repository
    from dorc_runtime.runs.redaction import Redaction
    from dorc_runtime.testing.pipeline_runs import PipelineRun


@dataclass(frozen=True)
class Recording:
    """What to change in ``folder``, the ``expected/`` of an example, so that a run fits it.

    ``new`` and ``changed`` have the content of files, by their path in the folder; ``differences``
    the lines for each changed one. ``removed`` are those of which the run has nothing.
    """

    folder: Path
    new: dict[str, bytes]
    changed: dict[str, bytes]
    differences: dict[str, list[str]]
    removed: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.new) + len(self.changed) + len(self.removed)

    def write(self) -> None:
        """Change the files."""
        for name, body in (self.new | self.changed).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)
        for name in self.removed:
            path = self.folder / name
            path.unlink()
            while path.parent != self.folder and not any(path.parent.iterdir()):
                path = path.parent
                path.rmdir()


def examples_to_record(
    repository: Repository, pipelines: Sequence[PipelineFolder], name: str | None
) -> list[tuple[PipelineFolder, str]]:
    """Return the examples that have ``expected/``, or those with the given name.

    Raises:
        UnknownNameError: There is no example of that name.
        InputError: No example has ``expected/``.
    """
    known = [(pipeline, example) for pipeline in pipelines for example in pipeline.examples]
    if name is not None:
        if named := [each for each in known if each[1] == name]:
            return named
        raise UnknownNameError("example", name, sorted({example for _, example in known}))
    if with_files := [each for each in known if _folder(*each).is_dir()]:
        return with_files
    names = ", ".join(repository.show(_folder(*each).parent) for each in known) or "none"
    raise InputError(
        f"no example has a folder {FOLDER}/: name the one that gets it, --record NAME. "
        f"Examples: {names}."
    )


def recording(
    pipeline: PipelineFolder,
    example: str,
    run: PipelineRun,
    *,
    everything: bool,
    redactions: Collection[Redaction],
) -> Recording:
    """Return what to change in ``expected/`` so that ``run`` fits it.

    Files that exist are changed or removed; ``everything`` that the run has is added.

    Raises:
        InputError: ``expected.toml`` has a mistake, or a file would have a secret of
            ``redactions``.
    """
    folder = _folder(pipeline, example)
    files = expected_files(folder)
    rules = read_rules(folder.parent, files)
    recorded = dict(_contents(run))
    differences = {
        file: lines
        for file in files
        if file in recorded and (lines := _differences(folder, file, run, rules))
    }
    ending = {OUTPUT, ERROR} if {OUTPUT, ERROR} & set(files) else set()
    new = {
        file: body
        for file, body in recorded.items()
        if file not in files and (file in ending or (everything and body))
    }
    changed = {file: recorded[file] for file in differences}
    for file, body in (new | changed).items():
        if any(redaction.body(body) != body for redaction in redactions):
            raise InputError(
                f"{pipeline.id}, example {example}: {file} would have the value of a secret. Write "
                "the data without it, or expect other files."
            )
    return Recording(
        folder,
        new=new,
        changed=changed,
        differences=differences,
        removed=tuple(file for file in files if file not in recorded),
    )


def _differences(folder: Path, file: str, run: PipelineRun, rules: Rules) -> list[str]:
    try:
        return file_differences(folder, file, run, rules)
    except InputError as error:
        return [str(error)]


def _folder(pipeline: PipelineFolder, example: str) -> Path:
    return pipeline.path / "examples" / example / FOLDER


def _contents(run: PipelineRun) -> Iterator[tuple[str, bytes]]:
    """Yield the content of each expected file that ``run`` fits."""
    if run.succeeded:
        yield OUTPUT, _json(run.output, indent=2)
    else:
        error: dict[str, JsonValue] = {"error": run.error}
        if cause := _cause(run.cause):
            error["cause"] = cause
        yield ERROR, _json(error)
    for key, body in run.lake.items():
        # Some keys are no paths, such as those of empty folders.
        if PurePosixPath(key).as_posix() == key:
            yield f"{LAKE}/{key}", body
    for kind, records in ((TABLE_ITEMS, run.tables), (MESSAGES, run.messages)):
        for name, values in records.items():
            lines = (dict(each) if isinstance(each, Mapping) else each for each in values)
            yield f"{kind}/{name}.jsonl", b"".join(_json(line) for line in lines)


def _cause(cause: str) -> str:
    """Return the part of a cause that is the same in each run: of Lambda's JSON, the message."""
    try:
        message = str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause
    return message if message in cause else ""


def _json(value: JsonValue, *, indent: int | None = None) -> bytes:
    return json.dumps(value, indent=indent, ensure_ascii=False).encode() + b"\n"
