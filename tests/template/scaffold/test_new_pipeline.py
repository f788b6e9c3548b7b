"""Pipelines and functions that are added to a repository later."""

import shutil
from pathlib import Path

import pytest
import yaml

from dorc_runtime.errors import DorcError, ScaffoldError, UnknownNameError
from dorc_runtime.model.identifiers import check_name
from dorc_runtime.project.template.scaffold import plan_new_function, plan_new_pipeline
from tests.template.conftest import Copy, contents

LAYERS = ["raw-to-processed", "default"]


def new_pipeline(root: Path, layer: str, name: str) -> tuple[str, ...]:
    change = plan_new_pipeline(root, layer, name)
    change.carry_out()
    return tuple(change.written)


def new_function(root: Path, layer: str, pipeline: str, name: str) -> tuple[str, ...]:
    change = plan_new_function(root, layer, pipeline, name)
    change.carry_out()
    return tuple(change.written)


class TestNewPipeline:
    def test_the_result_equals_a_fresh_copy(self, copy: Copy) -> None:
        repository = copy(layers=LAYERS)
        new_pipeline(repository, "raw-to-processed", "example")
        new_pipeline(repository, "default", "hello_world")
        pipelines = [
            {"layer": "raw-to-processed", "name": "example"},
            {"layer": "default", "name": "hello_world"},
        ]
        fresh = copy(name="fresh", project_name="my-pipelines", layers=LAYERS, pipelines=pipelines)
        assert contents(repository) == contents(fresh)

    def test_it_returns_what_it_wrote(self, copy: Copy) -> None:
        repository = copy()
        written = new_pipeline(repository, "raw-to-processed", "example")
        assert [path.removeprefix("src/raw-to-processed/example/") for path in written] == [
            "Pulumi.dev.yaml",
            "Pulumi.prod.yaml",
            "Pulumi.yaml",
            "__main__.py",
            "clean/lambda.py",
            "examples/first/lake/raw/example/first.csv",
            "pipeline.py",
            "requirements.txt",
            "tests/test_example.py",
        ]

    def test_two_layers_may_have_pipelines_of_one_name(self, copy: Copy) -> None:
        repository = copy(layers=LAYERS)
        new_pipeline(repository, "raw-to-processed", "example")
        assert new_pipeline(repository, "default", "example")

    def test_files_of_the_team_stay_as_they_are(self, copy: Copy) -> None:
        repository = copy()
        (repository / "README.md").write_text("# ours\n")
        (repository / "tasks.py").unlink()
        new_pipeline(repository, "raw-to-processed", "example")
        assert (repository / "README.md").read_text() == "# ours\n"
        assert not (repository / "tasks.py").exists()


REFUSED = {
    "an unknown layer": ("rawr", "example", "", r"no layer 'rawr'; known: raw-to-processed, "),
    "a layer's path": ("../raw", "example", "", "no layer"),
    "capitals": ("raw-to-processed", "Example", "", "lower-case"),
    "a path": ("raw-to-processed", "../example", "", "lower-case"),
    "no name": ("raw-to-processed", "", "", "lower-case"),
    "no answers file": ("raw-to-processed", "example", None, "copier copy"),
    "no YAML": ("raw-to-processed", "example", "a: [\n", r"answers\.yml:2 is not YAML"),
    "no mapping": ("raw-to-processed", "example", "- a\n", "no list of layers"),
    "no layers": ("raw-to-processed", "example", "a: 1\n", "no list of layers"),
    "layers that are none": ("raw-to-processed", "example", "layers: [1]\n", "no list of layers"),
    "pipelines that are none": (
        "raw-to-processed",
        "example",
        "layers: [raw-to-processed]\npipelines: [penguins]\n",
        "no list of pipelines",
    ),
    "a pipeline without a name": (
        "raw-to-processed",
        "example",
        "layers: [raw-to-processed]\npipelines: [{layer: raw-to-processed}]\n",
        "no list of pipelines",
    ),
    "an answer that cannot be": (
        "raw-to-processed",
        "example",
        "layers: [raw-to-processed]\naws_region: mars\n",
        r"aws_region.*not a region",
    ),
    "a pipeline that the answers know": (
        "raw-to-processed",
        "example",
        "layers: [raw-to-processed]\npipelines: [{layer: raw-to-processed, name: example}]\n",
        "already",
    ),
}


