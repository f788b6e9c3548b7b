"""The same work by other tools, where they are installed: `pip install metaflow`."""

import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.measuring import Figures, measured

_FLOW = """
from metaflow import FlowSpec, step


class Many(FlowSpec):
    @step
    def start(self):
        self.xs = list(range({items}))
        self.next(self.add, foreach="xs")

    @step
    def add(self):
        self.result = self.input + 1
        self.next(self.join)

    @step
    def join(self, inputs):
        self.results = [given.result for given in inputs]
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    Many()
"""


def metaflow_map(folder: Path, items: int) -> Figures | None:
    """Return the figures of Metaflow's foreach over ``items`` numbers, None without Metaflow."""
    if find_spec("metaflow") is None:
        return None
    folder.mkdir()
    flow = folder / "flow.py"
    flow.write_text(_FLOW.format(items=items), encoding="utf-8")
    command = [sys.executable, str(flow), "run", "--max-workers", "8", "--max-num-splits", "1000"]
    return measured(command, folder=folder, runs=1)
