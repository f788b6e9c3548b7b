"""Packages for tests without an index: wheels of one module, and sources that need a compiler."""

import io
import tarfile
import zipfile
from pathlib import Path
from typing import Literal


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


BACKEND = """
from pathlib import Path

def prepare_metadata_for_build_wheel(folder, settings=None):
    if {when!r} == "prepare_metadata":
        fail()
    about = Path(folder, "{name}-{version}.dist-info")
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    return about.name

def build_wheel(*arguments, **options):
    fail()

def fail():
    print("error: command 'gcc' failed: No such file or directory")
    raise SystemExit(1)
"""


def write_source_that_needs_a_compiler(
    folder: Path, name: str, version: str, *, when: Literal["prepare_metadata", "build_wheel"]
) -> None:
    """Write a source distribution, which fails to build as one does without a compiler."""
    about = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    system = 'requires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    files = {
        "PKG-INFO": about,
        "pyproject.toml": f"[build-system]\n{system}",
        "backend.py": BACKEND.format(name=name, version=version, when=when),
    }
    with tarfile.open(folder / f"{name}-{version}.tar.gz", "w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}-{version}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
