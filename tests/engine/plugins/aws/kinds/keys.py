"""Keys of KMS."""

from tests.engine.plugins.aws.calls import Aws
from tests.engine.plugins.aws.kind import Kind
from tests.engine.plugins.properties import Properties


def _rotation(aws: Aws, given: Properties) -> None:
    if given.get("enableKeyRotation"):
        aws.client("kms").enable_key_rotation(KeyId=given["keyId"])


KEYS = {
    "kms/key": Kind(
        service="kms",
        create="create_key",
        read="describe_key",
        delete="schedule_key_deletion",
        id="{keyId}",
        # A key stays for a while after its deletion; for Pulumi's provider it does not exist then.
        path="[KeyMetadata][?KeyState!='PendingDeletion'] | [0]",
        capture={"keyId": "KeyMetadata.KeyId"},
        outputs={"arn": "Arn"},
        rename={"deletionWindowInDays": ("PendingWindowInDays",)},
        update=("put_key_policy", "update_key_description", _rotation),
    ),
}
