"""What tests can import: the modules in ``lib/``, and the packages of a pipeline's functions.

A process has one ``sys.path``, and pipelines may need different versions of a package: tests find
those of the pipeline that their folder belongs to.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from dorc_runtime.errors import NotARepositoryError
from dorc_runtime.local.functions.isolation import forget_modules
from dorc_runtime.project.packages import packages_folder
from dorc_runtime.project.repository import Repository, find_repository

Folders = tuple[Path, ...]


class ImportPaths:
    """Changes what this process can import, from test to test.

    ``on_install`` is called before packages are installed, which takes a while.
    """

    def __init__(self, on_install: Callable[[], None]) -> None:
        self._on_install = on_install
        self._known: dict[Path, Folders] = {}
        self._current: Folders = ()
        # What was imported from the folders of other pipelines, for when their tests go on.
        self._modules: dict[Folders, dict[str, ModuleType]] = {}

    def use(self, place: Path) -> None:
        """Let a test in the folder ``place`` import what functions near it import.

        Outside a repository nothing changes. Packages with compiled parts stay as they were first
        imported, since a process can load those only once.

        Raises:
            PackagesError: The packages cannot be installed.
            ToolMissingError: There is nothing to install them with.
        """
        if place not in self._known:
            self._known[place] = self._folders(place)
        folders = self._known[place]
        if folders == self._current:
            return
        left = {str(folder) for folder in self._current}
        self._modules[self._current] = forget_modules(self._current, keep=())
        sys.path[:] = [*map(str, folders), *(path for path in sys.path if path not in left)]
        sys.modules.update(self._modules.get(folders, {}))
        importlib.invalidate_caches()
        self._current = folders

    def _folders(self, place: Path) -> Folders:
        try:
            repository = find_repository(place)
        except NotARepositoryError:
            return ()
        packages = packages_folder(
            _requirements(repository, place),
            cache=repository.root / ".dorc" / "packages",
            on_install=self._on_install,
        )
        lib = repository.root / "lib"
        return tuple(folder for folder in (lib, packages) if folder and folder.is_dir())


def _requirements(repository: Repository, place: Path) -> tuple[Path, ...]:
    """Return the requirements of the pipeline that has ``place``, else those of all functions."""
    place = place.resolve()
    for folder in repository.pipelines:
        if folder.path in (place, *place.parents):
            return folder.requirements
    file = repository.root / "requirements.txt"
    return (file,) if file.is_file() else ()
