"""The pytest plugin that tests of pipelines use: the fixture ``run_pipeline``.

It is loaded in every environment that has the library, so it imports nothing before it is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dorc_runtime.local.lake import Lake
    from dorc_runtime.testing.pipelines import PipelineRunner


@pytest.fixture(scope="session")
def _dorc_lake() -> Iterator[Lake]:
    """One server that plays S3 and the rest for all runs of the session."""
    from dorc_runtime.local.lake import Lake

    with Lake.start() as lake:
        yield lake


@pytest.fixture
def run_pipeline(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> PipelineRunner:
    """Run a pipeline of this repository: ``run_pipeline("raw-to-processed/penguins")``.

    The result has ``succeeded``, ``output``, ``error``, ``cause``, ``states`` and ``lake``. The
    functions are called in this process, so that a debugger, coverage and monkeypatching reach
    them; waits and retries take no time.
    """
    from dorc_runtime.project.repository import find_repository
    from dorc_runtime.testing.pipelines import PipelineRunner

    where = Path(request.path) if request.path else pytestconfig.rootpath
    return PipelineRunner(find_repository(where.parent), request.getfixturevalue("_dorc_lake"))
