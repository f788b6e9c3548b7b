"""Times of commands that run nothing: `invoke --list`, and `invoke check` as a repository grows."""

import tempfile
from pathlib import Path

from benchmarks.measuring import invoke, machine, measured
from benchmarks.repositories import empty, with_many

FUNCTIONS = 10


def main() -> None:
    """Print the figures."""
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        listed = measured(invoke("--list"), folder=empty(Path(temporary, "empty")))
        print(f"invoke --list                        {listed}")
        medians = {}
        for pipelines in (25, 50, 100, 200):
            root = with_many(Path(temporary, str(pipelines)), pipelines, FUNCTIONS)
            checked = measured(invoke("check"), folder=root, runs=3)
            medians[pipelines] = checked.median
            print(f"invoke check, {pipelines:3} x {FUNCTIONS} functions      {checked}")
        growth = (medians[200] - medians[100]) / (medians[100] - medians[50])
        print(f"the last 100 pipelines to the 50 before (linear: 2)   {growth:7.2f}")


if __name__ == "__main__":
    main()
