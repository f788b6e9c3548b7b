"""Functions written for one test, the executors that call them, and the lake they share."""

import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import JsonValue

from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.functions.inline import InlineFunctions
from dorc_runtime.local.functions.outcome import Functions, LocalFunction, LogLine, Outcome
from dorc_runtime.local.functions.worker_pool import WorkerPool
from dorc_runtime.local.sandbox.mechanisms import Isolation

REGION = "eu-west-2"


@pytest.fixture(scope="session")
def started_lake() -> Iterator[Lake]:
    """One server for all tests of a process, as starting one takes most of a second."""
    with Lake.start(region=REGION) as lake:
        lake.open()
        yield lake


@pytest.fixture
def lake(started_lake: Lake) -> Lake:
    started_lake.reset()
    return started_lake


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., LocalFunction]:
    """Write a function into a folder of its own: its ``lambda.py``, and other files by path."""

    def written(
        name: str,
        code: str,
        *,
        timeout: float = 10,
        memory: int = 256,
        environment: Mapping[str, str] | None = None,
        storage: int = 512,
        concurrency: int | None = None,
        lib: Path | None = None,
        packages: Path | None = None,
        hidden: tuple[Path, ...] = (),
        files: Mapping[str, str] | None = None,
    ) -> LocalFunction:
        folder = tmp_path / name
        for path, text in {"lambda.py": code, **(files or {})}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(textwrap.dedent(text))
        arn = f"arn:aws:lambda:{REGION}:123456789012:function:{name}"
        return LocalFunction(
            name=name,
            folder=folder,
            timeout=timeout,
            memory=memory,
            arn=arn,
            storage=storage,
            concurrency=concurrency,
            environment=environment or {},
            lib=lib,
            packages=packages,
            hidden=hidden,
        )

    return written


@pytest.fixture
def log() -> list[LogLine]:
    """The lines that the functions of ``pool`` or ``inline`` print."""
    return []


@pytest.fixture
def pool(log: list[LogLine]) -> Iterator[Callable[..., WorkerPool]]:
    """Make pools for functions, closed when the test ends."""
    pools: list[WorkerPool] = []

    def made(
        *functions: LocalFunction,
        endpoint: str | Callable[[], str] = "http://127.0.0.1:9",
        limit: int | None = None,
        isolation: Isolation = Isolation(),  # noqa: B008 # frozen
    ) -> WorkerPool:
        by_name = {function.name: function for function in functions}
        pools.append(
            WorkerPool(
                by_name,
                endpoint=endpoint,
                region=REGION,
                on_log=log.append,
                limit=limit,
                isolation=isolation,
            )
        )
        return pools[-1]

    yield made
    for each in pools:
        each.close()


@pytest.fixture
def inline(log: list[LogLine]) -> Iterator[Callable[..., InlineFunctions]]:
    """Make executors that call functions in this process, closed when the test ends."""
    executors: list[InlineFunctions] = []

    def made(
        *functions: LocalFunction,
        endpoint: str | Callable[[], str] = "http://127.0.0.1:9",
        passthrough: bool = False,
    ) -> InlineFunctions:
        by_name = {function.name: function for function in functions}
        executors.append(
            InlineFunctions(
                by_name,
                endpoint=endpoint,
                region=REGION,
                on_log=log.append,
                passthrough=str if passthrough else None,
            )
        )
        return executors[-1]

    yield made
    for each in executors:
        each.close()


@pytest.fixture(params=["pool", "inline"])
def executor(request: pytest.FixtureRequest) -> Callable[..., Functions]:
    """Make an executor of either kind: what both must do alike is tested with both."""
    made: Callable[..., Functions] = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def call() -> Callable[..., Outcome]:
    """Call a function of an executor, and wait for the outcome."""

    def called(functions: Functions, name: str, payload: JsonValue = None) -> Outcome:
        outcomes: list[Outcome] = []
        ended = threading.Event()

        def done(outcome: Outcome) -> None:
            outcomes.append(outcome)
            ended.set()

        functions.submit(name, payload, done)
        assert ended.wait(20), f"{name} did not end"
        return outcomes[0]

    return called
