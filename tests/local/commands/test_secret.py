"""`invoke secret`: the secrets of environments, in an SSM that moto plays, and of this machine.

The commands run in this process, which is twenty times as fast as a process for each.
"""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from invoke.program import Program

if TYPE_CHECKING:
    from dorc_runtime.local.aws.lake import Lake
    from tests.local.commands.conftest import Repository

VALUE = "s3cr3t-of-the-weather"


@dataclass(frozen=True)
class Done:
    """The exit code of a command, and its output."""

    returncode: int
    stdout: str
    stderr: str


class Shop:
    """A repository with a function that reads two secrets, and the AWS of its environments."""

    def __init__(self, repository: Repository, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
        repository.define('Function("clean", secrets=["weather-key", "news-token"])')
        repository.write("infra/Pulumi.yaml", "name: infra\nruntime: python\n")
        for name in ("dev", "prod"):
            repository.write(f"infra/Pulumi.{name}.yaml", "config: {}\n")
        self.repository = repository
        for variable in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(variable)
        for variable, value in {
            "AWS_ENDPOINT_URL": lake.endpoint,
            "AWS_ACCESS_KEY_ID": "LOCAL",
            "AWS_SECRET_ACCESS_KEY": "local",
        }.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.chdir(repository.root)
        self._monkeypatch = monkeypatch
        self.ssm: Any = boto3.client("ssm", region_name="eu-west-2", endpoint_url=lake.endpoint)

    def secret(self, *words: str, value: str | bytes = b"", **variables: str) -> Done:
        """Give a command, with ``value`` as its standard input."""
        program = Program(name="Invoke", binary_names=["invoke"], version="0")
        body = value.encode() if isinstance(value, str) else value
        out, err = io.StringIO(), io.StringIO()
        with self._monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))
            patch.setattr(sys, "path", sys.path[:])
            for variable, text in variables.items():
                patch.setenv(variable, text)
            try:
                program.run(["invoke", "secret", *words])
                code = 0
            except SystemExit as error:
                code = int(error.code or 0)
        return Done(code, out.getvalue(), err.getvalue())

    def stored(self, environment: str, name: str) -> str:
        """Return what SSM has."""
        answer = self.ssm.get_parameter(Name=f"/Example/{environment}/{name}", WithDecryption=True)
        return str(answer["Parameter"]["Value"])


@pytest.fixture
def shop(repository: Repository, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(repository, lake, monkeypatch)


def refused(done: Done, message: str) -> None:
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert message in done.stderr


def test_set_stores_an_encrypted_parameter_with_the_tags_of_the_environment(shop: Shop) -> None:
    done = shop.secret("set", "weather-key", "--env", "prod", value=VALUE + "\n")
    assert (done.returncode, done.stdout) == (0, "stored weather-key in prod\n"), done.stderr
    assert shop.stored("prod", "weather-key") == VALUE
    [described] = shop.ssm.describe_parameters()["Parameters"]
    assert (described["Type"], described["Tier"]) == ("SecureString", "Standard")
    name = "/Example/prod/weather-key"
    tags = shop.ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "dorc:project": "Example",
        "dorc:environment": "prod",
    }


def test_a_secret_is_encrypted_with_the_key_of_the_configuration(shop: Shop) -> None:
    key = "arn:aws:kms:eu-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    shop.repository.write("infra/Pulumi.prod.yaml", f"config:\n  kms_key_arn: {key}\n")
    assert shop.secret("set", "weather-key", "--env", "prod", value=VALUE).returncode == 0
    [described] = shop.ssm.describe_parameters()["Parameters"]
    assert described["KeyId"] == key


def test_set_replaces_what_is_there(shop: Shop) -> None:
    shop.secret("set", "weather-key", "--env", "prod", value="before")
    assert shop.secret("set", "weather-key", "--env", "prod", value="after").returncode == 0
    assert shop.stored("prod", "weather-key") == "after"


