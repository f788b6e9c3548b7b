"""A handler does not reach AWS by accident, from a shell and a home full of credentials."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore
import pytest

from dorc_runtime.local.functions.network_guard import is_aws

SECRET = "s3cr3tProdKeyOfTheTeamThatNobodyMaySee00"  # noqa: S105 - opens nothing
CREDENTIALS = {
    "AWS_PROFILE": "prod",
    "AWS_DEFAULT_PROFILE": "prod",
    "AWS_ACCESS_KEY_ID": "AKIAPRODPRODPRODPROD",
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_SESSION_TOKEN": SECRET,
    "AWS_ENDPOINT_URL_S3": "https://s3.eu-west-2.amazonaws.com",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
    "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/prod",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
}
PROFILE = f"aws_access_key_id = AKIAPRODPRODPRODPROD\naws_secret_access_key = {SECRET}\n"
ATTEMPTS = """
import asyncio
import http.client
import json
import os
import socket
import urllib.request
from pathlib import Path

import boto3

OWN = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "own", "region_name": "eu-west-2"}


def default_client():
    return boto3.client("s3").list_buckets()["Buckets"][0]["Name"]


def default_credentials():
    found = boto3.Session().get_credentials().get_frozen_credentials()
    return [found.access_key, found.secret_key, found.token]


def named_profile():
    return boto3.Session(profile_name="prod").get_credentials().secret_key


def profiles():
    return boto3.Session().available_profiles


def endpoint_url():
    boto3.client("s3", endpoint_url="https://s3.eu-west-2.amazonaws.com", **OWN).list_buckets()


def ignored_endpoints():
    os.environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"
    try:
        boto3.client("sts", **OWN).get_caller_identity()
    finally:
        del os.environ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"]


def web():
    urllib.request.urlopen("https://census.s3.amazonaws.com/penguins.csv", timeout=5)


def looked_up():
    socket.gethostbyname("dynamodb.eu-west-2.amazonaws.com")


def by_asyncio():
    asyncio.run(asyncio.open_connection("sqs.eu-west-2.api.aws", 443))


def metadata():
    connection = http.client.HTTPConnection("169.254.169.254", timeout=5)
    connection.request("GET", "/latest/meta-data/iam/security-credentials/")


def container():
    connection = http.client.HTTPConnection("169.254.170.2", timeout=5)
    connection.request("GET", "/v2/credentials")


def variables():
    return dict(os.environ)


def home():
    return sorted(os.listdir(Path.home()))


def lake():
    address = os.environ["AWS_ENDPOINT_URL"].removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=5)
    connection.request("GET", "/moto-api/data.json")
    return connection.getresponse().status


def handler(event, context):
    attempts = (
        default_client, default_credentials, named_profile, profiles, endpoint_url,
        ignored_endpoints, web, looked_up, by_asyncio, metadata, container, variables, home, lake,
    )
    results = {}
    for attempt in attempts:
        try:
            results[attempt.__name__] = attempt()
        except Exception as error:
            results[attempt.__name__] = f"{type(error).__name__}: {error}"
    return results
"""
RUN = """
import json
import sys
import threading
from pathlib import Path

from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.functions.worker_pool import WorkerPool
from dorc_runtime.local.aws.lake import Lake

own = json.loads(sys.argv[2])
function = LocalFunction(
    name="attempt",
    folder=Path(sys.argv[1]),
    timeout=60,
    memory=512,
    environment=own,
    arn="arn",
)
ended = threading.Event()


def done(outcome):
    print(json.dumps(outcome.payload))
    ended.set()


with Lake.start(region="eu-west-2") as lake:
    lake.create_bucket("raw")
    lake.open()
    with WorkerPool(
        {"attempt": function}, endpoint=lambda: lake.endpoint, region="eu-west-2", on_log=print
    ) as pool:
        pool.submit("attempt", None, done)
        ended.wait(60)
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of each attempt, in a run from a shell and a home full of credentials.

    The function's own variables try to lead to them as well.
    """
    home = tmp_path_factory.mktemp("home")
    (home / ".aws").mkdir()
    (home / ".aws" / "credentials").write_text(f"[default]\n{PROFILE}[prod]\n{PROFILE}")
    (home / ".aws" / "config").write_text("[profile prod]\nregion = eu-west-2\n")
    folder: Path = tmp_path_factory.mktemp("attempt")
    (folder / "lambda.py").write_text(ATTEMPTS)
    own = {**CREDENTIALS, "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials")}
    ended = subprocess.run(
        [sys.executable, "-c", RUN, str(folder), json.dumps(own)],
        env={**os.environ, **CREDENTIALS, "HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    outcome: dict[str, Any] = json.loads(ended.stdout)
    return outcome


def test_boto3_s_default_client_reaches_the_lake_alone(results: dict[str, Any]) -> None:
    assert results["default_client"] == "raw"


def test_no_credentials_of_the_shell_or_the_home_are_found(results: dict[str, Any]) -> None:
    assert results["default_credentials"] == ["attempt", "local", "local"]
    assert results["profiles"] == []
    assert results["home"].startswith("FileNotFoundError")
    assert SECRET not in json.dumps(results)


def test_a_named_profile_does_not_exist(results: dict[str, Any]) -> None:
    assert (
        results["named_profile"] == "ProfileNotFound: The config profile (prod) could not be found"
    )


@pytest.mark.parametrize(
    ("attempt", "host"),
    [
        ("endpoint_url", "s3.eu-west-2.amazonaws.com"),
        ("ignored_endpoints", "sts.eu-west-2.amazonaws.com"),
        ("web", "census.s3.amazonaws.com"),
        ("looked_up", "dynamodb.eu-west-2.amazonaws.com"),
        ("by_asyncio", "sqs.eu-west-2.api.aws"),
        ("metadata", "169.254.169.254"),
        ("container", "169.254.170.2"),
    ],
)
def test_a_connection_to_aws_is_refused_by_name(
    results: dict[str, Any], attempt: str, host: str
) -> None:
    assert f"a local run does not reach AWS: {host};" in results[attempt]


def test_variables_that_lead_to_credentials_do_not_exist(results: dict[str, Any]) -> None:
    made_up = {"attempt", "local"}
    lead = {name for name in CREDENTIALS if results["variables"].get(name, "local") not in made_up}
    assert lead == set()


def test_the_lake_is_reached(results: dict[str, Any]) -> None:
    assert results["lake"] == 200


def test_the_names_of_all_partitions_are_aws_s() -> None:
    path = Path(botocore.__file__).with_name("data") / "partitions.json"
    for partition in json.loads(path.read_text())["partitions"]:
        for suffix in (partition["outputs"][key] for key in ("dnsSuffix", "dualStackDnsSuffix")):
            assert is_aws(f"s3.some-region-1.{suffix}")


@pytest.mark.parametrize(
    "host",
    [
        "AMAZONAWS.COM",
        "s3.amazonaws.com.",
        "abc123.lambda-url.eu-west-2.on.aws",
        "2852039166",
        "0xa9fea9fe",
        "::ffff:169.254.169.254",
        "fd00:ec2::254",
        "fd00:0ec2:0:0:0:0:0:254",
    ],
)
def test_other_spellings_are_aws_s_too(host: str) -> None:
    assert is_aws(host)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "example.org", "notamazonaws.com", "amazonaws.com.example", ""],
)
def test_other_hosts_are_not_aws_s(host: str) -> None:
    assert not is_aws(host)
