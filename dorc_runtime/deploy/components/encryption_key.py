"""A key of the account."""

import json
from collections.abc import Mapping

import pulumi
from pulumi_aws import kms
from pydantic import JsonValue


class EncryptionKey(pulumi.ComponentResource):
    """A symmetric KMS key; ``policy`` says who may use it. AWS changes its material every year.

    After it is removed, KMS keeps it for 30 days, in which it can be restored.
    https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        description: str,
        policy: Mapping[str, JsonValue],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:EncryptionKey", name, None, opts)
        key = kms.Key(
            name,
            description=description,
            policy=json.dumps(policy),
            enable_key_rotation=True,
            deletion_window_in_days=30,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = key.arn
        self.register_outputs({"arn": self.arn})
