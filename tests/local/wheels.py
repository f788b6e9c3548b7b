"""Wheels of one module each, so that tests install packages without an index."""

import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, *, requires: str = "") -> None:
    about = f"{name}-{version}.dist-info"
    requirement_line = f"Requires-Dist: {requires}\n" if requires else ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", f"version = {version!r}\n")
        file.writestr(
            f"{about}/METADATA",
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requirement_line}",
        )
        file.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{about}/RECORD", "")
