"""Settings: what `invoke check` finds, what functions get, and what `invoke settings` shows."""

import json
from datetime import UTC, datetime

import pytest

from dorc_runtime.project.repository import Repository as Folder
from dorc_runtime.testing.repository_checks import problems_in

from .conftest import Repository

CONFIG = """
from pydantic import BaseModel, HttpUrl

from dorc_runtime import Config, UniversalConfig

class Settings(BaseModel):
    api_url: HttpUrl
    clean_memory: int | str = 512
    nightly: str = "rate(1 day)"

universal = UniversalConfig(region="eu-west-2", project="Example")
config = Config(universal=universal, settings=Settings)
"""
URL = "https://api.example.org/"
PIPELINE = "src/raw-to-processed/tidy/pipeline.py"


@pytest.fixture
def configured(repository: Repository) -> Repository:
    """A repository with settings, and the environments dev and prod."""
    repository.write("pipeline_config.py", CONFIG)
    repository.write("infra/Pulumi.yaml", "name: example.infra\nruntime: python\n")
    for environment in ("dev", "prod"):
        repository.write(f"infra/Pulumi.{environment}.yaml", stack_file(environment))
    repository.write("local.toml", f'[settings]\napi_url = "{URL}"\n')
    repository.define(
        'Function("clean", memory=setting("clean_memory"), settings=["api_url"])',
        imports="CronTrigger, Function, Pipeline, setting",
        more=', triggers=[CronTrigger(setting("nightly"))]',
    )
    return repository


def stack_file(environment: str, *lines: str) -> str:
    settings = (f"api_url: {URL}", *lines)
    return f"config:\n  environment: {environment}\n  settings:\n" + "".join(
        f"    {line}\n" for line in settings
    )


def problems(repository: Repository) -> tuple[str, ...]:
    return problems_in(Folder(repository.root), now=datetime(2026, 1, 1, tzinfo=UTC))[1]


def test_a_pipeline_with_settings_has_no_problems(configured: Repository) -> None:
    assert problems(configured) == ()


def test_a_value_that_does_not_fit_is_reported_with_its_environment(
    configured: Repository,
) -> None:
    configured.write("infra/Pulumi.prod.yaml", stack_file("prod", "clean_memory: big"))
    [problem] = problems(configured)
    assert problem == (
        f"{PIPELINE}: clean: memory is setting(\"clean_memory\") with the value 'big': it must be "
        "a whole number. Change 'clean_memory' below `settings:` in infra/Pulumi.<env>.yaml and "
        "below [settings] in local.toml, or its default and type in the class (in prod)."
    )


def test_a_problem_of_all_environments_is_reported_once(configured: Repository) -> None:
    configured.define('Function("clean", memory=setting("clean_memry"))').write(
        PIPELINE,
        (configured.root / PIPELINE).read_text().replace("Pipeline\n", "Pipeline, setting\n", 1),
    )
    assert problems(configured) == (
        f"{PIPELINE}: clean: no setting 'clean_memry'. Did you mean 'clean_memory'? Add it to the "
        "model in Config(settings=...).",
    )


def test_checks_see_the_values_of_each_environment(configured: Repository) -> None:
    for name in ("dev", "prod"):
        text = stack_file(name, "nightly: at(2020-01-01T00:00:00)")
        configured.write(f"infra/Pulumi.{name}.yaml", text)
    [problem] = problems(configured)
    assert "is in the past" in problem
    assert problem.endswith(" (in dev, prod).")


def test_a_missing_value_is_one_problem(configured: Repository) -> None:
    for name in ("infra/Pulumi.dev.yaml", "infra/Pulumi.prod.yaml"):
        configured.write(name, "config: {}\n")
    [problem] = problems(configured)
    assert problem.startswith("the setting 'api_url' has no value in dev, prod: write it below")


@pytest.mark.parametrize(
    ("file", "text", "start"),
    [
        ("infra/Pulumi.dev.yaml", "config: {settings: hello}\n", "infra/Pulumi.dev.yaml: settings"),
        ("pipeline_config.py", None, "pipeline_config.py:"),
    ],
)
def test_settings_that_cannot_be_read_are_one_problem(
    configured: Repository, file: str, text: str | None, start: str
) -> None:
    if text is None:
        text = (
            (configured.root / file)
            .read_text()
            .replace("=Settings)", f"=Settings(api_url='{URL}'))")
        )
        source = (configured.root / PIPELINE).read_text()
        configured.write(PIPELINE, f"import pipeline_config\n{source}")
    configured.write(file, text)
    [problem] = problems(configured)
    assert problem.startswith(start)


