"""The page about the template: its tables are right, and its example of a scaffold works."""

import json
import re
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from dorc_runtime.compile import arns, names
from tests.template.conftest import ROOT, Copy, invoke

PAGE = (ROOT / "docs" / "template.md").read_text(encoding="utf-8")
PIPELINES = [
    {"layer": "raw-to-processed", "name": "penguins"},
    {"layer": "default", "name": "hello"},
]
ROWS = re.findall(r"^\| (`.*?) \| (yours|both|dorc's) \|", PAGE, re.MULTILINE)


def test_the_table_of_questions_matches_copier_yml() -> None:
    """`python docs/questions.py` writes it."""
    done = subprocess.run(
        [sys.executable, "docs/questions.py", "--check"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0


def test_the_table_of_files_names_the_owner_of_each(copy: Copy) -> None:
    """The team owns the files that Copier skips when they exist."""
    repository = copy(layers=["raw-to-processed", "default"], pipelines=PIPELINES)
    questions = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    skipped = questions["_skip_if_exists"]
    owners = {
        re.sub(r"<[a-z]+>", "*", pattern): owner
        for row, owner in ROWS
        for pattern in re.findall(r"`([^`]+)`", row)
    }
    for path in repository.rglob("*"):
        name = path.relative_to(repository).as_posix()
        if path.is_file():
            named = {owners[pattern] for pattern in owners if fits(name, pattern)}
            yours = any(fnmatch(f"/{name}", pattern) for pattern in skipped)
            assert named == {"yours"} if yours else named and "yours" not in named, name


def fits(name: str, pattern: str) -> bool:
    if pattern.endswith("/"):
        return fnmatch(name, f"{pattern}*")
    return fnmatch(name, pattern) and name.count("/") == pattern.count("/")


def test_updates_leave_out_what_a_second_copy_skips() -> None:
    questions = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    [block] = [text for text in questions["_exclude"] if "update" in text]
    left_out = [line.strip() for line in block.splitlines() if line.strip().startswith("/")]
    skipped = [pattern.removesuffix("**") for pattern in questions["_skip_if_exists"]]
    assert sorted(left_out) == sorted(skipped)


def listed(resource: str | list[str]) -> list[str]:
    return [resource] if isinstance(resource, str) else resource


def test_the_policy_of_the_deploying_role_covers_every_name() -> None:
    """On the page, PROJECT is the name of the project, and project the same in lower case."""
    page = (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8")
    policy = json.loads(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0])
    allowed = [
        arn.replace("PROJECT", "Census").replace("project", "census")
        for statement in policy["Statement"]
        for arn in listed(statement["Resource"])
        if arn != "*"
    ]
    region, account = "eu-west-2", "123456789012"
    shared = names.Names("Census", "prod")
    for name in ("penguins", "x" * 40):
        own = shared.pipeline("raw-to-processed", name)
        function, rule, group = own.function("clean"), own.trigger("s3"), own.schedule_group
        repository = names.image_repository("Census", "raw-to-processed", name, "clean")
        for arn in (
            arns.function_arn(region, account, function),
            arns.machine_arn(region, account, own.machine),
            arns.rule_arn(region, account, rule),
            arns.rule_arn(region, account, shared.alert("failed")),
            arns.alarm_arn(region, account, shared.alert("dead-letters")),
            arns.log_group_arn(region, account, own.function_log_group("clean")),
            arns.log_group_arn(region, account, own.machine_log_group),
            arns.queue_arn(region, account, shared.shared),
            arns.topic_arn(region, account, shared.shared),
            arns.bucket_arn(region, shared.bucket("raw", account)),
            arns.schedule_group_arn(region, account, group),
            f"arn:aws:scheduler:{region}:{account}:schedule/{group}/{own.trigger('cron')}",
            f"arn:aws:ecr:{region}:{account}:repository/{repository}",
            *(
                arns.role_arn(region, account, role)
                for role in (
                    own.function_role("clean"),
                    own.machine_role,
                    own.rules_role,
                    own.schedules_role,
                )
            ),
        ):
            assert any(fnmatch(arn, pattern) for pattern in allowed), arn


class TestScaffold:
    """The example of the page, written to the files that it names."""

    @pytest.fixture
    def repository(self, copy: Copy) -> Path:
        repository = copy()
        blocks = re.findall(r"```python\n# (scaffolds/[^\n]+)\n(.*?)```", PAGE, re.DOTALL)
        assert len(blocks) == 3
        for name, code in blocks:
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_text(code)
        return repository

    def test_it_becomes_a_pipeline_that_passes_its_tests(self, repository: Path) -> None:
        done = invoke(
            repository, "new-pipeline", "raw-to-processed", "census", "--scaffold", "nightly"
        )
        assert done.returncode == 0, done.stderr
        folder = repository / "src/raw-to-processed/census"
        written = {
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        }
        assert written == {
            "Pulumi.dev.yaml",
            "Pulumi.prod.yaml",
            "Pulumi.yaml",
            "__main__.py",
            "load/lambda.py",
            "pipeline.py",
            "requirements.txt",
            "tests/test_census.py",
        }
        assert (
            'description="census of my-pipelines, every night"'
            in (folder / "pipeline.py").read_text()
        )
        assert "1 pipeline, 1 function: no problems found." in invoke(repository, "check").stdout
        tested = invoke(repository, "test")
        assert "1 passed" in tested.stdout, tested.stdout

    def test_a_scaffold_may_have_its_own_packages(self, repository: Path) -> None:
        (repository / "scaffolds/nightly/requirements.txt").write_text("tabulate\n")
        invoke(repository, "new-pipeline", "raw-to-processed", "census", "--scaffold", "nightly")
        written = repository / "src/raw-to-processed/census/requirements.txt"
        assert written.read_text() == "tabulate\n"

    @pytest.mark.parametrize(
        ("file", "text", "message"),
        [
            ("pipeline.py.jinja", None, "scaffolds/nightly has no pipeline.py"),
            ("__main__.py", "", "scaffolds/nightly/__main__.py: dorc writes it itself"),
            ("Pulumi.dev.yaml", "", "scaffolds/nightly/Pulumi.dev.yaml: dorc writes it itself"),
            ("a.md.jinja", "{{ ownr }}", "scaffolds/nightly cannot be rendered: 'ownr' is undef"),
            ("a.md.jinja", "{% if %}", "scaffolds/nightly cannot be rendered"),
        ],
    )
    def test_a_wrong_scaffold_is_refused_and_nothing_is_written(
        self, repository: Path, file: str, text: str | None, message: str
    ) -> None:
        path = repository / "scaffolds/nightly" / file
        path.unlink() if text is None else path.write_text(text)
        done = invoke(
            repository, "new-pipeline", "raw-to-processed", "census", "--scaffold", "nightly"
        )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert message in done.stderr
        assert not (repository / "src/raw-to-processed").exists()

    def test_an_unknown_scaffold_is_refused_with_the_known_ones(self, repository: Path) -> None:
        done = invoke(
            repository, "new-pipeline", "raw-to-processed", "census", "--scaffold", "daily"
        )
        assert done.returncode == 2
        assert "no scaffold 'daily'; known: nightly." in done.stderr
