"""What tests import: modules of lib/, and the packages of the pipeline that they are next to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.local.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.plugin.conftest import Checkout

PIPELINE = (
    "from dorc_runtime import Function, Pipeline\npipeline = Pipeline(steps=[Function('f')])\n"
)
TEST = """
import census
import pytest
import rules


def test_version():
    assert rules.double(census.version) == "{twice}"


@pytest.mark.parametrize("workers", [False, True])
def test_function(run_pipeline, workers):
    result = run_pipeline("default/{name}", input={{}}, workers=workers)
    assert result.output == ["{twice}", "lib of the function"], result.cause
"""
HANDLER = """
import census
import rules
from lib import own


def handler(event, context):
    return [rules.double(census.version), own.NAME]
"""


@pytest.fixture(scope="module")
def two_pipelines(
    new_checkout: Callable[[Path], Checkout], tmp_path_factory: pytest.TempPathFactory
) -> Checkout:
    """Two pipelines with tests of one name, and with different versions of one package."""
    folder = tmp_path_factory.mktemp("imports")
    (folder / "wheels").mkdir()
    checkout = new_checkout(folder / "checkout")
    checkout.write("lib/rules.py", "import census\n\n\ndef double(text):\n    return text * 2\n")
    for name, version in (("one", "1.0"), ("two", "2.0")):
        write_wheel(folder / "wheels", "census", version)
        place = f"src/default/{name}"
        checkout.write(f"{place}/pipeline.py", PIPELINE)
        checkout.write(f"{place}/requirements.txt", f"census=={version}\n")
        checkout.write(f"{place}/f/lambda.py", HANDLER)
        checkout.write(f"{place}/f/lib/__init__.py", "")
        checkout.write(f"{place}/f/lib/own.py", "NAME = 'lib of the function'\n")
        checkout.write(f"{place}/tests/conftest.py", "import census, rules\n")
        checkout.write(f"{place}/tests/test_same.py", TEST.format(name=name, twice=version * 2))
    return checkout


@pytest.fixture(scope="module")
def done(two_pipelines: Checkout) -> str:
    """What pytest prints of the tests of both."""
    wheels = two_pipelines.root.parent / "wheels"
    return two_pipelines.pytest("-v", PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels)).stdout


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_test_imports_lib_and_the_packages_of_its_own_pipeline(done: str, name: str) -> None:
    assert f"src/default/{name}/tests/test_same.py::test_version PASSED" in done, done


@pytest.mark.parametrize("workers", ["False", "True"])
def test_a_function_imports_a_folder_lib_of_its_own(done: str, workers: str) -> None:
    for name in ("one", "two"):
        assert f"{name}/tests/test_same.py::test_function[{workers}] PASSED" in done, done


def test_the_first_conftest_imports_the_packages_too(two_pipelines: Checkout, done: str) -> None:
    assert "PASSED" in done
    assert "3 passed" in two_pipelines.pytest("src/default/two").stdout


def test_packages_that_cannot_be_installed_are_one_line(two_pipelines: Checkout) -> None:
    two_pipelines.write("src/default/three/pipeline.py", PIPELINE)
    two_pipelines.write("src/default/three/requirements.txt", "missing-package\n")
    two_pipelines.write("src/default/three/tests/test_same.py", "import missing_package\n")
    shown = two_pipelines.pytest("src/default", PIP_NO_INDEX="1").stdout
    assert "src/default/three/requirements.txt cannot be installed: " in shown
    assert "Traceback" not in shown
