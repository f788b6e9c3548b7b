"""What is kept of a run, for people and for the next run: ``.dorc/runs/<time>-<pipeline>/``."""

import json
import shutil
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from pydantic import JsonValue

from dorc_runtime.local.history import Logged
from dorc_runtime.local.run import Result

NEWEST = 50


def summary(result: Result) -> dict[str, JsonValue]:
    """Return a run as JSON: what it started with, how it ended, what it wrote."""
    ending = result.ending
    failed = ending.failed
    return {
        "pipeline": result.pipeline,
        "status": ending.status,
        "seconds": round(result.seconds, 3),
        "input": result.start.event,
        "output": ending.output,
        "error": ending.error or None,
        "cause": ending.cause or None,
        "failed_state": failed.visit.state if failed else None,
        "failed_input": failed.input if failed else None,
        "states": list(result.states),
        "written": [{"key": key, "size": len(body)} for key, body in result.written.items()],
    }


def keep(result: Result, *, root: Path, now: datetime) -> Path:
    """Write the run below ``root`` and return its folder; only the newest runs stay.

    The folder holds ``result.json``, ``log.txt`` and, in ``lake/``, the objects written.
    """
    runs = root / ".dorc" / "runs"
    folder = runs / f"{now:%Y%m%d-%H%M%S-%f}-{result.pipeline.replace('/', '-')}"
    folder.mkdir(parents=True)
    text = json.dumps(summary(result), indent=2, ensure_ascii=False)
    (folder / "result.json").write_text(text + "\n", encoding="utf-8")
    lines = [f"{e.function} | {e.text}\n" for e in result.events if isinstance(e, Logged)]
    (folder / "log.txt").write_text("".join(lines), encoding="utf-8")
    for key, body in result.written.items():
        path = folder / "lake" / _path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    for old in sorted(runs.iterdir())[:-NEWEST]:
        shutil.rmtree(old, ignore_errors=True)
    return folder


def _path(key: str) -> Path:
    """Return a key as a path that stays inside its folder, on any system."""
    parts = [quote(part, safe=" !#$&'()+,;=@[]^_`{}~") for part in key.split("/")]
    return Path(*(part.replace(".", "%2E") if part in ("", ".", "..") else part for part in parts))
