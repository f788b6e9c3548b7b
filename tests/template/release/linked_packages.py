"""The packages that a distribution requires, linked from this environment into another one.

An installation takes minutes and a network; links take neither. They show as well what a
distribution fails to require, because nothing else is linked.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement


def link_requirements(environment: Path, of: str) -> None:
    """Link what ``of`` (``name[extra]``) requires, and not itself, into a virtual environment."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = environment / "lib" / version / "site-packages"
    for each in _required(Requirement(of)):
        for name in {file.parts[0] for file in each.files or ()} - {".."}:
            if not (packages / name).exists():
                (packages / name).symlink_to(Path(str(each.locate_file(name))).resolve())
        for point in each.entry_points.select(group="console_scripts"):
            script = environment / "bin" / point.name
            script.write_text(
                f"#!{environment / 'bin/python'}\nimport sys\nfrom {point.module} import "
                f"{point.attr.partition('.')[0]}\nsys.exit({point.attr}())\n"
            )
            script.chmod(0o755)


def _required(of: Requirement) -> Iterator[Distribution]:
    waiting, seen = [*_requirements(of)], {of.name}
    while waiting:
        requirement = waiting.pop()
        # The same distribution may be required again, with another extra.
        if str(requirement) not in seen:
            seen.add(str(requirement))
            waiting += _requirements(requirement)
            if requirement.name != of.name:
                yield distribution(requirement.name)


def _requirements(of: Requirement) -> Iterator[Requirement]:
    """Yield what ``of`` requires directly, with its extras."""
    for text in distribution(of.name).requires or ():
        requirement = Requirement(text)
        extras = ("", *of.extras)
        if not requirement.marker or any(requirement.marker.evaluate({"extra": e}) for e in extras):
            yield requirement
