"""Times of `invoke run`: a pipeline from command to result, and Maps."""

import json
import subprocess
import tempfile
from pathlib import Path

from benchmarks.measuring import invoke, machine, measured
from benchmarks.peers import metaflow_map
from benchmarks.repositories import with_lines, with_map, with_objects, with_three_functions

PEERS_ITEMS = 50
OBJECTS = 3_000
LINES = 200_000


def main() -> None:
    """Print the figures."""
    print(machine())
    with tempfile.TemporaryDirectory() as temporary:
        three = with_three_functions(Path(temporary, "three"))
        command = ("run", "raw-to-processed/three")
        workers = measured(invoke(*command), folder=three)
        inline = measured(invoke(*command, "--inline"), folder=three)
        print(f"3 functions with S3, by workers  {workers}")
        print(f"3 functions with S3, inline      {inline}")
        print(f"workers to inline                {workers.median / inline.median:7.2f}")
        objects = with_objects(Path(temporary, "objects"), OBJECTS)
        filled = measured(invoke(*command), folder=objects, runs=3)
        print(f"{OBJECTS:,} objects in the example {filled}")
        lines = with_lines(Path(temporary, "lines"), LINES)
        drawn = measured(invoke("run", "default/lines"), folder=lines, runs=3)
        silent = measured(invoke("run", "default/lines", "--json"), folder=lines, runs=3)
        print(f"{LINES:,} printed lines          {drawn}")
        print(f"    with --json                  {silent}")
        print(f"    drawn to --json              {drawn.median / silent.median:7.2f}")
        for items in (50, 1000):
            many = with_map(Path(temporary, f"many{items}"), items)
            whole = measured(invoke("run", "default/many"), folder=many, runs=3)
            print(f"a Map over {items:4}, by workers      {whole}")
            print(f"    of it the run itself         {_own_seconds(many):7.2f} s")
            print(f"    inline                       {_own_seconds(many, '--inline'):7.2f} s")
            if items == PEERS_ITEMS and (peer := metaflow_map(Path(temporary, "peer"), items)):
                print(f"Metaflow's foreach over {items:4}     {peer}")
                print(f"Metaflow to dorc                 {peer.median / whole.median:7.2f}")


def _own_seconds(folder: Path, *options: str) -> float:
    """Return the time of the run itself, without the start of the lake and the workers."""
    command = invoke("run", "default/many", "--json", *options)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout)["seconds"])


if __name__ == "__main__":
    main()
