"""The step that runs other steps until a condition is true.

``compile.document.repeats`` makes the states that it becomes: Step Functions has no such state.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue

from dorc_runtime.model.base import as_sequence
from dorc_runtime.model.expressions.conditions import Condition, condition_text
from dorc_runtime.model.expressions.data import value_text
from dorc_runtime.model.expressions.expression import Expression, Value
from dorc_runtime.model.expressions.variables import Assignments, assignments, check_variable
from dorc_runtime.model.references import Resolvable
from dorc_runtime.model.steps.recovery import Seconds
from dorc_runtime.model.steps.step import Step, Steps


class Repeat(Step):
    """Run ``steps`` until the condition ``until`` is true, at most ``most`` times.

    The first round gets the input of the step, each further one the output of the round before.
    ``until`` is evaluated after each round, and in it ``data`` is the output of the round. Between
    two rounds the pipeline waits for ``wait``. The output is that of the last round, or ``output``
    if it is set; ``assign`` sets variables. The variable ``counter`` is the number of the round, 1
    in the first one. When ``until`` is still false after ``most`` rounds, the pipeline fails with
    the error ``TooManyRounds``; a Parallel around the Repeat can catch it.
    """

    steps: Steps = Field(min_length=1)
    until: Condition
    most: Annotated[int, Field(ge=1), Resolvable]
    wait: Seconds | None
    counter: Annotated[str, AfterValidator(lambda name: name and check_variable(name))]
    output: JsonValue
    assign: Assignments

    def __init__(
        self,
        steps: Sequence[Step],
        *,
        until: Expression | str,
        most: int,
        wait: timedelta | None = None,
        counter: str = "",
        output: Value = None,
        assign: Mapping[str, Value] | None = None,
        name: str = "",
    ) -> None:
        super().__init__(
            steps=as_sequence(steps),
            until=condition_text(until, start="Repeat([...], until=", end=")"),
            most=most,
            wait=wait,
            counter=counter,
            output=value_text(output),
            assign=assignments(assign, value_text),
            name=name,
        )
