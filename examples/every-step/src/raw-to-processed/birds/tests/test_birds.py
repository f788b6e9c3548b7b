"""The count of May: tallied, checked, approved, announced and reported."""


def test_the_count_is_published(run_pipeline):
    result = run_pipeline("raw-to-processed/birds", example="first")
    assert result.succeeded, result.failure
    assert result.output["published"]
    report = result.lake["curated/report.txt"].decode()
    assert report.splitlines() == ["5 rows, approved by the warden", "Ness 19", "Skerry 43"]


def test_results_of_the_checks_are_in_the_lake(run_pipeline):
    result = run_pipeline("raw-to-processed/birds", example="first")
    assert result.states.count("check") == 3
    names = {key.rpartition("/")[2] for key in result.lake if key.startswith("processed/checks/")}
    assert names == {"manifest.json", "SUCCEEDED_0.json"}


def test_a_row_without_a_number_is_tolerated(run_pipeline, tmp_path):
    file = tmp_path / "june.csv"
    file.write_text("site,species,birds\nNess,gull,\nNess,tern,1\nNess,auk,2\nSkerry,auk,3\n")
    result = run_pipeline("raw-to-processed/birds", example="first", file=file)
    assert result.succeeded, result.failure
    assert any(key.endswith("FAILED_0.json") for key in result.lake)


def test_an_empty_count_fails_by_name(run_pipeline, tmp_path):
    file = tmp_path / "july.csv"
    file.write_text("site,species,birds\n")
    result = run_pipeline("raw-to-processed/birds", example="first", file=file)
    assert result.error == "EmptyFile"
    assert result.cause == "no birds in counts/july.csv"
