"""Timing whole commands: wall seconds and memory, as medians over several runs."""

import os
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Figures:
    """Seconds (least, median, most) and peak memory in MB, of the process and all its children."""

    least: float
    median: float
    most: float
    own_memory: float
    whole_memory: float

    def __str__(self) -> str:
        return (
            f"{self.median:7.2f} s ({self.least:.2f} to {self.most:.2f}), "
            f"memory {self.own_memory:.0f} MB, with children {self.whole_memory:.0f} MB"
        )


def measured(command: Sequence[str], *, folder: Path, runs: int = 5) -> Figures:
    """Return the figures of ``command``, which must succeed; the first run is not counted."""
    found = [_once(command, folder) for _ in range(runs + 1)][1:]
    seconds = [run[0] for run in found]
    return Figures(
        least=min(seconds),
        median=statistics.median(seconds),
        most=max(seconds),
        own_memory=max(run[1] for run in found) / 1e6,
        whole_memory=max(run[2] for run in found) / 1e6,
    )


def invoke(*words: str) -> list[str]:
    """Return the command line of a task."""
    return [sys.executable, "-m", "invoke", *words]


def machine() -> str:
    """Describe this machine in one line."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB, "
        f"Python {platform.python_version()}"
    )


def _once(command: Sequence[str], folder: Path) -> tuple[float, int, int]:
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    peaks = [0, 0]
    watch = threading.Thread(target=_watch, args=(process.pid, peaks))
    watch.start()
    _, errors = process.communicate()
    seconds = time.perf_counter() - began
    watch.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: {errors.decode()}")
    return seconds, peaks[0], peaks[1]


def _watch(pid: int, peaks: list[int]) -> None:
    """Store the largest resident sizes until the process ends."""
    try:
        process = psutil.Process(pid)
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            own = process.memory_info().rss
            whole = own + sum(_size(child) for child in process.children(recursive=True))
            peaks[:] = max(peaks[0], own), max(peaks[1], whole)
            time.sleep(0.02)
    except psutil.NoSuchProcess:
        pass


def _size(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
