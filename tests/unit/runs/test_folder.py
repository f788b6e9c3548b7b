"""A saved run, read back from its folder: today's files, old ones, and files that are no record."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue

from dorc_runtime.errors import RunFolderError
from dorc_runtime.runs.events import Ending, FunctionCalled, StateEntered, StateExited, Visit
from dorc_runtime.runs.folder import read_run, save_run
from dorc_runtime.runs.function_events import last_event
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


def test_a_file_of_events_that_cannot_be_read_is_an_error_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / ".dorc/runs/1/events/a-to-b.c.f.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text('{"path": []}\n')
    with pytest.raises(RunFolderError, match=r"cannot be read: 'event'\. Delete it\."):
        last_event(tmp_path, "a-to-b/c", "f")


def test_the_last_hundred_events_of_a_function_are_saved(tmp_path: Path) -> None:
    calls = tuple(FunctionCalled(0, "f", ("Map", str(n)), n) for n in range(300))
    result = RunResult("a-to-b/c", {}, None, Ending("SUCCEEDED"), calls, {}, (), 0)
    save_run(result, root=tmp_path, now=NOW)
    assert last_event(tmp_path, "a-to-b/c", "f").event == 299
    assert last_event(tmp_path, "a-to-b/c", "f", item="200").event == 200
    with pytest.raises(RunFolderError, match="no event of item 199"):
        last_event(tmp_path, "a-to-b/c", "f", item="199")


def test_calls_of_one_function_do_not_push_out_the_run_that_they_start_from(
    tmp_path: Path,
) -> None:
    whole = RunResult("a-to-b/c", {}, None, Ending("SUCCEEDED"), (), {}, (), 0)
    kept = save_run(whole, root=tmp_path, now=NOW)
    for second in range(60):
        save_run(replace(whole, function="f"), root=tmp_path, now=NOW + timedelta(seconds=second))
    assert kept.is_dir()
    assert len(list(kept.parent.iterdir())) == 51
