"""The last part of ``invoke venv``, run by the Python of ``.venv``; its argument is the folder."""

import sys
import sysconfig
from pathlib import Path

from dorc_runtime.errors import DorcError, NotARepositoryError
from dorc_runtime.project.editors.search_path import write_search_path
from dorc_runtime.project.repository import find_repository


def main(folder: str) -> int:
    """Prepare this environment for the repository in ``folder``; return the exit code."""
    try:
        problems = write_search_path(
            find_repository(Path(folder)),
            site_packages=Path(sysconfig.get_path("purelib")),
            on_install=lambda names: print_line(f"installing the packages of {names}"),
            on_note=lambda text: print_line(f"note: {text}"),
        )
    except NotARepositoryError:
        # dorc's own folder has no pipelines.
        return 0
    except DorcError as error:
        problems = [str(error)]
    for problem in problems:
        sys.stderr.write(f"error: {problem}\n")
    return DorcError.exit_code if problems else 0


def print_line(text: str) -> None:
    """Print a line at once: what comes next may take minutes."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
