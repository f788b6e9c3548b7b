"""A small repository made by hand, and commands given in it as a user gives them."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.commands import run_module

FILES = {
    "tasks.py": """
from pathlib import Path

from dorc_runtime.tasks import add_tasks
from invoke import Collection

namespace = Collection()
add_tasks(namespace, root=Path(__file__).parent)
""",
    "pipeline_config.py": """
from dorc_runtime import Config, UniversalConfig

universal = UniversalConfig(region="eu-west-2", project="Example")
config = Config(universal=universal)
""",
    "requirements.txt": "# none\n",
    "src/raw-to-processed/tidy/requirements.txt": "# none\n",
    "src/raw-to-processed/tidy/pipeline.py": """
from dorc_runtime import Function, Pipeline, S3Trigger

pipeline = Pipeline(
    triggers=[S3Trigger(prefix="tidy/", suffix=".csv")],
    steps=[Function("clean")],
)
""",
    "src/raw-to-processed/tidy/clean/lambda.py": """
import os

import boto3


def handler(event, context):
    s3 = boto3.client("s3")
    body = s3.get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read()
    print("read", len(body), "bytes")
    s3.put_object(Bucket=os.environ["TARGET_BUCKET"], Key=event["key"], Body=body.upper())
    return {"size": event["size"]}
""",
    "src/raw-to-processed/tidy/examples/first/lake/raw/tidy/first.csv": "a,b\n1,2\n",
}


class Repository:
    """A repository on disk, with ways to change it and to use it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.pipeline = root / "src/raw-to-processed/tidy"
        for name, text in FILES.items():
            self.write(name, text)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"), encoding="utf-8")
        return path

    def define(
        self, steps: str, *, imports: str = "Function, Pipeline", more: str = ""
    ) -> "Repository":
        """Write the pipeline again, with the given steps."""
        text = f"from dorc_runtime import {imports}\n\npipeline = Pipeline(steps=[{steps}]{more})\n"
        self.write("src/raw-to-processed/tidy/pipeline.py", text)
        return self

    def handle(self, body: str, *, function: str = "clean") -> "Repository":
        """Write a function again, with the given lines in its handler."""
        lines = "".join(f"    {line}\n" for line in body.splitlines())
        text = f"def handler(event, context):\n{lines}"
        self.write(f"src/raw-to-processed/tidy/{function}/lambda.py", text)
        return self

    def snapshot(self) -> set[str]:
        """Return the files that are there, what runs keep left out."""
        names = {path.relative_to(self.root).as_posix() for path in self.root.rglob("*")}
        return {
            name for name in names if not name.startswith(".dorc") and "__pycache__" not in name
        }

    def invoke(
        self, *words: str, folder: Path | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Give a command, without a terminal."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return run_module(
            "invoke", *words, folder=folder or self.root, environment={**inherited, **environment}
        )


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "made-by-hand")
