"""Repositories of pipelines to measure on, written by hand in a temporary folder."""

from pathlib import Path

_TASKS = """
from pathlib import Path

from dorc_runtime.tasks import add_tasks
from invoke import Collection

namespace = Collection()
add_tasks(namespace, root=Path(__file__).parent)
"""
_CONFIG = """
from dorc_runtime import Config, UniversalConfig

config = Config(universal=UniversalConfig(region="eu-west-2", project="bench"))
"""
_COPY = """
import os

import boto3

s3 = boto3.client("s3")


def handler(event, context):
    body = s3.get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read()
    s3.put_object(Bucket=os.environ["TARGET_BUCKET"], Key=event["key"], Body=body)
    return event
"""
_ADD = "def handler(event, context):\n    return event + 1\n"


def empty(root: Path) -> Path:
    """Write a repository without pipelines."""
    _write(root / "tasks.py", _TASKS)
    _write(root / "pipeline_config.py", _CONFIG)
    (root / "src").mkdir()
    return root


def with_three_functions(root: Path) -> Path:
    """Write ``raw-to-processed/three``: three functions that read and write the lake."""
    folder = empty(root) / "src/raw-to-processed/three"
    _write(
        folder / "pipeline.py",
        "from dorc_runtime import Function, Pipeline, S3Trigger\n"
        "pipeline = Pipeline(triggers=[S3Trigger()], "
        'steps=[Function("a"), Function("b"), Function("c")])\n',
    )
    for name in "abc":
        _write(folder / name / "lambda.py", _COPY)
    _write(folder / "examples/first/lake/raw/file.csv", "a,b\n1,2\n" * 100)
    return root


def with_map(root: Path, items: int) -> Path:
    """Write ``default/many``: a Map of one function over ``items`` numbers."""
    folder = empty(root) / "src/default/many"
    _write(
        folder / "pipeline.py",
        "from dorc_runtime import Function, Map, Pipeline, data\n"
        'pipeline = Pipeline(steps=[Map(over=data.xs, steps=[Function("add")])])\n',
    )
    _write(folder / "add/lambda.py", _ADD)
    _write(folder / "examples/first/input.json", f'{{"xs": {list(range(items))}}}')
    return root


def with_many(root: Path, pipelines: int, functions: int) -> Path:
    """Write ``pipelines`` pipelines of ``functions`` functions each."""
    empty(root)
    for number in range(pipelines):
        folder = root / f"src/raw-to-processed/pipeline_{number}"
        steps = ", ".join(f'Function("function_{index}")' for index in range(functions))
        _write(
            folder / "pipeline.py",
            "from dorc_runtime import Choice, Fail, Function, If, Pipeline, S3Trigger, data\n"
            f'pipeline = Pipeline(triggers=[S3Trigger(prefix="p{number}/")], steps=[{steps}, '
            'Choice(If(data.rows == 0, then=[Fail("Empty")]))])\n',
        )
        for index in range(functions):
            _write(folder / f"function_{index}/lambda.py", _COPY)
    return root


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
