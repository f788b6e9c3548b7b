"""pyarrow's file system uses the run's lake, in a worker and in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dorc_runtime.local.aws.lake import Lake
from dorc_runtime.local.functions.outcome import Functions, LocalFunction, Outcome, Returned

pyarrow = pytest.importorskip("pyarrow")

CODE = """
import pickle

from pyarrow import fs

def handler(event, context):
    s3 = pickle.loads(pickle.dumps(fs.S3FileSystem()))
    other, path = fs.FileSystem.from_uri("s3://raw/birds.csv")
    texts = [each.open_input_stream(path).read().decode() for each in (s3, other)]
    types = [isinstance(each, fs.S3FileSystem) for each in (fs.S3FileSystem(), s3, other, path)]
    try:
        fs.S3FileSystem(endpoint_override=event).get_file_info("raw/birds.csv")
    except OSError as error:
        return [*texts, *types, fs.resolve_s3_region("raw"), "curlCode: 7" in str(error)]
"""


def test_a_file_system_of_pyarrow_reads_the_lake(
    executor: Callable[..., Functions],
    lake: Lake,
    write: Callable[..., LocalFunction],
    call: Callable[..., Outcome],
) -> None:
    lake.create_bucket("raw")
    lake.put("raw", "birds.csv", b"wren")
    packages = Path(pyarrow.__file__).parents[1]
    function = write("read", CODE, memory=1024, timeout=30, packages=packages)
    outcome = call(executor(function, endpoint=lake.endpoint), "read", "http://127.0.0.1:9")
    assert isinstance(outcome, Returned), outcome
    assert outcome.payload == ["wren", "wren", True, True, True, False, "eu-west-2", True]
