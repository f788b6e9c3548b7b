"""The code and the packages of all functions, importable in a virtual environment.

Python adds the folders in a ``.pth`` file to the end of ``sys.path``
(https://docs.python.org/3/library/site.html), and editors and type checkers read it too. So the
environment's own packages, dorc's among them, stay as they are.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path

from dorc_runtime.errors import PackagesError
from dorc_runtime.project.packages import packages_folder
from dorc_runtime.project.repository import PipelineFolder, Repository
from dorc_runtime.project.requirements import lines, normal_name

PATH_FILE = "dorc.pth"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MOST_SHOWN = 5


def write_search_path(
    repository: Repository,
    *,
    site_packages: Path,
    on_install: Callable[[str], None],
    on_note: Callable[[str], None],
) -> list[str]:
    """Make ``lib/``, the repository and the packages of all functions importable.

    ``site_packages`` is that of the environment. The packages are those of local runs, in
    ``.dorc/packages/``; ``on_install`` gets the names of the pipelines before their packages are
    installed, ``on_note`` the versions that some functions do not share.

    Returns the problems: a line for each set of packages that cannot be installed.
    """
    problems: list[str] = []
    sets: dict[Path, list[PipelineFolder]] = {}
    for pipeline in repository.pipelines:
        try:
            folder = packages_folder(
                pipeline.requirements,
                cache=repository.root / ".dorc" / "packages",
                on_install=lambda name=pipeline.id: on_install(name),  # type: ignore[misc]
            )
        except PackagesError as error:
            if str(error) not in problems:
                problems.append(str(error))
            continue
        if folder is not None:
            sets.setdefault(folder, []).append(pipeline)
    folders = (repository.root / "lib", repository.root, *sets)
    text = "".join(f"{folder}\n" for folder in folders)
    (site_packages / PATH_FILE).write_text(text, encoding="utf-8")
    if differences := list(_differences(site_packages, sets)):
        others = len(differences) - _MOST_SHOWN
        more = f", and {others} more" if others > 0 else ""
        shown = ", ".join(differences[:_MOST_SHOWN])
        on_note(f"editors see one version of each package: {shown}{more}.")
    return problems


def _differences(
    site_packages: Path, sets: Mapping[Path, Sequence[PipelineFolder]]
) -> Iterator[str]:
    """Yield the packages of requirements files of which the environment has another version."""
    visible = _versions(site_packages)
    for folder, pipelines in sets.items():
        listed = {name for pipeline in pipelines for name in _listed(pipeline)}
        for name, version in sorted(_versions(folder).items()):
            if visible.setdefault(name, version) != version and name in listed:
                names = " and ".join(pipeline.id for pipeline in pipelines)
                yield f"{name} {visible[name]} (runs of {names} have {version})"


def _versions(folder: Path) -> dict[str, str]:
    found = distributions(path=[str(folder)])
    return {normal_name(each.name): each.version for each in found}


def _listed(pipeline: PipelineFolder) -> Iterator[str]:
    for path in pipeline.requirements:
        for _, line in lines(path):
            if name := _NAME.match(line):
                yield normal_name(name[0])
