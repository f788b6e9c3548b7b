"""Secrets in tests of pipelines: their values, and what a failure shows of them."""

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


def test_a_test_without_the_secret_fails_with_the_file_that_may_have_it(shop: Checkout) -> None:
    done = shop.one("run_pipeline('raw-to-processed/tidy', input={})")
    assert "local has no secret 'weather-key', which raw-to-processed/tidy: clean" in done.stdout
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
