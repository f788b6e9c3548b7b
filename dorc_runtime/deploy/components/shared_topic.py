"""A topic that the pipelines of an environment share."""

import pulumi
from pulumi_aws import sns

from dorc_runtime.deploy.components.encryption import KeyArn


class SharedTopic(pulumi.ComponentResource):
    """The SNS topic ``topic``, encrypted with ``key_arn``, or with the account's key for SNS.

    Functions and state machines of the account can publish to it; services of AWS cannot use the
    account's key. https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """

    arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        *,
        topic: str,
        key_arn: KeyArn,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("dorc:aws:SharedTopic", name, None, opts)
        sns_topic = sns.Topic(
            name,
            name=topic,
            kms_master_key_id=key_arn or "alias/aws/sns",
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = sns_topic.arn
        self.register_outputs({"arn": self.arn})