@pytest.mark.parametrize(("layer", "name", "text", "message"), REFUSED.values(), ids=REFUSED)
def test_a_refusal_is_one_line_and_leaves_the_tree_untouched(
    copy: Copy, layer: str, name: str, text: str | None, message: str
) -> None:
    repository = copy()
    if text is None:
        (repository / ".copier-answers.yml").unlink()
    elif text:
        (repository / ".copier-answers.yml").write_text(text)
    before = contents(repository)
    with pytest.raises(DorcError, match=message) as refused:
        new_pipeline(repository, layer, name)
    assert "\n" not in str(refused.value)
    assert contents(repository) == before


def test_a_name_cannot_be_used_twice(copy: Copy) -> None:
    repository = copy()
    new_pipeline(repository, "raw-to-processed", "example")
    before = contents(repository)
    with pytest.raises(ScaffoldError, match="raw-to-processed/example already"):
        new_pipeline(repository, "raw-to-processed", "example")
    assert contents(repository) == before


def test_nothing_is_written_into_an_existing_folder(copy: Copy) -> None:
    repository = copy()
    (repository / "src/raw-to-processed/example").mkdir(parents=True)
    before = contents(repository)
    with pytest.raises(ScaffoldError, match="already"):
        new_pipeline(repository, "raw-to-processed", "example")
    assert contents(repository) == before


def test_when_writing_fails_everything_is_removed(copy: Copy) -> None:
    repository = copy()
    shutil.rmtree(repository / "src")
    (repository / "src").write_text("a file where the folder should be\n")
    before = contents(repository)
    with pytest.raises(ScaffoldError, match="cannot be written"):
        new_pipeline(repository, "raw-to-processed", "example")
    assert contents(repository) == before


class TestNewFunction:
    @pytest.fixture
    def repository(self, copy: Copy) -> Path:
        return copy(pipelines=[{"layer": "raw-to-processed", "name": "example"}])

    def test_it_is_one_handler_next_to_the_others(self, repository: Path) -> None:
        handler, test = new_function(repository, "raw-to-processed", "example", "load_all")
        assert handler == "src/raw-to-processed/example/load_all/lambda.py"
        assert test == "src/raw-to-processed/example/tests/test_load_all.py"
        assert "def handler(event, context):\n" in (repository / handler).read_text()

    def test_a_file_of_tests_stays_as_it_is(self, repository: Path) -> None:
        [handler] = new_function(repository, "raw-to-processed", "example", "example")
        assert handler == "src/raw-to-processed/example/example/lambda.py"

    def test_it_needs_no_answers_file(self, repository: Path) -> None:
        (repository / ".copier-answers.yml").unlink()
        assert new_function(repository, "raw-to-processed", "example", "load")

    @pytest.mark.parametrize(
        ("pipeline", "name", "kind", "message"),
        [
            ("penguins", "load", UnknownNameError, "raw-to-processed/example"),
            ("example", "clean", ScaffoldError, "clean in raw-to-processed/example already"),
            ("example", "tests", ScaffoldError, "is reserved"),
            ("example", "Load", ScaffoldError, "lower-case"),
        ],
    )
    def test_a_refusal_leaves_the_tree_untouched(
        self, repository: Path, pipeline: str, name: str, kind: type[DorcError], message: str
    ) -> None:
        before = contents(repository)
        with pytest.raises(kind, match=message):
            new_function(repository, "raw-to-processed", pipeline, name)
        assert contents(repository) == before


@pytest.mark.parametrize("name", ["a", "clean", "load_2", "x" * 40, "c3po_r2"])
def test_a_valid_name_is_accepted(name: str) -> None:
    check_name("function", name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "lower-case"),
        ("Clean", "lower-case"),
        ("2nd", "a letter first"),
        ("load-all", "lower-case"),
        ("load__all", "single underscores"),
        ("load_", "single underscores"),
        ("load\n", "lower-case"),
        ("x" * 41, "41 characters"),
        ("lambda", "Python"),
        ("import", "Python"),
        ("match", "Python"),
        ("examples", "is reserved"),
        ("tests", "is reserved"),
        ("scaffolds", "is reserved"),
        ("con", "Windows"),
        ("lpt1", "Windows"),
        ("aws_load", "AWS"),
    ],
)
def test_an_invalid_name_is_refused(name: str, message: str) -> None:
    with pytest.raises(ScaffoldError, match=message):
        check_name("function", name)


def test_the_answers_file_stays_valid_yaml(copy: Copy) -> None:
    repository = copy()
    new_pipeline(repository, "raw-to-processed", "example")
    found = yaml.safe_load((repository / ".copier-answers.yml").read_text())
    assert found["pipelines"] == [{"layer": "raw-to-processed", "name": "example"}]
