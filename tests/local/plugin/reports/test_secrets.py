"""Secrets in tests of pipelines: their values, and what a failure shows of them."""

import json

import pytest

from tests.local.plugin.conftest import TIDY, Checkout

HANDLER = """import os

import boto3


def handler(event, context):
    name = os.environ["SECRET_WEATHER_KEY"]
    key = boto3.client("ssm").get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    print("the key is", key)
    boto3.client("s3").put_object(Bucket=os.environ["TARGET_BUCKET"], Key="key.txt", Body=key)
    return {"key": key, "size": len(key)}
"""
VALUE = 'k3y "of" tests'
SECRETS = f"{{'weather-key': {VALUE!r}}}"
RUN = f"result = run_pipeline('raw-to-processed/tidy', input={{}}, secrets={SECRETS})"

LONG = 'zq3%-wördé-"jx"-9876 qK7\'w0 ' * 4
FAILURES = """
import pytest


@pytest.fixture
def body(run_pipeline):
    return run_pipeline("raw-to-processed/tidy", input={}).lake["processed/key.txt"].decode()


def test_texts(body):
    assert body == "another"

def test_long_texts(body):
    assert "x" * 200 + body == "x" * 200

def test_json(body):
    page = {"first": "x" * 90 + body, "items": [body], "size": 1}
    assert page == {"items": []}

def test_bytes(body):
    assert [body.encode()] == [b""]

def test_parts(body):
    assert body not in "x" * 30 + body

def test_members(body):
    assert ("x" * 190 + body,) in {1: body}
"""


@pytest.fixture
def shop(checkout: Checkout) -> Checkout:
    checkout.define_steps('Function("clean", secrets=["weather-key"])')
    return checkout.write(f"{TIDY}/clean/lambda.py", HANDLER)


def test_a_test_gives_secrets_and_data_stays_as_it_was_written(shop: Checkout) -> None:
    shop.passes(
        f"{RUN}\n"
        f"assert result.output == {{'key': '[secret weather-key]', 'size': {len(VALUE)}}}\n"
        "assert result.log[0].text == 'the key is [secret weather-key]'\n"
        f"assert result.lake['processed/key.txt'] == {VALUE.encode()!r}"
    )


def test_a_failure_shows_no_value(shop: Checkout) -> None:
    done = shop.one(
        f"{RUN}\n"
        "body = result.lake['processed/key.txt'].decode()\n"
        "print(body)\n"
        "assert body == 'another'",
        "--showlocals",
    )
    assert "- another" in done.stdout
    assert "the key is [secret weather-key]" in done.stdout.split("Captured stdout")[-1]
    assert "1 failed" in done.stdout
    assert VALUE not in done.stdout


@pytest.mark.parametrize("options", [("--dorc-workers",), ("-vv",)])
def test_a_failure_shows_no_part_of_a_long_value(shop: Checkout, options: tuple[str, ...]) -> None:
    shop.write("secrets.toml", f"weather-key = {json.dumps(LONG)}\n")
    shop.write(f"{TIDY}/tests/test_parts.py", FAILURES)
    done = shop.pytest(f"{TIDY}/tests/test_parts.py", "--showlocals", *options)
    assert "6 failed" in done.stdout
    assert "[secret weather-key]" in done.stdout
    parts = [LONG[start : start + 4] for start in range(len(LONG) - 3)]
    assert [part for part in parts if part in done.stdout] == []


def test_a_test_without_the_secret_fails_with_the_file_that_may_have_it(shop: Checkout) -> None:
    done = shop.one("run_pipeline('raw-to-processed/tidy', input={})")
    assert "local has no secret 'weather-key' (read by raw-to-processed/tidy: clean)" in done.stdout
    assert "src/raw-to-processed/tidy/examples/<case>/secrets.toml" in done.stdout


@pytest.mark.parametrize(
    ("secrets", "message"),
    [
        ({"weather-key": "abc"}, "secrets: weather-key has less than 4 characters"),
        ({"weather-key": VALUE, "wether-key": VALUE}, "reads 'wether-key'. Did you mean"),
    ],
)
def test_wrong_secrets_are_refused(shop: Checkout, secrets: dict[str, str], message: str) -> None:
    done = shop.one(f"run_pipeline('raw-to-processed/tidy', input={{}}, secrets={secrets!r})")
    assert message in done.stdout
