"""The newest saved run of each pipeline."""

from datetime import UTC, datetime
from pathlib import Path

from dorc_runtime.errors import RunFolderError
from dorc_runtime.runs.folder import SavedRun, read_run, run_folders

_TIME = "%Y%m%d-%H%M%S"
_LENGTH = len("20260131-120000")


def last_runs(root: Path) -> dict[str, tuple[SavedRun, datetime]]:
    """Return the newest run of each pipeline below ``root``, and the time at which it ended.

    Folders that cannot be read are left out, and so are calls of one function.
    """
    newest: dict[str, tuple[SavedRun, datetime]] = {}
    for folder in reversed(run_folders(root)):
        try:
            run = read_run(folder)
            ended = datetime.strptime(folder.name[:_LENGTH], _TIME).replace(tzinfo=UTC)
        except (RunFolderError, ValueError):
            continue
        if not run.function:
            newest.setdefault(run.pipeline, (run, ended))
    return newest
