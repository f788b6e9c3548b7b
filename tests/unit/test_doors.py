"""The one door of the library, and what opening it costs."""

import subprocess
import sys

import pytest

import dorc_runtime


def imported(statement: str, *watched: str) -> str:
    code = f"import sys; {statement}; print(sorted({set(watched)!r} & set(sys.modules)))"
    return subprocess.check_output([sys.executable, "-c", code], text=True).strip()


def test_importing_dorc_loads_no_cloud_sdk_and_no_tool() -> None:
    heavy = ("boto3", "copier", "invoke", "jsonata", "moto", "pulumi", "rich", "yaml")
    assert imported("import dorc_runtime", *heavy) == "[]"


def test_compiling_and_checking_load_no_cloud_sdk_and_no_tool() -> None:
    heavy = ("boto3", "copier", "invoke", "moto", "pulumi", "rich", "yaml")
    assert imported("import dorc_runtime.compile.checks", *heavy) == "[]"


def test_the_tasks_load_nothing_that_listing_them_does_not_need() -> None:
    heavy = ("boto3", "copier", "jsonata", "moto", "pytest", "psutil")
    assert imported("import dorc_runtime.tasks", *heavy) == "[]"


def test_the_public_names_are_those_that_are_there() -> None:
    there = {name for name in vars(dorc_runtime) if name[0].isalpha()}
    rooms = {"compile", "deploy", "errors", "local", "model", "project", "runs", "tasks", "testing"}
    programs = {"CreateInfra", "CreatePipeline", "CreateUniversal"}
    own = {"TYPE_CHECKING", "files", "import_module"}
    assert set(dorc_runtime.__all__) - programs == there - rooms - own - programs


@pytest.mark.parametrize("program", ["CreateInfra", "CreatePipeline", "CreateUniversal"])
def test_programs_come_through_the_same_door(program: str) -> None:
    """They need Pulumi, which is loaded for them and for nothing else."""
    assert program in dorc_runtime.__all__
    assert getattr(dorc_runtime, program).__name__ == program


def test_a_name_that_is_not_there_is_told_as_python_does() -> None:
    with pytest.raises(AttributeError, match="no attribute 'CreateNothing'"):
        _ = dorc_runtime.CreateNothing