def test_set_asks_for_the_value_without_showing_it(shop: Shop) -> None:
    terminal, stdin = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", "secret", "set", "weather-key", "--env", "dev"],
        cwd=shop.repository.root,
        stdin=stdin,
        stdout=stdin,
        stderr=stdin,
        start_new_session=True,
    )
    shown = b""
    while b"Value of weather-key in dev: " not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, f"{VALUE}\n".encode())
    assert process.wait(60) == 0
    os.set_blocking(terminal, False)
    shown += os.read(terminal, 10_000)
    os.close(terminal)
    os.close(stdin)
    assert b"stored weather-key in dev" in shown
    assert VALUE.encode() not in shown
    assert shop.stored("dev", "weather-key") == VALUE


def protect(shop: Shop) -> None:
    shop.repository.write("infra/Pulumi.prod.yaml", "config:\n  protect: true\n")


@pytest.mark.parametrize(
    ("environments", "message"),
    [
        (("--env", "prod"), "prod is protected, and there is no terminal to ask at: add --confirm"),
        (("--env", "prod", "--confirm", "dev"), "--confirm is 'dev', and the environment is prod"),
        (("--env", "dev", "--confirm", "prod"), "--confirm is 'prod', and the environment is dev"),
    ],
)
def test_a_protected_environment_is_not_changed_without_its_name(
    shop: Shop, environments: tuple[str, ...], message: str
) -> None:
    protect(shop)
    refused(shop.secret("set", "weather-key", *environments, value=VALUE), message)
    assert shop.ssm.describe_parameters()["Parameters"] == []


def test_a_protected_environment_is_changed_with_its_name(shop: Shop) -> None:
    protect(shop)
    named = ("weather-key", "--env", "prod", "--confirm", "prod")
    assert shop.secret("set", *named, value=VALUE).returncode == 0
    assert shop.secret("remove", *named, "--yes").returncode == 0
    assert shop.secret("list", "--env", "prod").returncode == 0


def test_a_protected_environment_asks_for_its_name_at_a_terminal(shop: Shop) -> None:
    protect(shop)
    terminal, stdin = pty.openpty()
    os.write(terminal, b"dev\n")
    done = subprocess.run(
        [sys.executable, "-m", "invoke", "secret", "set", "weather-key", "--env", "prod"],
        cwd=shop.repository.root,
        stdin=stdin,
        capture_output=True,
        check=False,
    )
    os.close(terminal)
    os.close(stdin)
    assert b"prod is protected. Type its name to set weather-key: " in done.stdout
    assert (done.returncode, done.stderr) == (2, b"nothing was changed\n")
    assert shop.ssm.describe_parameters()["Parameters"] == []


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"", "no value was given for weather-key: type it at the prompt, or pipe it in"),
        (b"abc\n", "has less than 4 characters"),
        (b"\xff\xfe\xfa\xfb", "is not text in UTF-8: encode it"),
        (b"x" * 5_000, "5,000 bytes, and a parameter of SSM at most 4,096: add --advanced"),
    ],
)
def test_a_value_that_ssm_or_logs_cannot_take_is_refused(
    shop: Shop, value: bytes, message: str
) -> None:
    done = shop.secret("set", "weather-key", "--env", "prod", value=value)
    refused(done, message)
    assert shop.ssm.describe_parameters()["Parameters"] == []


def test_an_advanced_parameter_takes_8_kb_and_no_more(shop: Shop) -> None:
    large = ("set", "weather-key", "--env", "prod", "--advanced")
    assert shop.secret(*large, value="x" * 8_192).returncode == 0
    [described] = shop.ssm.describe_parameters()["Parameters"]
    assert described["Tier"] == "Advanced"
    refused(shop.secret(*large, value="x" * 8_193), 'store="secretsmanager"')


def test_a_name_that_no_function_reads_is_refused_with_the_near_one(shop: Shop) -> None:
    done = shop.secret("set", "wether-key", "--env", "prod", value=VALUE)
    refused(done, "no function reads a secret 'wether-key'. Did you mean 'weather-key'?")
    done = shop.secret("set", "other", "--env", "prod", value=VALUE)
    refused(done, "Add it to Function(secrets=[...]).")


