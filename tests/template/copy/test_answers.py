"""Answers: which are refused, and which a folder's name gives."""

from pathlib import Path

import pytest
from pytest_copier.plugin import CopierFixture

from tests.template.conftest import Copy

REFUSED = [
    ({"project_name": "two words"}, "single dashes"),
    ({"project_name": "a--b"}, "single dashes"),
    ({"project_name": "9lives"}, "start with a letter"),
    ({"project_name": "x" * 41}, "at most 40 characters"),
    ({"project_name": "x\n"}, "single dashes"),
    ({"aws_region": "mars"}, "not a region"),
    ({"aws_account": "1234"}, "12 digits"),
    ({"layers": []}, "Write a list"),
    ({"layers": "raw-to-processed"}, "Write a list"),
    ({"layers": {"raw": 1}}, "Write a list"),
    ({"layers": 1}, "Write a list"),
    ({"layers": ["Raw"]}, "lower-case"),
    ({"layers": ["raw data"]}, "lower-case"),
    ({"layers": ["raw--data"]}, "lower-case"),
    ({"layers": ["a\n"]}, "lower-case"),
    ({"layers": ["../raw"]}, "lower-case"),
    ({"layers": [True]}, "lower-case"),
    ({"layers": ["a,b"]}, "lower-case"),
    ({"layers": ["raw", "raw"]}, "twice"),
    ({"layers": ["x" * 41]}, "at most 40 characters"),
    ({"environments": []}, "Write a list"),
    ({"environments": "dev"}, "Write a list"),
    ({"environments": ["dev-1"]}, "lower-case"),
    ({"environments": ["dev", "dev"]}, "twice"),
    ({"environments": ["x" * 21]}, "at most 20 characters"),
    ({"python_version": "2.7"}, "Invalid choice"),
    ({"architecture": "sparc"}, "Invalid choice"),
    ({"runtime_source": "floppy"}, "Invalid choice"),
]


@pytest.mark.parametrize(("answers", "message"), REFUSED, ids=str)
def test_a_wrong_answer_is_refused_and_nothing_is_written(
    copy: Copy, tmp_path: Path, answers: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        copy(**answers)
    assert not (tmp_path / "my-pipelines").exists()


@pytest.mark.parametrize(
    ("folder", "project"),
    [
        ("my-pipelines", "my-pipelines"),
        ("ExampleDorc", "ExampleDorc"),
        ("our data_pipelines (new)", "our-data-pipelines-new"),
        ("2026-census", "census"),
        ("2026", "my-pipelines"),
        ("x" * 45, "x" * 40),
        ("x" * 39 + "-y", "x" * 39),
    ],
)
def test_a_project_has_the_name_of_its_folder(
    copier: CopierFixture, tmp_path: Path, folder: str, project: str
) -> None:
    assert copier.copy(tmp_path / folder).answers["project_name"] == project


def test_layers_may_have_any_names(copier: CopierFixture, tmp_path: Path) -> None:
    layers = ["default", "landing2-to-raw", "x" * 40]
    assert copier.copy(tmp_path / "my-pipelines", layers=layers).answers["layers"] == layers
