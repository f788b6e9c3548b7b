"""The bucket for Pulumi's state, which `init` creates."""

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from dorc_runtime.deploy.driver.backend import create_bucket


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield boto3.client("s3", region_name="eu-west-2", endpoint_url="https://s3.amazonaws.com")


def test_it_refuses_requests_without_tls(client: Any) -> None:
    create_bucket("my-state", region="eu-west-2", client=client)
    [statement] = json.loads(client.get_bucket_policy(Bucket="my-state")["Policy"])["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
