"""Regenerates examples/penguins: what the template writes, with the example's own code in it.

python examples/regenerate.py            write it
python examples/regenerate.py --check    name the files that differ, and exit with 1
"""

import argparse
import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from dorc_runtime import __version__
from dorc_runtime.project.template.scaffold import plan_new_pipeline

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "penguins"
PIPELINES = (("raw-to-processed", "penguins"), ("processed-to-curated", "penguins"))
OWN = (*(f"src/{layer}/{name}" for layer, name in PIPELINES), "lib/tables")
TEMPLATES = ("__main__.py", "Pulumi*.yaml")
ORIGIN = "https://github.com/org/dorc.git"


def main() -> int:
    """Write the example, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory(prefix="dorc-") as temporary:
        made = render(Path(temporary))
        if check:
            differing = sorted(differences(made, EXAMPLE))
            for name in differing:
                sys.stdout.write(f"{name} is not what the template writes: invoke example\n")
            return 1 if differing else 0
        shutil.rmtree(EXAMPLE)
        shutil.copytree(made, EXAMPLE)
    return 0


def render(temporary: Path) -> Path:
    """Return a repository copied from a release of this checkout, with the example's code."""
    made = temporary / "penguins"
    release = _release(temporary / "dorc")
    environment = {
        **os.environ,
        "COPIER_CACHE_DIR": str(temporary / "cache"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{release.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ORIGIN,
    }
    copier = [sys.executable, "-m", "copier", "copy", "--defaults", "--quiet"]
    answers = ["--data", "runtime_source=pypi", "--data", "project_name=Penguins"]
    subprocess.run([*copier, *answers, "gh:org/dorc", str(made)], check=True, env=environment)
    for layer, name in PIPELINES:
        plan_new_pipeline(made, layer, name).carry_out()
    for own in OWN:
        _take(EXAMPLE / own, made / own)
    return made


def differences(made: Path, existing: Path) -> Iterator[str]:
    """Yield the files that are not the same in both folders."""
    for name in _files(made) | _files(existing):
        one, other = made / name, existing / name
        if not (one.is_file() and other.is_file() and filecmp.cmp(one, other, shallow=False)):
            yield name


def _take(own: Path, made: Path) -> None:
    """Replace what was rendered by the example's own code, except for the files of Pulumi."""
    for path in made.iterdir() if made.is_dir() else ():
        if not any(path.match(pattern) for pattern in TEMPLATES):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    ignored = shutil.ignore_patterns("__pycache__", *TEMPLATES)
    shutil.copytree(own, made, ignore=ignored, dirs_exist_ok=True)


def _files(folder: Path) -> set[str]:
    """Return the files, without those that a run or a test writes."""
    left_out = {".dorc", "__pycache__", ".pytest_cache", ".ruff_cache"}
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if not left_out & set(path.parts)}


def _release(folder: Path) -> Path:
    """Make a git repository that holds the template of this checkout, tagged as its release."""
    for part in ("template", "copier.yml", "dorc_runtime/VERSION"):
        target = folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, target)
        else:
            shutil.copy(ROOT / part, target)
    git = ["git", "-c", "user.name=dorc", "-c", "user.email=dorc@localhost"]
    tag = f"v{__version__}"
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", tag], ["tag", "-am", tag, tag]):
        subprocess.run([*git, *words], cwd=folder, check=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
