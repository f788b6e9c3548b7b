"""What a function may do on AWS in addition to reading and writing the zones of its layer."""

from collections.abc import Mapping, Sequence

from pydantic import Field, JsonValue

from dorc_runtime.model.base import Model, as_texts


class Permission(Model):
    """Allow ``actions`` (``dynamodb:PutItem``) on ``resources`` (ARNs), if ``condition`` is met.

    Actions, resources and condition keys of each service:
    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """

    actions: tuple[str, ...] = Field(min_length=1)
    resources: tuple[str, ...] = Field(min_length=1)
    condition: dict[str, JsonValue]

    def __init__(
        self,
        actions: Sequence[str],
        *,
        resources: Sequence[str],
        condition: Mapping[str, JsonValue] | None = None,
    ) -> None:
        super().__init__(
            actions=as_texts(actions),
            resources=as_texts(resources),
            condition=dict(condition or {}),
        )
