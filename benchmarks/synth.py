"""Time and memory of all programs of a repository, run offline, by size.

Each size is measured in a process of its own, so that memory is its own too.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import machine
from benchmarks.repositories import deployable
from dorc_runtime.project.repository import Repository

FUNCTIONS = 10
# Linux counts in KiB, macOS in bytes.
_MEMORY_UNIT = 1 if sys.platform == "darwin" else 1024


def main() -> None:
    """Print the figures; with a repository and a number of processes, its figures as JSON."""
    if len(sys.argv) > 1:
        print(json.dumps(_once(Path(sys.argv[1]), int(sys.argv[2]))))
        return
    print(machine())
    for pipelines in (1, 25, 50, 100):
        with tempfile.TemporaryDirectory() as temporary:
            root = deployable(Path(temporary), pipelines, FUNCTIONS)
            for processes in {1, os.cpu_count() or 1}:
                _show(pipelines, processes, root)


def _show(pipelines: int, processes: int, root: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.synth", str(root), str(processes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    print(
        f"{pipelines:4} pipelines x {FUNCTIONS} functions, {found['resources']:6} resources, "
        f"{processes} processes: {found['seconds']:6.2f} s "
        f"after {found['start']:.2f} s of imports, at most {found['memory']:.0f} MB a process"
    )


def _once(root: Path, processes: int) -> dict[str, float]:
    began = time.perf_counter()
    # Measured too, as whoever synthesizes pays for it.
    import dorc_runtime.deploy.programs.infra
    import dorc_runtime.deploy.programs.pipeline_program
    import dorc_runtime.deploy.programs.universal  # noqa: F401
    from dorc_runtime.deploy.synth.synthesis import synth

    imported = time.perf_counter()
    made = synth(Repository(root), environment="prod", processes=processes)
    ended = time.perf_counter()
    return {
        "start": imported - began,
        "seconds": ended - imported,
        "resources": sum(len(stack.resources) for stack in made.stacks),
        "memory": max(_largest(resource.RUSAGE_SELF), _largest(resource.RUSAGE_CHILDREN)),
    }


def _largest(who: int) -> float:
    """Return the peak memory in MB of this process, or of the largest that it started."""
    return resource.getrusage(who).ru_maxrss * _MEMORY_UNIT / 1e6


if __name__ == "__main__":
    main()
