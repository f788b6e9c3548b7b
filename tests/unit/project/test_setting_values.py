"""The settings of each environment, from the model, stack files and local files."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, HttpUrl, SecretStr, ValidationError, computed_field

from dorc_runtime import Config, UniversalConfig, setting
from dorc_runtime.errors import DefinitionError
from dorc_runtime.project.environment_values.setting_values import (
    environment_settings,
    setting_problems,
    setting_values,
)
from dorc_runtime.project.repository import Repository

UNIVERSAL = UniversalConfig(region="eu-west-2", project="penguins")


class Server(BaseModel):
    host: str
    port: int = 443


class Settings(BaseModel):
    api_url: HttpUrl
    clean_memory: int = 1024
    pause: timedelta = timedelta(minutes=5)
    days: list[str] = Field(default=["mon"])
    server: Server | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def page(self) -> str:
        return f"{self.api_url}page"


Write = Callable[..., Repository]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the stack files of infra, and ``local.toml``; return the repository."""

    def written(**files: str) -> Repository:
        (tmp_path / "infra").mkdir(exist_ok=True)
        (tmp_path / "infra/Pulumi.yaml").write_text("name: penguins.infra\nruntime: python\n")
        for name, text in files.items():
            path = {"local": "local.toml", "example": "local.example.toml"}.get(
                name, f"infra/Pulumi.{name}.yaml"
            )
            (tmp_path / path).write_text(text)
        return Repository(tmp_path)

    return written


def problems(repository: Repository, *environments: str) -> tuple[str, ...]:
    return setting_problems([environment_settings(repository, Settings, e) for e in environments])


@pytest.mark.parametrize(
    "text",
    [
        "config:\n  settings:\n    api_url: https://a.org\n    clean_memory: 2048\n",
        'config: {penguins.infra:settings: {api_url: https://a.org, clean_memory: "2048"}}\n',
        'config:\n  settings: \'{"api_url": "https://a.org", "clean_memory": 2048}\'\n',
    ],
    ids=["as written", "as pulumi rewrites it", "as pulumi config set writes it"],
)
def test_the_stack_file_has_the_values_of_an_environment(write: Write, text: str) -> None:
    assert setting_values(write(prod=text), Settings, "prod") == {
        "api_url": "https://a.org/",
        "clean_memory": 2048,
        "pause": 300,
        "days": ["mon"],
        "server": None,
        "page": "https://a.org/page",
    }


def test_runs_here_have_the_values_of_local_toml_then_of_the_example(write: Write) -> None:
    repository = write(
        local="[settings]\nclean_memory = 256\n",
        example='[settings]\napi_url = "http://localhost:8000"\nclean_memory = 512\n',
    )
    settings = environment_settings(repository, Settings, "local")
    shown = {name: (each.value, each.origin) for name, each in settings.values.items()}
    assert shown["api_url"] == ("http://localhost:8000/", "local.example.toml")
    assert shown["clean_memory"] == (256, "local.toml")
    assert shown["pause"] == (300, "default")
    assert shown["page"] == ("http://localhost:8000/page", "computed")


def test_a_missing_value_is_one_problem_of_all_environments(write: Write) -> None:
    repository = write(dev="config: {}\n", prod="config: {}\n")
    assert problems(repository, "local", "dev", "prod") == (
        "the setting 'api_url' has no value in local, dev, prod: write it below `settings:` in "
        "infra/Pulumi.dev.yaml, infra/Pulumi.prod.yaml and below [settings] in local.toml or "
        "local.example.toml, or give it a default in the class.",
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("clean_memry: 1", "settings.clean_memry: no such setting. Did you mean 'clean_memory'?"),
        ("clean_memory: big", "settings.clean_memory: 'big' is not valid: it must be a whole"),
        ("server: {host: a, prt: 1}", "settings.server.prt: no such setting. Did you mean 'port'"),
        ("server: {port: 1}", "settings.server.host: it has no value: write one."),
        ("days: {secure: abc}", "settings.days: a setting cannot be encrypted: use a secret"),
    ],
)
def test_a_wrong_value_is_reported_with_its_file(write: Write, line: str, message: str) -> None:
    repository = write(prod=f"config:\n  settings:\n    api_url: https://a.org\n    {line}\n")
    first = problems(repository, "prod")[0]
    assert first.startswith(f"infra/Pulumi.prod.yaml: {message}"), first


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"local": "a = 1"}, "local.toml: no table 'a'. Write values below"),
        ({"local": "[setings]"}, r"local.toml: no table 'setings'. Did you mean \[settings\]"),
        ({"local": "settings = 1"}, r"local.toml: settings is no table: write \[settings\]"),
        ({"example": "["}, "local.example.toml is not TOML: .*: write lines name = value below"),
    ],
    ids=["outside a table", "misspelt", "no table", "no TOML"],
)
def test_a_local_file_that_cannot_be_used_is_reported(
    write: Write, files: dict[str, str], message: str
) -> None:
    with pytest.raises(DefinitionError, match=message):
        setting_values(write(**files), Settings, "local")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("3", "settings: must be keys and values: write `name: value` below it"),
        ("hello", "settings: must be keys and values: write `name: value` below it"),
        ("'{'", "settings is not JSON"),
    ],
)
def test_settings_without_keys_are_refused(write: Write, value: str, message: str) -> None:
    repository = write(prod=f"config:\n  settings: {value}\n")
    with pytest.raises(DefinitionError, match=f"infra/Pulumi.prod.yaml: {message}"):
        setting_values(repository, Settings, "prod")


def test_values_without_a_model_are_refused(write: Write) -> None:
    repository = write(prod="config: {settings: {api_url: https://a.org}}\n")
    with pytest.raises(DefinitionError, match=r"settings.api_url: there is no model for it"):
        setting_values(repository, None, "prod")


def test_an_error_of_a_validator_is_reported_in_one_line(write: Write) -> None:
    class Broken(BaseModel):
        port: int = 1

        def __init__(self, **values: object) -> None:
            raise KeyError("port")

    with pytest.raises(DefinitionError, match=r"local\.toml: settings: KeyError: 'port'\."):
        setting_values(write(), Broken, "local")


@pytest.mark.parametrize("settings", [Server(host="a"), dict, "Settings", 3])
def test_settings_must_be_a_model(settings: object) -> None:
    with pytest.raises(ValidationError, match="is not a class of pydantic's: write class Settings"):
        Config(universal=UNIVERSAL, settings=settings)


def test_a_secret_is_no_setting() -> None:
    class WithKey(BaseModel):
        api_key: SecretStr | None = None

    with pytest.raises(ValidationError, match=r'secrets=\["api-key"\]'):
        Config(universal=UNIVERSAL, settings=WithKey)


def test_the_configuration_takes_no_settings() -> None:
    with pytest.raises(ValidationError, match="has no value here: write the value"):
        Config(universal=UNIVERSAL, vpc_id=setting("vpc"), private_subnet_ids=("subnet-1",))
