"""The packages of requirements files, from wheels made here: no package index is asked."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pydantic
import pytest

import dorc_runtime
from dorc_runtime.errors import PackagesError
from dorc_runtime.local.functions.outcome import LocalFunction, Outcome, Returned
from dorc_runtime.local.functions.worker_pool import WorkerPool
from dorc_runtime.project.packages import packages_folder
from dorc_runtime.project.requirements import requirement_problems
from tests.local.wheels import write_source_that_needs_a_compiler, write_wheel


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder of packages; surveys wants census under 2, and bones is not built yet."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "census", "1.0")
    write_wheel(folder, "census", "2.0")
    write_wheel(folder, "surveys", "1.0", requires="census<2")
    write_source_that_needs_a_compiler(folder, "bones", "1.0", when="build_wheel")
    write_source_that_needs_a_compiler(folder, "fossils", "1.0", when="prepare_metadata")
    return folder


@pytest.fixture
def requirements(
    tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Write a requirements file; pip finds packages in ``wheels`` alone."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))

    def written(name: str, *lines: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
        return path

    return written


def test_files_that_ask_for_nothing_install_nothing(tmp_path: Path) -> None:
    empty, comments = tmp_path / "empty.txt", tmp_path / "comments.txt"
    empty.write_text("")
    comments.write_text("# packages for every function\n\n   # none yet\n")
    absent = tmp_path / "absent.txt"
    assert packages_folder([empty, comments, absent], cache=tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()


def test_a_function_imports_the_packages_of_its_files(
    requirements: Callable[..., Path],
    tmp_path: Path,
    pool: Callable[..., WorkerPool],
    write: Callable[..., LocalFunction],
    call: Callable[..., Outcome],
) -> None:
    files = [requirements("all.txt", "surveys"), requirements("own.txt", "# none")]
    folder = packages_folder(files, cache=tmp_path / "cache")
    assert folder is not None
    code = "import census, surveys\ndef handler(event, context): return census.version"
    functions = pool(write("count", code, packages=folder))
    assert call(functions, "count") == Returned("1.0")


def test_the_files_are_installed_together(
    requirements: Callable[..., Path], tmp_path: Path
) -> None:
    """Each alone could be, and both cannot, which the image would find too."""
    files = [requirements("all.txt", "census==2.0"), requirements("own.txt", "surveys")]
    with pytest.raises(PackagesError, match=r"all\.txt and .*own\.txt cannot be installed: "):
        packages_folder(files, cache=tmp_path / "cache")


def test_packages_are_installed_once_and_the_caller_is_notified(
    requirements: Callable[..., Path], tmp_path: Path
) -> None:
    calls: list[str] = []
    file = requirements("all.txt", "census")
    folders = {
        packages_folder([file], cache=tmp_path / "cache", on_install=lambda: calls.append(""))
        for _ in range(2)
    }
    assert len(folders) == len(calls) == 1


def test_requirements_that_are_written_differently_are_one_set(
    requirements: Callable[..., Path], tmp_path: Path
) -> None:
    of_repository = requirements("repository.txt", "# all functions", "surveys == 1.0  # reads")
    of_pipeline = requirements("pipeline.txt", "census<2")
    folder = packages_folder([of_repository, of_pipeline], cache=tmp_path / "cache")
    one_file = requirements("one.txt", "Census<2 # why", "", "SURVEYS==1.0", "census \\", " <2")
    assert packages_folder([one_file], cache=tmp_path / "cache") == folder
    other = requirements("other.txt", "census<3", "surveys==1.0")
    with pytest.raises(AssertionError):
        packages_folder([other], cache=tmp_path / "cache", on_install=_refuse)


def _refuse() -> None:
    raise AssertionError("another set is installed")


@pytest.mark.parametrize(
    "line",
    [
        "-r more.txt",
        "-c constraints.txt",
        "--constraint=constraints.txt  # why",
        "-e ./census",
        "--editable git+https://example.org/census.git",
        "--find-links wheels",
        "./wheels/census-1.0-py3-none-any.whl",
        "census-1.0-py3-none-any.whl",
        "../census",
        "census @ file:///tmp/census",
        "file:///tmp/census.tar.gz",
    ],
)
def test_a_line_that_needs_another_file_is_refused_with_its_place(
    requirements: Callable[..., Path], tmp_path: Path, line: str
) -> None:
    file = requirements("all.txt", "# packages", "", line)
    with pytest.raises(PackagesError) as caught:
        packages_folder([file], cache=tmp_path / "cache")
    assert str(caught.value) == (
        f"{os.path.relpath(file)}:3: '{line.partition('  #')[0]}' needs another file, which the "
        "image does not have: write the requirements themselves into this file, from an index or "
        "a URL."
    )


@pytest.mark.parametrize(
    "line",
    [
        "census[all]>=1,<2 ; python_version < '4'",
        "census == 1.0 --hash=sha256:0123456789abcdef",
        "--extra-index-url https://example.org/simple",
        "-f https://example.org/wheels",
        "census @ https://example.org/census-1.0-py3-none-any.whl",
        "https://example.org/census-1.0-py3-none-any.whl",
        "census @ git+https://example.org/census.git@main",
    ],
)
def test_a_line_with_a_name_or_a_url_needs_no_other_file(tmp_path: Path, line: str) -> None:
    (tmp_path / "requirements.txt").write_text(line)
    assert list(requirement_problems(tmp_path / "requirements.txt", name="all.txt")) == []


def test_a_file_that_is_not_utf_8_is_refused_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "all.txt"
    file.write_text("pandas\n", encoding="utf-16")
    with pytest.raises(PackagesError) as caught:
        packages_folder([file], cache=tmp_path / "cache")
    assert str(caught.value).endswith("all.txt is not text in UTF-8: save it as UTF-8.")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nowhere==1", "No matching distribution found for nowhere==1"),
        ("census=>1", "Invalid requirement: 'census=>1'"),
        *(
            (
                name,
                f"{name} has no wheel for this Python and system, and cannot be built (command "
                "'gcc' failed: No such file or directory). Name a version that has a wheel: the "
                "images of functions have no compiler.",
            )
            for name in ("bones", "fossils")
        ),
    ],
)
def test_a_line_that_cannot_be_installed_gives_one_line_and_leaves_nothing(
    requirements: Callable[..., Path], tmp_path: Path, line: str, reason: str
) -> None:
    file = requirements("all.txt", line)
    with pytest.raises(PackagesError) as caught:
        packages_folder([file], cache=tmp_path / "cache")
    error = str(caught.value)
    assert error.startswith(f"{os.path.relpath(file)} cannot be installed: {reason}")
    assert "\n" not in error
    assert list((tmp_path / "cache").iterdir()) == []


def test_two_runs_may_install_the_same_at_once(
    requirements: Callable[..., Path], tmp_path: Path
) -> None:
    file = requirements("all.txt", "census")
    code = (
        "import sys; from pathlib import Path\n"
        "from dorc_runtime.project.packages import packages_folder\n"
        "print(packages_folder([Path(sys.argv[1])], cache=Path(sys.argv[2])))\n"
    )
    command = [sys.executable, "-c", code, str(file), str(tmp_path / "cache")]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    one, two = (run.communicate()[0].strip() for run in runs)
    assert one == two
    assert (Path(one) / "census.py").exists()
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_without_pip_and_uv_the_error_has_the_remedy(
    requirements: Callable[..., Path], tmp_path: Path
) -> None:
    file = requirements("all.txt", "census")
    environment, packages = tmp_path / "environment", tmp_path / "packages"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    packages.mkdir()
    for found in Path(pydantic.__file__).parents[1].iterdir():
        if not found.name.startswith("pip"):
            (packages / found.name).symlink_to(found)
    code = (
        "import sys; sys.path += sys.argv[1:3]; from pathlib import Path\n"
        "from dorc_runtime.errors import ToolMissingError\n"
        "from dorc_runtime.project.packages import packages_folder\n"
        "try: packages_folder([Path(sys.argv[3])], cache=Path(sys.argv[4]))\n"
        "except ToolMissingError as error: print(error)\n"
    )
    library = Path(dorc_runtime.__file__).parents[1]
    output = subprocess.run(
        [environment / "bin" / "python", "-c", code, packages, library, file, tmp_path / "cache"],
        env={"PATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert output == (
        "neither pip nor uv is installed, so no packages can be installed: run `python -m "
        "ensurepip`.\n"
    )
