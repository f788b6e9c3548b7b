"""The states of a Repeat: Step Functions has no loop, but a state may go back to an earlier one.

https://docs.aws.amazon.com/step-functions/latest/dg/tutorial-create-iterate-pattern-section.html
"""

import re
from collections.abc import Callable

from pydantic import JsonValue

from dorc_runtime.compile.documents import Context, Document, States, seconds
from dorc_runtime.model.steps import Repeat

TOO_MANY_ROUNDS = "TooManyRounds"


def repeat_state(
    step: Repeat,
    name: str,
    following: str,
    states: States,
    context: Context,
    add_round: Callable[[str], str],
) -> Document:
    """Return the first state of ``step``, and add the others to ``states``.

    ``add_round`` adds the states of one round, which go on to the state that it gets, and returns
    the name of their first state.
    """
    counter = step.counter or context.unique_name(f"{re.sub('[^A-Za-z0-9_]', '_', name)}_round")
    end = context.unique_name(f"{name} again")
    failure = context.unique_name(f"{name} failed")
    pause = context.unique_name(f"{name} waits") if step.wait else ""
    start = add_round(end)
    output: Document = {} if step.output is None else {"Output": step.output}
    assign: Document = {"Assign": step.assign} if step.assign else {}
    choices: list[JsonValue] = [
        {"Condition": step.until, **output, **assign, "Next": following},
        {"Condition": f"{{% ${counter} >= {step.most} %}}", "Next": failure},
    ]
    states[end] = {
        "Type": "Choice",
        "Choices": choices,
        "Assign": {counter: f"{{% ${counter} + 1 %}}"},
        "Default": pause or start,
    }
    if step.wait:
        states[pause] = {"Type": "Wait", "Seconds": seconds(step.wait), "Next": start}
    states[failure] = {
        "Type": "Fail",
        "Error": TOO_MANY_ROUNDS,
        "Cause": f"{name}: until is still false after {step.most:,} rounds",
    }
    return {"Type": "Pass", "Assign": {counter: 1}, "Next": start}