def test_two_environments_with_one_stack_file_are_refused(configured: Repository) -> None:
    file = configured.write("infra/Pulumi.prod.yaml", "")
    file.unlink()
    file.symlink_to("Pulumi.dev.yaml")
    assert any("are one file, which Pulumi rewrites" in problem for problem in problems(configured))


def test_settings_in_the_stack_file_of_a_pipeline_have_no_effect(configured: Repository) -> None:
    folder = "src/raw-to-processed/tidy"
    configured.write(f"{folder}/Pulumi.yaml", "name: example.tidy\nruntime: python\n")
    configured.write(f"{folder}/Pulumi.dev.yaml", "config: {settings: {api_url: a}}\n")
    [problem] = problems(configured)
    assert problem == (
        f"{folder}/Pulumi.dev.yaml: 'settings' has no effect here: set it in infra/Pulumi.dev.yaml."
    )


def test_a_setting_where_a_definition_needs_a_fixed_value_is_refused(
    configured: Repository,
) -> None:
    configured.define(
        'Function("clean", wait_for_token=setting("nightly"))',
        imports="Function, Pipeline, setting",
    )
    assert 'setting("nightly") cannot be used here' in problems(configured)[0]


def test_a_resource_that_is_not_configured_is_reported_once(configured: Repository) -> None:
    configured.define(
        'Function("clean", reads=[Table("seen", partition_key="id")])',
        imports="Function, Pipeline, Table",
    )
    [problem] = problems(configured)
    assert problem.startswith(f"{PIPELINE}: clean: ")
    assert "no table 'seen' in Config(resources=...)" in problem


def test_a_variable_that_hides_a_setting_is_refused(
    configured: Repository,
) -> None:
    configured.define(
        'Function("clean", settings=["api_url"], environment={"API_URL": "x"})',
    )
    assert problems(configured) == (
        f"{PIPELINE}: clean: environment: 'API_URL' would hide the setting 'api_url': "
        "rename it, or remove it.",
    )


def test_a_function_gets_the_values_of_local_toml(configured: Repository) -> None:
    configured.handle("import os\nreturn [os.environ['ENVIRONMENT'], os.environ['API_URL']]")
    done = configured.invoke("run", "raw-to-processed/tidy", "--json", "--inline")
    assert json.loads(done.stdout)["output"] == ["local", URL], done.stderr


def test_a_run_without_a_value_says_where_to_write_it(configured: Repository) -> None:
    configured.write("local.toml", "[settings]\n")
    done = configured.invoke("run", "raw-to-processed/tidy")
    assert done.returncode == 2
    assert done.stderr == (
        "error: the setting 'api_url' has no value in local: write it below [settings] in "
        "local.toml or local.example.toml, or give it a default in the class.\n"
    )


def test_settings_are_shown_with_where_they_come_from(configured: Repository) -> None:
    configured.write("infra/Pulumi.prod.yaml", stack_file("prod", "clean_memory: 2048"))
    done = configured.invoke("settings")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert rows == [
        ["setting", "environment", "value", "from"],
        ["api_url", "local", URL, "local.toml"],
        ["dev", URL, "infra/Pulumi.dev.yaml"],
        ["prod", URL, "infra/Pulumi.prod.yaml"],
        ["clean_memory", "local,", "dev", "512", "default"],
        ["prod", "2048", "infra/Pulumi.prod.yaml"],
        ["nightly", "all", "rate(1", "day)", "default"],
    ]


def test_settings_of_one_environment_are_shown_as_json(configured: Repository) -> None:
    configured.write("infra/Pulumi.dev.yaml", "config: {}\n")
    done = configured.invoke("settings", "--env", "dev", "--json")
    assert done.returncode == 2
    assert "the setting 'api_url' has no value in dev" in done.stderr
    assert json.loads(done.stdout) == {
        "dev": {
            "clean_memory": {"value": 512, "from": "default"},
            "nightly": {"value": "rate(1 day)", "from": "default"},
        }
    }


def test_an_unknown_environment_is_refused(configured: Repository) -> None:
    done = configured.invoke("settings", "--env", "prd")
    assert done.returncode == 2
    assert "no environment 'prd'; known: local, dev, prod." in done.stderr


def test_a_repository_without_settings_says_how_to_add_them(repository: Repository) -> None:
    done = repository.invoke("settings")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert "there are no settings: add a model to pipeline_config.py" in done.stdout
