"""The public names of the library, and what importing them loads."""

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


def test_all_lists_the_public_names() -> None:
    there = {name for name in vars(dorc_runtime) if name[0].isalpha()}
    rooms = {"compile", "deploy", "errors", "local", "model", "operate", "project", "runs", "tasks",
             "testing"}  # fmt: skip
    programs = {"CreateInfra", "CreatePipeline", "CreateUniversal"}
    own = {"TYPE_CHECKING", "files", "import_module"}
    assert set(dorc_runtime.__all__) - programs == there - rooms - own - programs


@pytest.mark.parametrize("program", ["CreateInfra", "CreatePipeline", "CreateUniversal"])
def test_programs_are_public_names_too(program: str) -> None:
    """They need Pulumi, which is loaded for them and for nothing else."""
    assert program in dorc_runtime.__all__
    assert getattr(dorc_runtime, program).__name__ == program


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'CreateNothing'"):
        _ = dorc_runtime.CreateNothing
