"""The variables and the folders of a function, in a worker process and in this process.

Open it for what a function inherits from the shell, what stands for AWS, and what Lambda sets.
"""

import os
import shutil
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dorc_runtime.compile.names import function_log_group
from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.functions.runtime import FUNCTION, MODULE

# What Windows needs to run a program, and where certificates are.
_INHERITED = ("SYSTEMROOT", "COMSPEC", "PATHEXT", "SSL_CERT_FILE", "SSL_CERT_DIR")
# Variables that give boto3 other credentials or endpoints than the ones set here:
# https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html
_OTHER_CREDENTIALS = (
    "AWS_CONTAINER_",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_ROLE_",
    "AWS_WEB_IDENTITY_",
)


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of a function, and the folder with its home and temporary files."""

    variables: dict[str, str]
    folder: Path


class Environments:
    """Makes environments; ``close`` removes the folders of all of them.

    ``endpoint`` is the URL that stands for AWS, or a function that returns it.
    """

    def __init__(self, *, endpoint: str | Callable[[], str], region: str) -> None:
        self._endpoint_source = endpoint
        self._endpoint: str | None = None
        self._region = region
        self._folder = Path(tempfile.mkdtemp(prefix="dorc-"))

    def endpoint(self) -> str:
        """Return the URL that stands for AWS; the first call may wait for its server."""
        if self._endpoint is None:
            source = self._endpoint_source
            self._endpoint = source() if callable(source) else source
        return self._endpoint

    def make(self, function: LocalFunction) -> Environment:
        """Return a new environment for ``function``, with empty folders."""
        endpoint = self.endpoint()
        folder = Path(tempfile.mkdtemp(prefix=f"{function.name}-", dir=self._folder))
        (folder / "home").mkdir()
        (folder / "tmp").mkdir()
        return Environment(_variables(function, endpoint, self._region, folder), folder)

    def close(self) -> None:
        """Remove the folders of all environments."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _variables(function: LocalFunction, endpoint: str, region: str, folder: Path) -> dict[str, str]:
    """Return all variables of ``function``; almost nothing is inherited.

    What Lambda sets: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    day = time.strftime("%Y/%m/%d", time.gmtime())
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "PYTHONUNBUFFERED": "1",
        **{key: os.environ[key] for key in _INHERITED if key in os.environ},
        **{
            key: text
            for key, text in function.environment.items()
            if not key.startswith(_OTHER_CREDENTIALS)
        },
        "_HANDLER": f"{MODULE}.{FUNCTION}",
        "LAMBDA_TASK_ROOT": str(function.folder),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{version}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": function_log_group(function.name),
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{day}/[$LATEST]{uuid.uuid4().hex}",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        # The lake identifies a function by its access key.
        "AWS_ACCESS_KEY_ID": function.name,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **_library_variables(endpoint),
    }


def _library_variables(endpoint: str) -> dict[str, str]:
    """Return what libraries need to use ``endpoint`` that do not read ``AWS_ENDPOINT_URL`` alone.

    polars and deltalake: https://docs.rs/object_store/latest/object_store/aws/; DuckDB:
    https://duckdb.org/docs/stable/configuration/overview. DuckDB puts the bucket before the name of
    the host, and every name that ends with ``.localhost`` is this machine.
    """
    port = endpoint.rpartition(":")[2]
    return {
        "AWS_ALLOW_HTTP": "true",
        "DUCKDB_S3_ENDPOINT": f"localhost:{port}",
        "DUCKDB_S3_USE_SSL": "false",
    }
