"""Repositories of pipelines to measure on, written by hand in a temporary folder."""

from pathlib import Path

from tests.repositories import copy_template, render_repository

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
_UNIVERSAL = """
from dorc_runtime import CreateUniversal
from pipeline_config import config

CreateUniversal(config.universal).apply()
"""
_INFRA = """
from dorc_runtime import CreateInfra
from pipeline_config import config

CreateInfra(config).apply()
"""
_PIPELINE = """
from dorc_runtime import CreatePipeline
from pipeline import pipeline
from pipeline_config import config

CreatePipeline(config, pipeline).apply()
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


def with_objects(root: Path, objects: int) -> Path:
    """Write ``raw-to-processed/three`` with an example of many objects."""
    with_three_functions(root)
    zone = root / "src/raw-to-processed/three/examples/first/lake/raw"
    for number in range(objects):
        _write(zone / f"many/{number}.csv", "a,b\n1,2\n")
    return root


def with_lines(root: Path, lines: int) -> Path:
    """Write ``default/lines``: a function that prints many lines."""
    folder = empty(root) / "src/default/lines"
    _write(
        folder / "pipeline.py",
        "from dorc_runtime import Function, Pipeline\n"
        'pipeline = Pipeline(steps=[Function("talk")])\n',
    )
    _write(
        folder / "talk/lambda.py",
        "def handler(event, context):\n"
        f"    for number in range({lines}):\n"
        '        print("line", number)\n',
    )
    _write(folder / "examples/first/input.json", "{}")
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


def deployable(root: Path, pipelines: int, functions: int) -> Path:
    """Write the same with the programs and stack files that deploy them to ``prod``."""
    with_many(root, pipelines, functions)
    _write(root / "Dockerfile", "FROM public.ecr.aws/lambda/python:3.12\n")
    _program(root / "universal", "universal", _UNIVERSAL)
    _program(root / "infra", "prod", _INFRA)
    for folder in root.glob("src/*/*"):
        _program(folder, "prod", _PIPELINE)
    return root


def generated(root: Path, pipelines: int) -> Path:
    """Let the template write a repository with ``pipelines`` pipelines, each with its test."""
    names = [f"raw-to-processed/pipeline_{number}" for number in range(pipelines)]
    return render_repository(copy_template(root / "template"), root / "bench", names)


def _program(folder: Path, stack: str, program: str) -> None:
    _write(folder / "__main__.py", program)
    _write(folder / "Pulumi.yaml", f"name: bench.{folder.name}\nruntime: python\n")
    _write(folder / f"Pulumi.{stack}.yaml", "config: {}\n")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
