"""The tasks that dorc adds to this repository; `copier update` updates this file.

While dorc's library is not installed, only the two tasks that install it exist. Your own tasks go
into `tasks.py`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import task


@task(name="python-setup")
def python_setup(c: Context) -> None:
    """Install the Python version of .python-version, with pyenv or uv."""
    version = _python_version(c)
    if shutil.which("pyenv"):
        command = ["pyenv", "install", "--skip-existing", version]
    elif shutil.which("uv"):
        command = ["uv", "python", "install", version]
    else:
        raise Exit(
            "error: neither pyenv nor uv is installed: see "
            "https://github.com/pyenv/pyenv#installation or https://docs.astral.sh/uv, "
            f"or install Python {version} in another way.",
            code=2,
        )
    if subprocess.run(command, check=False).returncode:
        raise Exit(f"error: {command[0]} could not install Python {version}.", code=2)
    print(f"Python {version} is installed; next: invoke venv")


@task(name="venv")
def venv(c: Context) -> None:
    """Create .venv with that Python and all packages, and prepare it for editors."""
    root, repository = Path(c.dorc.root), _repository(c)
    folder = root / ".venv"
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    if not any(scripts.glob("python*")):
        version = _python_version(c)
        python = _python(version)
        if python is None:
            running = ".".join(str(part) for part in sys.version_info[:2])
            print(f"Python {version} is not installed, so .venv has {running}. To use {version}:")
            print("  invoke python-setup, then remove .venv, then invoke venv")
        _run([python or sys.executable, "-m", "venv", str(folder)], root)
    executable = str(scripts / "python")
    projects = {root: c.dorc.install}
    if repository != root and (repository / "pyproject.toml").is_file():
        projects[repository] = "."
    _install(executable, projects, record=folder / "dorc-installed")
    command = [executable, "-m", "dorc_runtime.project.editors", str(repository)]
    code = subprocess.run(command, cwd=root, check=False).returncode
    print(f"ready; next: source {scripts.relative_to(root) / 'activate'}")
    if code:
        raise Exit(code=code)


def tasks(root: Path, *, install: str = ".") -> Collection:
    """Return the tasks of the repository at `root`, for any current folder.

    `install` is what `venv` installs, as an argument of pip.
    """
    collection = Collection(python_setup, venv)
    collection.configure({"dorc": {"root": str(root), "install": install}})
    try:
        from dorc_runtime.tasks import add_tasks
    except ModuleNotFoundError as missing:
        if "venv" not in sys.argv:
            print(
                f"{missing.name} is not installed, so most tasks are missing: run invoke venv, "
                "then source .venv/bin/activate",
                file=sys.stderr,
            )
    else:
        add_tasks(collection, root=root)
    return collection


def _repository(c: Context) -> Path:
    """Return the repository that the tasks work on: CONFIG_REPO_PATH, exported or from .env."""
    root = Path(c.dorc.root)
    path = os.environ.get("CONFIG_REPO_PATH", "")
    settings = root / ".env"
    if not path and settings.is_file():
        line = re.search(r"^CONFIG_REPO_PATH=(.+)$", settings.read_text(encoding="utf-8"), re.M)
        path = line[1].strip().strip("'\"") if line else ""
    return (root / path).resolve()


def _install(python: str, projects: dict[Path, str], *, record: Path) -> None:
    """Install projects, each a folder and an argument of pip; nothing if nothing has changed.

    `record` holds what was installed last.
    """
    state = "".join(
        f"{folder} {argument}\n{(folder / 'pyproject.toml').read_text(encoding='utf-8')}"
        for folder, argument in projects.items()
    )
    if record.is_file() and record.read_text(encoding="utf-8") == state:
        return
    # The packages of functions must not pass for those that are needed here.
    for file in record.parent.glob("lib/*/site-packages/dorc.pth"):
        file.unlink()
    print("installing packages into .venv", flush=True)
    command = _installer(python)
    for folder, argument in projects.items():
        _run([*command, "-e", argument], folder)
    record.write_text(state, encoding="utf-8")


def _installer(python: str) -> list[str]:
    """Return the command that installs packages for `python`: pip, or uv where it has no pip."""
    pip = [python, "-m", "pip", "install", "-q"]
    if subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode:
        if shutil.which("uv"):
            return ["uv", "pip", "install", "-q", "--python", python]
        _run([python, "-m", "ensurepip"], Path.cwd())
    # The pip that comes with Python may be too old for the pin of dorc in `pyproject.toml`.
    _run([*pip, "--upgrade", "pip"], Path.cwd())
    return pip


def _python_version(c: Context) -> str:
    file = _repository(c) / ".python-version"
    if not file.is_file():
        return ".".join(str(part) for part in sys.version_info[:2])
    return file.read_text(encoding="utf-8").strip()


def _python(version: str) -> str | None:
    """Return the path of a Python of this version, or None."""
    short = ".".join(version.split(".")[:2])
    if short == ".".join(str(part) for part in sys.version_info[:2]):
        return sys.executable
    candidates = [["python" + short, "-c", "import sys; print(sys.executable)"]]
    if shutil.which("pyenv"):
        candidates.insert(0, ["pyenv", "which", "python" + short])
    if shutil.which("uv"):
        candidates.append(["uv", "python", "find", "--system", short])
    for command in candidates:
        if shutil.which(command[0]) is None:
            continue
        environment = {**os.environ, "PYENV_VERSION": version}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode == 0:
            return done.stdout.strip()
    return None


def _run(command: list[str], folder: Path) -> None:
    # setuptools warns of every editable installation.
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    if code := subprocess.run(command, cwd=folder, env=environment, check=False).returncode:
        raise Exit(f"error: {' '.join(command)} exited {code}.", code=2)


namespace = tasks(Path(__file__).parent)
