"""What to change when a library in a function fails here, or would fail on Lambda too.

Libraries say what they could not do, and not what a function has to do about it. Their words are
those of the versions in ``docs/libraries.md``.
"""

import re

from dorc_runtime.runs.causes import read_cause
from dorc_runtime.runs.events import Ending

_AWS = re.compile(r"[\w.-]+\.(?:amazonaws\.com(?:\.cn)?|api\.aws)\b")
_NOT_CONNECTED = re.compile(
    "connect|resolve|network|sending request|permission denied|timed? ?out", re.IGNORECASE
)
# How ``network_guard`` words its own refusals, with the remedy.
_REFUSED_BY_NAME = "a local run does not reach AWS"
_DUCKDB = re.compile(r"for HTTP (?:HEAD|GET|PUT|POST|DELETE) to '|HTTP Error: ")
# Where DuckDB would save an extension, and where it downloads one.
_DUCKDB_EXTENSION = re.compile(
    r"SET home_directory=|extensions\.duckdb\.org|required extension '\w+"
)
_EXTENSION = re.compile(r"""extension ['"](\w+)""")
_MODULE = re.compile(r"No module named '([\w.]+)'")
# How pandas, fsspec, polars and others name a package that one of their functions needs.
_PACKAGE = re.compile(
    r"""(?:optional dependency '|`Import |pip install |Install )([\w.-]+(?:\[[\w,-]+\])?)"""
)
_DUCKDB_READS = (
    "remove CREATE SECRET with PROVIDER credential_chain, or the endpoint that is set; here and on "
    "AWS, DuckDB reads endpoint, region and credentials from the environment."
)
_IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError")


def library_advice(ending: Ending, function: str) -> str | None:
    """Return in one line what to change in ``function``, None for another failure."""
    message = read_cause(ending.cause).message
    if ending.error in _IMPORT_ERRORS or "pip install " in message:
        return missing_package(message, function)
    if host := _AWS.search(message):
        if _REFUSED_BY_NAME in message or not _NOT_CONNECTED.search(message):
            return None
        return _left_for_aws(host[0], function, is_duckdb=bool(_DUCKDB.search(message)))
    if _DUCKDB_EXTENSION.search(message):
        return _extension(message, function)
    return None


def missing_package(message: str, function: str) -> str | None:
    """Return what to add to requirements for the import that failed with ``message``."""
    if named := _PACKAGE.search(message):
        # pandas asks for fsspec first, and then for what opens s3://.
        what = f"the package {'s3fs' if named[1] == 'fsspec' else named[1]}"
    elif module := _MODULE.search(message):
        what = f"the package that has the module {module[1].partition('.')[0]}"
    else:
        return None
    return f"{function} needs {what}: add it to requirements.txt of the pipeline or the repository."


def _left_for_aws(host: str, function: str, *, is_duckdb: bool) -> str:
    if is_duckdb:
        return f"{function}: DuckDB connects to AWS itself ({host}), not the lake: {_DUCKDB_READS}"
    return (
        f"{function}: a library connects to AWS itself ({host}), not the lake: give it the "
        'endpoint os.environ.get("AWS_ENDPOINT_URL"), which is None on AWS.'
    )


def _extension(message: str, function: str) -> str:
    named = _EXTENSION.search(message)
    name = named[1] if named else "httpfs"
    if name == "aws":
        return f"{function}: {_DUCKDB_READS}"
    file = f'f"extensions/v{{duckdb.__version__}}/{name}.duckdb_extension"'
    return (
        f"{function}: DuckDB cannot download its extension {name}: add duckdb-extension-{name} to "
        "requirements.txt, which chooses the version of duckdb, and load it from the package: "
        f'con.load_extension(str(importlib.resources.files("duckdb_extension_{name}") / {file})).'
    )
