"""The interpreter against moto's: the same documents and functions, in one process.

What moto's would wait for takes no time here, and its expressions are evaluated as dorc's are, so
that what is compared is the interpreting.
"""

import statistics
import time
import warnings
from collections.abc import Callable
from functools import partial

from benchmarks.measuring import machine
from dorc_runtime import Function, Map, Pass, Pipeline, data
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.compile.documents import Document
from dorc_runtime.model.steps import Step
from tests.proof.oracles import moto_oracle
from tests.proof.oracles.generated import ARN, Body, Example, Functions
from tests.proof.test_differential import ran

RUNS = 5
STATES = 1000


def main() -> None:
    """Print the figures."""
    warnings.simplefilter("ignore")
    print(machine())
    inputs = [{"n": number} for number in range(STATES)]
    cases: dict[str, tuple[list[Step], object]] = {
        "100 functions one after the other": ([Function(f"f{n}") for n in range(100)], {}),
        "100 Pass with expressions": ([Pass({"n": data.n + 1}) for _ in range(100)], {"n": 0}),
        f"a Map of a function over {STATES}": ([Map(data, steps=[Function("f0")])], inputs),
    }
    for name, (steps, event) in cases.items():
        example = _example(steps, event)
        ours = _seconds(partial(ran, example))
        theirs = _seconds(partial(_moto, example))
        print(f"{name:36}  dorc {ours:6.3f} s  moto {theirs:6.3f} s  ratio {theirs / ours:5.1f}")


def _example(steps: list[Step], event: object) -> Example:
    names = {f"f{number}" for number in range(100)}
    document: Document = state_machine(
        Pipeline(steps=steps), arns={name: ARN + name for name in names}
    )
    return Example(document, dict.fromkeys(names, Body()), event)  # type: ignore[arg-type]


def _moto(example: Example) -> None:
    moto_oracle.run(example.document, example.event, Functions(example.bodies).answer)


def _seconds(call: Callable[[], object]) -> float:
    """Return the median of some calls; the first one is not counted."""
    found = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        call()
        found.append(time.perf_counter() - began)
    return statistics.median(found[1:])


if __name__ == "__main__":
    main()
