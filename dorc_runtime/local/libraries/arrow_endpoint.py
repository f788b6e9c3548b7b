"""Lets ``pyarrow.fs.S3FileSystem()`` use the lake, as ``s3://`` addresses in pyarrow do.

pyarrow reads ``AWS_ENDPOINT_URL`` for addresses alone, not for a file system that is made by its
class, which pyiceberg does as well: https://github.com/apache/arrow/issues/49643. On AWS, the
variable is not set, and nothing changes.

The worker process loads this module by its path, so it imports the standard library alone.
"""

import importlib.machinery
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any, cast

_MODULE = "pyarrow._s3fs"
_CLASS, _REGION = "S3FileSystem", "resolve_s3_region"


@contextmanager
def arrow_endpoint() -> Iterator[None]:
    """Let pyarrow use the endpoint in this process, for the time of the context."""
    undo = install()
    try:
        yield
    finally:
        undo()


def install() -> Callable[[], None]:
    """Let pyarrow use the endpoint, also once it is imported; return a function that ends this."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    originals: list[tuple[ModuleType, str, object]] = []
    for module in (sys.modules.get(_MODULE), sys.modules.get("pyarrow.fs")):
        if module is not None and hasattr(module, _CLASS):
            originals += [(module, name, getattr(module, name)) for name in (_CLASS, _REGION)]
            _use_endpoint(module)

    def undo() -> None:
        sys.meta_path.remove(finder)
        for module, name, value in originals:
            setattr(module, name, value)

    return undo


class _Finder:
    # Without the classes of importlib.abc, which each worker would have to import.
    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != _MODULE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = cast(Any, _Loader(spec.loader))
        return spec


class _Loader:
    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        _use_endpoint(module)


def _use_endpoint(module: ModuleType) -> None:
    base: Any = getattr(module, _CLASS)
    resolve: Callable[[str], str] = getattr(module, _REGION)

    class WithEndpoint(type(base)):  # type: ignore[misc] # known once pyarrow is imported
        def __call__(cls, *arguments: Any, **options: Any) -> Any:
            endpoint = os.environ.get("AWS_ENDPOINT_URL")
            if endpoint and not options.get("endpoint_override"):
                options["endpoint_override"] = endpoint
            if cls is S3FileSystem:
                return base(*arguments, **options)
            return super().__call__(*arguments, **options)

        def __instancecheck__(cls, instance: object) -> bool:
            return (
                isinstance(instance, base)
                if cls is S3FileSystem
                else super().__instancecheck__(instance)
            )

    class S3FileSystem(base, metaclass=WithEndpoint):  # type: ignore[misc] # as above
        __doc__ = base.__doc__

    def resolve_s3_region(bucket: str) -> str:
        region = os.environ.get("AWS_REGION")
        # pyarrow would ask AWS itself.
        return region if region and os.environ.get("AWS_ENDPOINT_URL") else resolve(bucket)

    setattr(module, _CLASS, S3FileSystem)
    setattr(module, _REGION, resolve_s3_region)
