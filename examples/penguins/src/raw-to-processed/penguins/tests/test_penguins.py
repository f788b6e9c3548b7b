"""All 344 penguins of the raw survey are cleaned."""

import csv
import io


def test_every_raw_row_is_published(run_pipeline):
    result = run_pipeline("raw-to-processed/penguins", example="first")
    assert result.succeeded, result.failure
    assert result.output["rows"] == 344
    text = result.lake["processed/penguins/penguins.csv"].decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 344


def test_each_island_is_a_part(run_pipeline):
    result = run_pipeline("raw-to-processed/penguins", example="first")
    assert result.states.count("clean") == 3
    assert {key for key in result.lake if key.endswith(".jsonl")} == {
        "processed/penguins/parts/biscoe.jsonl",
        "processed/penguins/parts/dream.jsonl",
        "processed/penguins/parts/torgersen.jsonl",
    }


def test_a_file_that_is_no_survey_is_refused(run_pipeline, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n")
    result = run_pipeline("raw-to-processed/penguins", file=other)
    assert not result.succeeded
    assert result.error == "MissingColumns"


def test_an_empty_survey_fails_by_name(run_pipeline, tmp_path):
    empty = tmp_path / "empty.csv"
    empty.write_text("Species,Island\n")
    result = run_pipeline("raw-to-processed/penguins", file=empty)
    assert result.error == "EmptyFile"
