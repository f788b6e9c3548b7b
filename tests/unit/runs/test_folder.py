"""A saved run, read back from its folder: today's files, old ones, and files that are no record."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from dorc_runtime.errors import RunFolderError
from dorc_runtime.runs.events import Ending, StateEntered, StateExited, Visit
from dorc_runtime.runs.folder import read_run, save_run
from dorc_runtime.runs.result import RunResult
from dorc_runtime.runs.visits import StateVisit

NOW = datetime(2026, 1, 31, 6, tzinfo=UTC)


def written(folder: Path, values: JsonValue) -> Path:
    (folder / "result.json").write_text(json.dumps(values), encoding="utf-8")
    return folder


def test_a_saved_run_is_read_as_it_was_saved(tmp_path: Path) -> None:
    visit = Visit(1, "clean", "Task", ("Map", "3"))
    result = RunResult(
        pipeline="raw-to-processed/tidy",
        document={},
        input={"n": 1},
        ending=Ending("SUCCEEDED", output=[2]),
        events=(StateEntered(10.0, visit, None), StateExited(10.5, visit, None)),
        written={"processed/a.csv": b"a"},
        refusals=(),
        seconds=0.5,
    )
    saved = read_run(save_run(result, root=tmp_path, now=NOW))
    assert saved.schema == 2
    assert (saved.pipeline, saved.status) == ("raw-to-processed/tidy", "SUCCEEDED")
    assert (saved.input, saved.output, saved.error) == ({"n": 1}, [2], "")
    assert saved.visits == (StateVisit("clean", "Task", ("Map", "3"), 10.0, 0.5),)
    assert saved.written == ("processed/a.csv",)
    # Inputs and logs may hold secrets.
    assert saved.folder.stat().st_mode & 0o777 == 0o700


def test_objects_with_keys_like_folders_are_saved_next_to_the_objects_in_them(
    tmp_path: Path,
) -> None:
    """pyarrow and s3fs write an empty object for each folder."""
    keys = ("birds/", "birds/a", "birds/a/", "birds/a/b", "birds//a", "birds", "x/../y", "x/y")
    result = RunResult(
        pipeline="raw-to-processed/tidy",
        document={},
        input=None,
        ending=Ending("SUCCEEDED"),
        events=(),
        written={f"processed/{key}": key.encode() for key in keys},
        refusals=(),
        seconds=0.5,
    )
    saved = read_run(save_run(result, root=tmp_path, now=NOW))
    texts = {key: file.read_text() for key, file in saved.objects.items()}
    assert texts == {f"processed/{key}": key for key in keys}


def test_a_run_of_the_first_schema_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    old: JsonValue = {"pipeline": "a-to-b/c", "status": "FAILED", "error": "E", "states": ["x"]}
    saved = read_run(written(tmp_path, old))
    assert (saved.schema, saved.status, saved.error) == (1, "FAILED", "E")
    assert (saved.states, saved.visits, saved.seconds) == (("x",), (), 0)


def test_values_of_other_types_are_left_out(tmp_path: Path) -> None:
    odd: JsonValue = {"status": 3, "visits": [1, {"state": "x"}], "written": ["k"], "seconds": "1"}
    saved = read_run(written(tmp_path, odd))
    assert (saved.status, saved.seconds, saved.written) == ("", 0, ())
    assert saved.visits == (StateVisit("x", "", (), 0),)


@pytest.mark.parametrize(
    "text", ["{", "[]", None, "\udcff"], ids=["cut", "list", "missing", "bytes"]
)
def test_a_folder_without_a_record_is_an_error_in_one_line(
    tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "result.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RunFolderError) as raised:
        read_run(tmp_path)
    assert "\n" not in str(raised.value)
    assert str(raised.value).endswith("Delete the folder.")