def test_list_shows_dates_readers_and_what_is_missing(shop: Shop) -> None:
    shop.secret("set", "weather-key", "--env", "prod", value=VALUE)
    shop.ssm.put_parameter(Name="/Example/prod/old", Value="abcd", Type="SecureString")
    shop.ssm.put_parameter(Name="/Example/dev/news-token", Value="abcd", Type="SecureString")
    done = shop.secret("list", "--env", "prod")
    rows = [line.split("  ") for line in done.stdout.splitlines()]
    assert [row[0].strip() for row in rows[:3]] == ["news-token", "old", "weather-key"]
    assert [row[-1].strip() for row in rows[:3]] == [
        "raw-to-processed/tidy: clean",
        "no function reads it",
        "raw-to-processed/tidy: clean",
    ]
    assert "missing" in done.stdout.splitlines()[0]
    assert rows[3] == ["next: invoke secret set news-token --env prod"]
    assert VALUE not in done.stdout


def test_copy_leaves_what_the_other_environment_has(shop: Shop) -> None:
    shop.secret("set", "weather-key", "--env", "dev", value=VALUE)
    shop.secret("set", "news-token", "--env", "dev", value="from dev")
    shop.secret("set", "news-token", "--env", "prod", value="from prod")
    copy = ("copy", "--from", "dev", "--to", "prod")
    done = shop.secret(*copy)
    assert done.stdout.splitlines() == [
        "left news-token: prod has it; --overwrite replaces it",
        "copied weather-key to prod",
    ]
    assert shop.stored("prod", "news-token") == "from prod"
    assert shop.stored("prod", "weather-key") == VALUE
    shop.secret(*copy, "--overwrite")
    assert shop.stored("prod", "news-token") == "from dev"


def test_copy_leaves_what_no_function_reads(shop: Shop) -> None:
    shop.ssm.put_parameter(Name="/Example/dev/Old_Key", Value="abcd", Type="SecureString")
    shop.secret("set", "weather-key", "--env", "dev", value=VALUE)
    done = shop.secret("copy", "--from", "dev", "--to", "local")
    assert done.stdout.splitlines() == [
        "left Old_Key: no function reads it from SSM",
        "copied weather-key to local",
    ]
    assert "missing" not in shop.secret("list", "--env", "local").stdout.splitlines()[1]


def test_remove_asks_and_yes_answers(shop: Shop) -> None:
    shop.secret("set", "weather-key", "--env", "prod", value=VALUE)
    refused(shop.secret("remove", "weather-key", "--env", "prod"), "add --yes")
    done = shop.secret("remove", "weather-key", "--env", "prod", "--yes")
    assert done.stdout == "removed weather-key from prod\n"
    assert shop.ssm.describe_parameters()["Parameters"] == []
    done = shop.secret("remove", "weather-key", "--env", "prod", "--yes")
    refused(done, "no secret 'weather-key' in prod; known: none yet.")


def test_a_secret_of_secrets_manager_is_changed_there(shop: Shop) -> None:
    arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:shop-AbCdEf"
    shop.repository.define(
        f'Function("clean", secrets=[Secret("shop", store="secretsmanager", arn="{arn}")])',
        imports="Function, Pipeline, Secret",
    )
    done = shop.secret("set", "shop", "--env", "prod", value=VALUE)
    refused(done, "change it there, for example with `aws secretsmanager put-secret-value`")
    assert "in Secrets Manager" in shop.secret("list", "--env", "prod").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("set", "weather-key"), "which environment? Add --env X, where X is dev or prod or local"),
        (("list", "--env", "test"), "no environment 'test'; known: dev, prod, local"),
        (("st", "--env", "dev"), "Did you mean `invoke secret set`?"),
        (("copy", "--from", "dev", "--to", "dev"), "name the same environment: name two"),
        (("copy", "--from", "dev"), "which environment? Add --to X"),
        (("copy", "--from", "dev", "--to", "prod"), "dev has no secrets to copy"),
    ],
)
def test_a_wrong_call_is_refused_in_one_line(
    shop: Shop, words: tuple[str, ...], message: str
) -> None:
    refused(shop.secret(*words, value=VALUE), message)


