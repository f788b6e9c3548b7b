"""The step that runs other steps once for each of many items, in one execution or in many.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from dorc_runtime.model.base import as_sequence
from dorc_runtime.model.expressions.data import list_text, result_text, selected_text
from dorc_runtime.model.expressions.expression import Value
from dorc_runtime.model.expressions.variables import assignments
from dorc_runtime.model.references import Resolvable, is_reference
from dorc_runtime.model.steps.items import Objects, Rows
from dorc_runtime.model.steps.recovery import Catch, RecoverableStep, Retry
from dorc_runtime.model.steps.step import Step, Steps


class Map(RecoverableStep):
    """Run ``steps`` once for each item of ``over``; the result lists their outputs, in order.

    In the steps ``data`` is the item, or the value of ``select``; in ``select`` ``item`` is the
    item and ``data`` is the input of the Map. At most ``max_concurrency`` items run at a time (0:
    as many as AWS allows, up to 40).

    With ``distributed`` each item gets its own execution, up to 10,000 at a time, and ``over`` may
    also be ``objects(...)`` or ``rows(...)``. ``batch`` is the number of items that one execution
    gets together, as ``{"Items": [...]}``. The Map fails when more items fail than
    ``tolerated_failures``, or than ``tolerated_percentage`` of all (0 to 100). With ``results``
    (``processed/runs/``) the outputs are written there as objects, and are not part of the result:
    https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
    """

    over: Objects | Rows | JsonValue
    steps: Steps = Field(min_length=1)
    select: JsonValue
    max_concurrency: Annotated[int, Field(ge=0), Resolvable]
    distributed: bool
    batch: Annotated[int | None, Field(ge=1), Resolvable]
    tolerated_failures: Annotated[int, Field(ge=0), Resolvable]
    tolerated_percentage: Annotated[int, Field(ge=0, le=100), Resolvable]
    results: str | None

    def __init__(
        self,
        over: Value | Objects | Rows,
        *,
        steps: Sequence[Step],
        select: Value = None,
        max_concurrency: int = 0,
        distributed: bool = False,
        batch: int | None = None,
        tolerated_failures: int = 0,
        tolerated_percentage: int = 0,
        results: str | None = None,
        name: str = "",
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        retry: Sequence[Retry] | None = None,
        catch: Sequence[Catch] = (),
    ) -> None:
        super().__init__(
            over=over if isinstance(over, Objects | Rows) else list_text(over),
            steps=as_sequence(steps),
            select=selected_text(select),
            max_concurrency=max_concurrency,
            distributed=distributed,
            batch=batch,
            tolerated_failures=tolerated_failures,
            tolerated_percentage=tolerated_percentage,
            results=results,
            name=name,
            output=result_text(output),
            assign=assignments(assign, result_text),
            retry=as_sequence(retry),
            catch=as_sequence(catch),
        )

    @field_validator("over")
    @classmethod
    def _a_list(cls, over: Objects | Rows | JsonValue) -> Objects | Rows | JsonValue:
        if isinstance(over, str) and (over.startswith("{%") or is_reference(over)):
            return over
        if isinstance(over, list | Objects | Rows):
            return over
        raise ValueError("over must be a list, or an expression for one: over=data.files")

    @model_validator(mode="after")
    def _check_distributed(self) -> Self:
        options = {
            f"over={type(self.over).__name__.lower()}(...)": isinstance(self.over, Objects | Rows),
            "batch": self.batch is not None,
            "tolerated_failures": self.tolerated_failures != 0,
            "tolerated_percentage": self.tolerated_percentage != 0,
            "results": self.results is not None,
        }
        if not self.distributed:
            for name, is_set in options.items():
                if is_set:
                    raise ValueError(f"{name} needs Map(..., distributed=True)")
        return self
