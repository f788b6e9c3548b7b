"""The objects that a test puts into the lake, as files."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dorc_runtime.errors import InputError

# A text, bytes, or a file that has them.
Content = str | bytes | Path


@contextmanager
def seeded_files(contents: Mapping[str, Content]) -> Iterator[dict[str, Path]]:
    """Give files with ``contents``, by ``zone/key``, for the time of the context.

    Raises:
        InputError: A file does not exist, or a content is of another type.
    """
    with TemporaryDirectory(prefix="dorc-") as folder:
        files = {}
        for number, (place, content) in enumerate(contents.items()):
            files[place] = content if isinstance(content, Path) else Path(folder) / str(number)
            match content:
                case str():
                    files[place].write_text(content, encoding="utf-8", newline="")
                case bytes():
                    files[place].write_bytes(content)
                case Path() if content.is_file():
                    pass
                case Path():
                    raise InputError(f"files['{place}']: {content} does not exist.")
                case _:
                    raise InputError(
                        f"files['{place}'] is of type {type(content).__name__}: give a text, "
                        "bytes or a Path."
                    )
        yield files