def test_the_account_is_checked_as_apply_checks_it(shop: Shop) -> None:
    done = shop.secret("list", "--env", "prod", AWS_ACCOUNT="210987654321")
    refused(done, "AWS_ACCOUNT says the account is 210987654321, but the credentials belong to")


def test_where_nothing_answers_the_error_says_so(shop: Shop) -> None:
    done = shop.secret("list", "--env", "prod", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    refused(done, "nothing answered at http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), ": write `invoke secret ACTION NAME`."),
        (("set", "--env", "prod"), "write `invoke secret set NAME --env ENV`, or"),
        (("remove",), "NAME is missing: write"),
    ],
)
def test_a_missing_word_is_reported(shop: Shop, words: tuple[str, ...], message: str) -> None:
    refused(shop.secret(*words, value=VALUE), message)


def test_a_local_mistake_is_found_before_aws_is_asked(shop: Shop) -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    done = shop.secret("set", "wether-key", "--env", "prod", value=VALUE, **nowhere)
    refused(done, "no function reads a secret 'wether-key'. Did you mean 'weather-key'?")
    done = shop.secret("copy", "--from", "prod", "--to", "prd", **nowhere)
    refused(done, "no environment 'prd'")


class TestThisMachine:
    """``--env local`` is ``secrets.toml``."""

    def test_set_writes_a_file_that_its_owner_alone_can_read_and_git_ignores(
        self, shop: Shop
    ) -> None:
        root = shop.repository.root
        subprocess.run(["git", "init", "-q", root], check=True)
        shop.secret("set", "weather-key", "--env", "local", value='a"b\\c\u007fé\nnext')
        shop.secret("set", "news-token", "--env", "local", value=VALUE)
        file = root / "secrets.toml"
        assert file.stat().st_mode & 0o777 == 0o600
        assert (root / ".gitignore").read_text() == "/secrets.toml\n"
        listed = shop.secret("list", "--env", "local").stdout
        assert "missing" not in listed
        shop.secret("copy", "--from", "local", "--to", "dev")
        assert shop.stored("dev", "weather-key") == 'a"b\\c\u007fé\nnext'

    def test_comments_stay_and_only_the_one_line_changes(self, shop: Shop) -> None:
        file = shop.repository.write(
            "secrets.toml", '# mine\nweather-key = "before"\n# the other\nnews-token = "abcd"\n'
        )
        shop.secret("set", "weather-key", "--env", "local", value="after")
        assert file.read_text() == (
            '# mine\n# the other\nnews-token = "abcd"\nweather-key = "after"\n'
        )

    def test_a_file_with_values_of_several_lines_is_written_anew(self, shop: Shop) -> None:
        file = shop.repository.write("secrets.toml", 'weather-key = """one\ntwo"""\n')
        shop.secret("set", "weather-key", "--env", "local", value="after")
        assert file.read_text() == 'weather-key = "after"\n'

    def test_remove_takes_it_out(self, shop: Shop) -> None:
        file = shop.repository.write("secrets.toml", 'weather-key = "abcd"\n')
        shop.secret("remove", "weather-key", "--env", "local", "--yes")
        assert file.read_text() == ""


def test_a_webhook_of_alerts_is_a_secret_with_an_https_url(shop: Shop) -> None:
    shop.repository.write("infra/Pulumi.dev.yaml", "config: {alert_webhooks: [chat]}\n")
    refused = shop.secret("set", "chat", "--env", "dev", value="http://hooks.slack.com/a")
    assert (refused.returncode, refused.stderr) == (
        2,
        "error: the value of chat is not a URL that starts with https://: Config(alert_webhooks) "
        "names it, so give the URL of a webhook of Slack or Teams.\n",
    )
    stored = shop.secret("set", "chat", "--env", "dev", value="https://hooks.slack.com/a")
    assert stored.returncode == 0, stored.stderr
    assert "chat  " in shop.secret("list", "--env", "dev").stdout
    assert "chat  " not in shop.secret("list", "--env", "local").stdout
