"""Starts the simulated AWS in its process, and gives clients of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.session import Session

REGION = "eu-west-2"
ACCOUNT = "123456789012"

_ENGINE_TIER = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cloud:
    """A running simulated AWS; ``images`` is the folder with the files of what was built."""

    endpoint: str
    images: Path

    def client(self, service: str) -> Any:
        """Return botocore's client of a service."""
        return Session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",  # noqa: S106 # nobody's
        )

    def builds(self) -> list[str]:
        """Return the functions with a built image, as ``layer/pipeline/function``."""
        file = self.images / "builds"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        # <registry>/<project>/<layer>/<pipeline>/<function>:<tag>
        return [line.rpartition(":")[0].split("/", 2)[2] for line in lines]

    def reset(self) -> None:
        """Delete everything in all services, and all images."""
        from urllib.request import Request, urlopen

        with urlopen(Request(f"{self.endpoint}/moto-api/reset", method="POST")) as answer:  # noqa: S310 # our own
            answer.read()
        shutil.rmtree(self.images)
        self.images.mkdir()


@contextmanager
def start_cloud(folder: Path) -> Iterator[Cloud]:
    """Start the simulated AWS; its files are in ``folder``."""
    images = folder / "images"
    images.mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(_ENGINE_TIER), "cloud.server"],
            env={**os.environ, "DORC_ENGINE_IMAGES": str(images)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdin is not None and process.stdout is not None
    with process:
        port = process.stdout.readline().decode().strip()
        assert port, (folder / "log").read_text()
        yield Cloud(f"http://127.0.0.1:{port}", images)
        process.stdin.close()
