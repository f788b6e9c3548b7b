"""The arguments that encrypt a resource with the key ``key_arn``, or as AWS does without a key.

A component takes ``key_arn``, the ARN of a KMS key or None, and passes it on; where AWS needs more
than the ARN, the arguments are here. All but those of images change without a new resource.
"""

import pulumi
from pulumi_aws import dynamodb, ecr, s3, sfn

KeyArn = pulumi.Input[str] | None


def bucket_rules(
    key_arn: KeyArn,
) -> list[s3.BucketServerSideEncryptionConfigurationRuleArgsDict]:
    """Return the encryption of a bucket; its own data key makes fewer calls of KMS.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    """
    if key_arn is None:
        return [{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]
    return [
        {
            "apply_server_side_encryption_by_default": {
                "sse_algorithm": "aws:kms",
                "kms_master_key_id": key_arn,
            },
            "bucket_key_enabled": True,
        }
    ]


def image_encryption(key_arn: KeyArn) -> list[ecr.RepositoryEncryptionConfigurationArgsDict]:
    """Return the encryption of a repository of images."""
    if key_arn is None:
        return [{"encryption_type": "AES256"}]
    return [{"encryption_type": "KMS", "kms_key": key_arn}]


def managed_by_sqs(key_arn: KeyArn) -> bool | None:
    """Return whether SQS encrypts a queue with a key of its own; it accepts only one of both.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
    """
    return True if key_arn is None else None


def machine_encryption(key_arn: KeyArn) -> sfn.StateMachineEncryptionConfigurationArgsDict:
    """Return the encryption of a state machine; it uses a data key for 5 minutes, as by default.

    https://docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html
    """
    if key_arn is None:
        return {"type": "AWS_OWNED_KEY"}
    return {
        "type": "CUSTOMER_MANAGED_KMS_KEY",
        "kms_key_id": key_arn,
        "kms_data_key_reuse_period_seconds": 300,
    }


def table_encryption(key_arn: KeyArn) -> dynamodb.TableServerSideEncryptionArgsDict | None:
    """Return the encryption of a table; without a key, DynamoDB encrypts it with one of its own.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/EncryptionAtRest.html
    """
    return None if key_arn is None else {"enabled": True, "kms_key_arn": key_arn}
