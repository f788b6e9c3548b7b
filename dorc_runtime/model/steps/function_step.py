"""The step that calls a function.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)

from dorc_runtime.model.base import as_sequence, as_texts
from dorc_runtime.model.expressions.data import STEP_RESULT, result_text
from dorc_runtime.model.expressions.expression import Value
from dorc_runtime.model.expressions.variables import assignments
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.references import Resolvable, plain_text, setting
from dorc_runtime.model.resources import (
    Bucket,
    Resource,
    buckets_of,
    check_entry,
    entry_with_names,
)
from dorc_runtime.model.secrets import Secret
from dorc_runtime.model.steps.recovery import (
    Catch,
    RecoverableStep,
    Retry,
    Seconds,
    whole_seconds,
)

LONGEST_FUNCTION = timedelta(minutes=15)


def _within_lambda(timeout: timedelta) -> timedelta:
    if timeout > LONGEST_FUNCTION:
        raise ValueError(
            f"{timeout} is longer than the 15 minutes that Lambda allows: split the work, "
            "for example with a Map over its parts"
        )
    return timeout


def _as_text(value: JsonValue) -> JsonValue:
    """Return the value of a variable as text; a setting may be a number, for example."""
    return value if value is None else plain_text(value)


Text = Annotated[str, BeforeValidator(_as_text)]
FunctionSeconds = Annotated[
    timedelta, AfterValidator(whole_seconds), AfterValidator(_within_lambda), Resolvable
]


class Function(RecoverableStep):
    """Call the Lambda function in the folder ``name``, with the step's input as its event.

    ``memory`` (128 to 10,240) and ``storage``, the size of ``/tmp`` (512 to 10,240), are in MiB.
    ``timeout`` is at most 15 minutes. After ``retry`` come the retries that AWS recommends for
    transient errors of Lambda; ``retry=()`` removes those too.
    Limits: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

    A function may read the whole source zone of its layer, and read, write and delete in the whole
    target zone. ``reads`` and ``writes`` replace that; each names zones or buckets, with a prefix
    (``raw/penguins/``), or is a resource of ``Config(resources=...)``. ``permissions`` are added.
    It may read its ``secrets``, which it finds by the variables ``SECRET_<NAME>``.

    ``environment`` has environment variables. Each of ``settings``, fields of the model in
    ``Config(settings=...)``, becomes one too: ``api_url`` becomes ``API_URL``.

    ``concurrency`` is how many events the function handles at the same time, of those that the
    account allows; they are reserved for it. Lambda refuses more, and the step tries again. Without
    it, the function shares what no other reserves.
    https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html

    With ``wait_for_token`` the event is ``{"input", "token"}``, and the step waits until somebody
    sends that token back with SendTaskSuccess of Step Functions; the output sent with it is the
    result. After ``answer_within`` the step fails with ``States.Timeout``:
    https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
    """

    memory: Annotated[int, Field(ge=128, le=10_240), Resolvable]
    timeout: FunctionSeconds
    environment: dict[str, Text]
    settings: dict[str, JsonValue]
    storage: Annotated[int, Field(ge=512, le=10_240), Resolvable]
    concurrency: Annotated[int | None, Field(ge=1), Resolvable]
    reads: tuple[str | SerializeAsAny[Resource], ...] | None
    writes: tuple[str | SerializeAsAny[Resource], ...] | None
    permissions: tuple[Permission, ...]
    secrets: tuple[Secret, ...]
    # The buckets of the configuration that reads and writes name.
    resources: tuple[SerializeAsAny[Resource], ...]
    wait_for_token: bool
    answer_within: Seconds | None

    def __init__(
        self,
        name: str,
        *,
        memory: int = 512,
        timeout: timedelta = timedelta(minutes=5),
        environment: Mapping[str, str] | None = None,
        settings: Sequence[str] = (),
        storage: int = 512,
        concurrency: int | None = None,
        reads: Sequence[str | Resource] | None = None,
        writes: Sequence[str | Resource] | None = None,
        permissions: Sequence[Permission] = (),
        secrets: Sequence[str | Secret] = (),
        wait_for_token: bool = False,
        answer_within: timedelta | None = None,
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        retry: Sequence[Retry] | None = None,
        catch: Sequence[Catch] = (),
    ) -> None:
        result = STEP_RESULT if wait_for_token else f"{STEP_RESULT}.Payload"
        super().__init__(
            name=name,
            memory=memory,
            timeout=timeout,
            environment=dict(environment or {}),
            settings={name.upper(): setting(name) for name in as_texts(settings)},
            storage=storage,
            concurrency=concurrency,
            reads=_named(reads),
            writes=_named(writes),
            resources=tuple(
                bucket
                for entry in (*_entries(reads), *_entries(writes))
                for bucket in buckets_of(entry)
            ),
            permissions=as_sequence(permissions),
            secrets=_secrets(secrets),
            wait_for_token=wait_for_token,
            answer_within=answer_within,
            output=result_text(output, result),
            assign=assignments(assign, lambda value: result_text(value, result)),
            retry=as_sequence(retry),
            catch=as_sequence(catch),
        )

    @field_validator("reads", "writes")
    @classmethod
    def _buckets_and_resources(
        cls, entries: tuple[str | Resource, ...] | None, info: ValidationInfo
    ) -> tuple[str | Resource, ...] | None:
        for entry in entries or ():
            check_entry(str(info.field_name), entry)
        return entries

    @field_validator("secrets")
    @classmethod
    def _each_secret_once(cls, secrets: tuple[Secret, ...]) -> tuple[Secret, ...]:
        names = [secret.name for secret in secrets]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the secret '{twice}' is in the list twice: remove one")
        return secrets

    @model_validator(mode="after")
    def _answered_by_token(self) -> Self:
        if self.answer_within is not None and not self.wait_for_token:
            raise ValueError(
                "answer_within needs wait_for_token=True; without it set timeout instead"
            )
        return self


def _entries(entries: Sequence[str | Resource] | None) -> tuple[str | Resource, ...]:
    """Return ``reads`` or ``writes`` as a tuple."""
    return (entries,) if isinstance(entries, str | Resource) else tuple(entries or ())


def _named(entries: Sequence[str | Resource] | None) -> object:
    """Return ``reads`` or ``writes`` with each bucket named like a zone."""
    if entries is None:
        return None
    return tuple(
        entry_with_names(str(entry)) if isinstance(entry, str | Bucket) else entry
        for entry in _entries(entries)
    )


def _secrets(secrets: Sequence[str | Secret]) -> tuple[Secret, ...]:
    """Return ``secrets`` as a tuple; a text is the name of one in SSM."""
    each = (secrets,) if isinstance(secrets, str | Secret) else tuple(secrets)
    return tuple(Secret(secret) if isinstance(secret, str) else secret for secret in each)
