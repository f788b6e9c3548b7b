"""Secrets in `invoke run`: functions read them, and nothing that dorc shows or saves has them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy")
VALUE = 's3cr3t "of" the/weather+'
MANAGED = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:shop/database-AbCdEf"
READ = """
import os
import boto3
ssm = boto3.client("ssm")
name = os.environ["SECRET_WEATHER_KEY"]
key = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
"""


@pytest.fixture
def shop(repository: Repository) -> Repository:
    """A repository with a function that reads a secret, and the value for this machine."""
    repository.define('Function("clean", secrets=["weather-key"])')
    repository.write("secrets.toml", f"weather-key = {json.dumps(VALUE)}\n")
    repository.handle(f"{READ}return [name, len(key)]")
    return repository


def forms() -> list[str]:
    """Return the value in the forms in which programs write it."""
    return [
        VALUE,
        json.dumps(VALUE)[1:-1],
        json.dumps(json.dumps(VALUE))[1:-1],
        base64.b64encode(VALUE.encode()).decode(),
        base64.b64encode(b"user:" + VALUE.encode()).decode()[8:-4],
        base64.b64encode(b"me:" + VALUE.encode()).decode()[4:-4],
        "s3cr3t%20%22of%22%20the%2Fweather%2B",
    ]


def files(repository: Repository) -> dict[str, str]:
    """Return all files below .dorc, with their content."""
    folder = repository.root / ".dorc"
    return {
        str(path.relative_to(folder)): path.read_text(errors="replace")
        for path in folder.rglob("*")
        if path.is_file()
    }


def refused(done: subprocess.CompletedProcess[str], message: str) -> None:
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert message in done.stderr


def test_a_function_reads_a_secret_with_boto3(shop: Repository) -> None:
    done = shop.invoke(*RUN, "--json")
    assert json.loads(done.stdout)["output"] == ["/Example/local/weather-key", len(VALUE)]


def test_a_function_reads_a_secret_of_secrets_manager_by_its_arn(shop: Repository) -> None:
    shop.define(
        f'Function("clean", secrets=[Secret("shop", store="secretsmanager", arn="{MANAGED}")])',
        imports="Function, Pipeline, Secret",
    )
    shop.write("secrets.toml", 'shop = "correct horse"\n')
    shop.handle(
        "import os, boto3\n"
        'answer = boto3.client("secretsmanager").get_secret_value('
        'SecretId=os.environ["SECRET_SHOP"])\n'
        'return [os.environ["SECRET_SHOP"], len(answer["SecretString"])]'
    )
    done = shop.invoke(*RUN, "--json")
    assert json.loads(done.stdout)["output"] == [MANAGED, 13], done.stderr


def test_a_function_that_does_not_name_a_secret_may_not_read_it(shop: Repository) -> None:
    shop.define('Function("clean", secrets=["weather-key"]), Function("other")')
    shop.handle(
        "import boto3\n"
        'boto3.client("ssm").get_parameter(Name="/Example/local/weather-key", WithDecryption=True)',
        function="other",
    )
    done = shop.invoke(*RUN)
    assert done.returncode == 2
    assert "AccessDenied" in done.stdout


@pytest.mark.parametrize("mode", ["workers", "inline"])
def test_a_value_that_is_printed_returned_written_and_raised_is_on_no_screen_and_in_no_file(
    shop: Repository, mode: str
) -> None:
    shop.define(
        'Function("clean", secrets=["weather-key"]), '
        'Function("fail", secrets=["weather-key"], reads=[], writes=[])'
    )
    everything = (
        "import base64, json, urllib.parse\n"
        "text = key.encode()\n"
        'forms = {"a": key, key: json.dumps(key), "b": json.dumps(json.dumps(key)),\n'
        '    "c": base64.b64encode(text).decode(), "d": urllib.parse.quote(key, safe=""),\n'
        '    "e": base64.b64encode(b"me:" + text + b"end").decode(),\n'
        '    "f": base64.b64encode(b"user:" + text + b"end").decode()}\n'
    )
    shop.handle(
        f"{READ}{everything}print(forms)\nprint(json.dumps(forms))\nprint(key, end='')\n"
        'boto3.client("s3").put_object(Bucket=os.environ["TARGET_BUCKET"], '
        'Key=f"tidy/{key[:6]}/{key}.txt", Body=key)\n'
        "return forms"
    )
    shop.handle(f"{READ}raise ValueError(json.dumps(event) + key)", function="fail")
    options = ("--inline",) if mode == "inline" else ()
    done = shop.invoke(*RUN, *options)
    assert done.returncode == 1, done.stdout
    assert "[secret weather-key]" in done.stdout
    [folder] = {name.split("/")[1] for name in files(shop)}
    saved = files(shop)
    assert "[secret weather-key]" in saved[f"runs/{folder}/log.txt"]
    assert "[secret weather-key]" in saved[f"runs/{folder}/result.json"]
    for text in (done.stdout, done.stderr, *saved, *saved.values()):
        for form in forms():
            assert form not in text


def test_json_and_follow_show_no_value(shop: Repository) -> None:
    shop.handle(f"{READ}print(key)\nreturn {{'key': key}}")
    for option in ("--json", "--follow"):
        done = shop.invoke(*RUN, option)
        assert done.returncode == 0, done.stderr
        assert "[secret weather-key]" in done.stdout
        assert not any(form in done.stdout + done.stderr for form in forms())


def test_an_example_has_secrets_of_its_own(shop: Repository) -> None:
    (shop.root / "secrets.toml").unlink()
    shop.write("src/raw-to-processed/tidy/examples/first/secrets.toml", 'weather-key = "made up"\n')
    shop.handle(f"{READ}print(key)\nreturn len(key)")
    done = shop.invoke(*RUN, "--json")
    assert json.loads(done.stdout)["output"] == len("made up"), done.stderr


def test_a_missing_secret_is_refused_with_the_command_that_sets_it(shop: Repository) -> None:
    (shop.root / "secrets.toml").unlink()
    done = shop.invoke(*RUN)
    refused(done, "local has no secret 'weather-key' (read by raw-to-processed/tidy: clean): ")
    refused(done, "`invoke secret set weather-key --env local`")
    refused(done, "src/raw-to-processed/tidy/examples/first/secrets.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"weather-key = \xff\n", "secrets.toml is not text in UTF-8"),
        (b'weather-key = "abcd\n', "secrets.toml is not TOML in line 1"),
        (b"weather-key = 12345\n", 'weather-key is no text: write weather-key = "..."'),
        (b'weather-key = "abc"\n', "weather-key has less than 4 characters"),
        (b'Weather_Key = "abcd"\n', "'Weather_Key' is not the name of a secret"),
        (b'weather-key = "' + b"x" * 70_000 + b'"\n', "has 70,000 bytes, and a secret at most"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_and_not_shown(
    shop: Repository, content: bytes, message: str
) -> None:
    (shop.root / "secrets.toml").write_bytes(content)
    done = shop.invoke("check")
    assert done.returncode == 2
    assert message in done.stdout + done.stderr
    assert "abcd" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", [RUN, ("check",)])
def test_a_file_that_git_tracks_is_refused(shop: Repository, command: tuple[str, ...]) -> None:
    for words in (("init", "-q"), ("add", "secrets.toml")):
        subprocess.run(["git", "-C", shop.root, *words], check=True)
    done = shop.invoke(*command)
    assert done.returncode == 2
    assert "git tracks secrets.toml" in done.stdout + done.stderr


def test_others_lose_the_right_to_read_the_file(shop: Repository) -> None:
    file = shop.root / "secrets.toml"
    file.chmod(0o644)
    assert shop.invoke(*RUN).returncode == 0
    assert os.stat(file).st_mode & 0o777 == 0o600  # noqa: PTH116


def test_a_secret_of_an_example_that_no_function_reads_is_a_problem(shop: Repository) -> None:
    file = "src/raw-to-processed/tidy/examples/first/secrets.toml"
    shop.write(file, 'wether-key = "made up"\n')
    done = shop.invoke("check")
    assert done.returncode == 2
    assert f"{file}: no function reads 'wether-key'. Did you mean 'weather-key'?" in done.stdout


@pytest.mark.parametrize("command", [RUN, ("check",)])
def test_a_value_that_is_too_large_for_ssm_is_refused(
    shop: Repository, command: tuple[str, ...]
) -> None:
    shop.write("secrets.toml", f'weather-key = "{"x" * 8_193}"\n')
    done = shop.invoke(*command)
    assert done.returncode == 2
    assert "8,193 bytes, and a parameter of SSM at most 8,192" in done.stdout + done.stderr


def test_a_definition_that_cannot_be_read_is_the_only_problem(shop: Repository) -> None:
    shop.write("src/raw-to-processed/tidy/examples/first/secrets.toml", 'weather-key = "made up"\n')
    shop.define('Function("clean", secrets=["weather-key"], timeout=-1)')
    done = shop.invoke("check")
    assert "timeout" in done.stdout
    assert "no function reads" not in done.stdout


def test_a_variable_that_would_hide_a_secret_is_refused(shop: Repository) -> None:
    shop.define(
        'Function("clean", secrets=["weather-key"], environment={"SECRET_WEATHER_KEY": "x"})'
    )
    done = shop.invoke("check")
    assert done.returncode == 2
    assert "environment: 'SECRET_WEATHER_KEY' would hide" in done.stdout
