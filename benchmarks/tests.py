"""Times of `invoke test` in a repository that the template wrote, as it grows."""

import tempfile
from pathlib import Path

from benchmarks.measuring import invoke, machine, measured
from benchmarks.repositories import generated

# Plugins that dorc's own tests need, and a team's environment does not have.
_OWN = ("hypothesispytest", "copier", "xdist", "gitconfig", "dir-equal")


def main() -> None:
    """Print the figures."""
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        medians = {}
        for pipelines in (1, 20, 40):
            root = generated(Path(temporary, str(pipelines)), pipelines)
            without = " ".join(f"-p no:{name}" for name in _OWN)
            tested = measured(invoke("test", "--options", without), folder=root, runs=3)
            medians[pipelines] = tested.median
            print(f"invoke test, {pipelines:2} pipelines   {tested}")
        growth = (medians[40] - medians[20]) / (medians[20] - medians[1])
        print(f"the last 20 pipelines to the 19 before   {growth:.2f}")


if __name__ == "__main__":
    main()
