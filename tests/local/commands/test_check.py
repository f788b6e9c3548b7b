"""`invoke check`: what it finds beside the definitions, in examples and environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

TIDY = "src/raw-to-processed/tidy"
EXAMPLE = f"{TIDY}/examples/first"
CRON = "CronTrigger, Function, Pipeline"

FILES = {
    "input.json": ("{", "input.json is not JSON"),
    "expected/output.json": ("{", "expected/output.json is not JSON"),
    "expected.toml": (
        '["output.json"]\nignore = ["at"]',
        "expected.toml: 'output.json' matches no",
    ),
    "expected/error.json": ('{"eror": "E"}', 'error.json: write {"error": "<its name>"}'),
    "mocks/claen.json": ("{}", "no task 'claen'; known: clean. Rename"),
    "mocks/clean.json": ("{", "mocks/clean.json is not JSON"),
    "lake/rav/a.csv": ("a", "lake/rav: no zone or bucket 'rav'. Did you mean 'raw'?"),
    "lake/x/a.csv": ("a", "lake/x: no zone or bucket 'x'. Known: processed, raw."),
    "lake/a.csv": ("a", "lake/a.csv is in no zone: move it to lake/<zone>/a.csv"),
    "expected/lake/proccessed/a.csv": ("a", "Did you mean 'processed'?"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_wrong_file_of_an_example_is_reported(repository: Repository, name: str) -> None:
    text, message = FILES[name]
    repository.write(f"{EXAMPLE}/{name}", text)
    done = repository.invoke("check")
    [line] = done.stdout.splitlines()
    assert message in line
    assert EXAMPLE in line
    assert done.returncode == 2


def test_a_wrong_file_of_the_shared_lake_is_reported(repository: Repository) -> None:
    repository.write(f"{TIDY}/examples/lake/rav/a.csv", "a")
    repository.write(f"{TIDY}/examples/lake/input.json", "{}")
    assert repository.invoke("check").stdout.splitlines() == [
        f"{TIDY}/examples/lake/input.json is in no zone: move it to lake/<zone>/input.json.",
        f"{TIDY}/examples/lake/rav: no zone or bucket 'rav'. Did you mean 'raw'?",
    ]


def test_buckets_that_are_named_anywhere_may_be_in_examples(repository: Repository) -> None:
    repository.define(
        'Function("clean", reads=["reference/codes"])',
        imports="Function, Pipeline, S3Trigger",
        more=', triggers=[S3Trigger(bucket="their-bucket")]',
    )
    repository.write(f"{EXAMPLE}/lake/their-bucket/a.csv", "a\n")
    repository.write(f"{EXAMPLE}/lake/reference/codes/a.csv", "a\n")
    assert "no problems found" in repository.invoke("check").stdout


def test_a_pipeline_that_cannot_be_read_is_the_only_problem(repository: Repository) -> None:
    """Others call it and follow it, and use a bucket that it alone names."""
    repository.define(
        'Call("raw-to-processed/tidi"), Function("clean", reads=["raw"])',
        imports="Call, Function, Pipeline, PipelineTrigger",
        more=', triggers=[PipelineTrigger("refined-to-gold/sum")]',
    )
    repository.write(f"{EXAMPLE}/lake/gold/a.csv", "a\n")
    repository.write("src/raw-to-processed/tidi/pipeline.py", "pipeline = Pipeline()\n")
    repository.write("src/refined-to-gold/sum/pipeline.py", "1 / 0\n")
    assert repository.invoke("check").stdout.splitlines() == [
        "src/raw-to-processed/tidi/pipeline.py:1: NameError: name 'Pipeline' is not defined: from "
        "dorc_runtime import Pipeline.",
        "src/refined-to-gold/sum/pipeline.py:1: ZeroDivisionError: division by zero.",
    ]


def test_a_local_file_that_cannot_be_read_hides_no_other_problem(repository: Repository) -> None:
    repository.define('Function("cleen")')
    repository.write("local.toml", "api_url = \n")
    lines = repository.invoke("check").stdout.splitlines()
    assert [line.split(" ")[0] for line in lines] == [f"{TIDY}/pipeline.py:", "local.toml"]


def test_the_rest_of_a_deleted_pipeline_is_reported(repository: Repository) -> None:
    repository.write("src/default/old/Pulumi.yaml", "name: old\n")
    done = repository.invoke("check")
    assert done.stdout == (
        "src/default/old/pipeline.py does not exist, so nothing in this folder is used: restore it "
        "from git, or remove the folder.\n"
    )


def test_an_environment_without_a_stack_file_is_reported(repository: Repository) -> None:
    for name in ("dev", "prod"):
        repository.write(f"infra/Pulumi.{name}.yaml", "config: {}\n")
    repository.define(
        'Function("clean")',
        imports=CRON,
        more=', triggers=[CronTrigger("rate(1 day)", enabled=["prod", "prd"])]',
    )
    done = repository.invoke("check")
    assert done.stdout == (
        f"{TIDY}/pipeline.py: CronTrigger: enabled: no environment 'prd'. Did you mean 'prod'? "
        "infra/Pulumi.prd.yaml does not exist: `invoke new-env prd` creates it.\n"
    )
    assert done.returncode == 2


def test_a_repository_without_infra_has_no_environments_to_check(repository: Repository) -> None:
    repository.define(
        'Function("clean")',
        imports=CRON,
        more=', triggers=[CronTrigger("rate(1 day)", enabled=["prod"])]',
    )
    assert "no problems found" in repository.invoke("check").stdout


@pytest.mark.parametrize("schedule", ["at(2020-01-31T06:00:00)", "cron(0 6 * * ? 2019-2020)"])
def test_a_schedule_in_the_past_is_reported(repository: Repository, schedule: str) -> None:
    repository.define(
        'Function("clean")', imports=CRON, more=f', triggers=[CronTrigger("{schedule}")]'
    )
    done = repository.invoke("check")
    assert done.stdout == (
        f"{TIDY}/pipeline.py: CronTrigger: schedule '{schedule}' is in the past and never fires "
        "again: write a later time, or remove the trigger.\n"
    )
    assert done.returncode == 2


def test_an_event_pattern_that_eventbridge_refuses_is_reported(repository: Repository) -> None:
    repository.define(
        'Function("clean")',
        imports="EventTrigger, Function, Pipeline",
        more=', triggers=[EventTrigger({"source": [{"prefx": "our."}]})]',
    )
    done = repository.invoke("check")
    message = f"{TIDY}/pipeline.py: EventTrigger: source: EventBridge knows no operator 'prefx'"
    assert done.stdout.startswith(message)
    assert done.returncode == 2


def test_a_function_with_a_very_long_sum_has_no_problems(repository: Repository) -> None:
    repository.handle("return " + " + ".join(["1"] * 2_000))
    done = repository.invoke("check")
    assert (done.stderr, done.returncode) == ("", 0)


INFRA = "infra/Pulumi.dev.yaml"
TIDY_STACK = f"{TIDY}/Pulumi.dev.yaml"
UNIVERSAL = "universal/Pulumi.universal.yaml"

STACK_FILES = {
    "a misspelt key": (
        INFRA,
        "config: {log_retention_day: 7}",
        "no key 'log_retention_day'. Did you mean 'log_retention_days'?",
    ),
    "a misspelt key as Pulumi writes it": (
        TIDY_STACK,
        "config: {'mine:enviroment': dev}",
        "no key 'enviroment'. Did you mean 'environment'?",
    ),
    "another environment": (
        TIDY_STACK,
        "config: {environment: prod}",
        "environment: prod is not the name of the stack, dev: write environment: dev, or use the "
        "stack prod.",
    ),
    "an unknown key": (UNIVERSAL, "config: {size: 3}", "no key 'size'. Remove it."),
    "a setting of infra alone": (
        TIDY_STACK,
        "config: {alert_emails: [a@example.com]}",
        "'alert_emails' has no effect here: set it in infra/Pulumi.dev.yaml.",
    ),
    "a setting of all environments": (
        INFRA,
        "config: {region: eu-west-1}",
        "'region' has no effect here: it is the same everywhere, so set it in UniversalConfig in "
        "pipeline_config.py.",
    ),
    "a setting outside config": (
        INFRA,
        "log_retention_days: 7",
        "'log_retention_days' is outside config: move it below `config:`.",
    ),
    "a misspelt config": (INFRA, "confg: {}", "no key 'confg'. Did you mean 'config'?"),
    "a retention that CloudWatch does not accept": (
        TIDY_STACK,
        "config: {log_retention_days: 6}",
        "log_retention_days: it must be 1, 3, 5, 7,",
    ),
    "a list": (INFRA, "- config", "has no keys: write `config:`, and the settings below."),
    "a list of settings": (INFRA, "config: [a]", "config has no keys: write `key: value` below"),
    "no YAML": (
        TIDY_STACK,
        "config: [",
        f"{TIDY_STACK}:2 is not YAML: did not find expected node content: fix it, or restore it",
    ),
    "a day that does not exist": (
        INFRA,
        "config: 2024-13-45",
        "is not YAML: month must be in",
    ),
}


@pytest.mark.parametrize("case", STACK_FILES)
def test_a_mistake_in_a_stack_file_is_reported_with_its_file(
    repository: Repository, case: str
) -> None:
    file, text, message = STACK_FILES[case]
    for folder in ("infra", "universal", TIDY):
        repository.write(f"{folder}/Pulumi.yaml", "name: mine\nruntime: python\n")
    repository.write(INFRA, "config: {environment: dev}")
    repository.write(file, text)
    done = repository.invoke("check")
    [line] = done.stdout.splitlines()
    assert file in line
    assert message in line
    assert done.returncode == 2


def test_a_stack_file_may_have_other_namespaces_and_settings_of_its_program(
    repository: Repository,
) -> None:
    repository.write("infra/Pulumi.yaml", "name: mine\nruntime: python\n")
    repository.write("infra/__main__.py", 'import pulumi\nsize = pulumi.Config().get("size")\n')
    repository.write(
        INFRA,
        "encryptionsalt: v1:abc\nconfig:\n  environment: dev\n  mine:log_retention_days: '7'\n"
        "  aws:region: eu-west-2\n  mine:size: '3'\n",
    )
    repository.write("infra/Pulumi.prod.yaml", "# Nothing yet.\n")
    assert "no problems found" in repository.invoke("check").stdout
