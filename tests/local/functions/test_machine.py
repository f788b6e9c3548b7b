"""The machine of a function in a worker process: Lambda's files, memory, users and network.

Each fact is tried from Python, and from a library in C where one can be asked.
"""

import platform
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dorc_runtime.local.functions.outcome import LocalFunction, LogLine, Outcome, Returned
from dorc_runtime.local.functions.worker_pool import WorkerPool
from dorc_runtime.local.sandbox.mechanisms import Isolation, Mechanism, held

Pool = Callable[..., WorkerPool]
Write = Callable[..., LocalFunction]
Call = Callable[..., Outcome]

has_namespaces = pytest.mark.skipif(
    held(Isolation()).mechanism != "namespaces", reason="no user namespaces on this system"
)
has_ports = pytest.mark.skipif(
    bool(held(Isolation()).missing), reason="the kernel has no rules on ports"
)
READ_ONLY = "OSError: [Errno 30] Read-only file system"
FULL = "OSError: [Errno 28] No space left on device"
NO_SEMAPHORES = "OSError: [Errno 38] Function not implemented"

CODE = """
import concurrent.futures
import ctypes
import mmap
import multiprocessing
import os
import resource
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent

def temporary(name):
    return os.path.join(tempfile.gettempdir(), name)

def write(path):
    Path(path).write_text("x")

def write_temporarily():
    write(temporary("x"))

def create_database_temporarily():
    create_database(temporary("rows.db"))

def write_next_to_the_handler():
    write(HERE / "x.txt")

def write_over_the_handler():
    with open(__file__, "r+b") as file:
        mmap.mmap(file.fileno(), 0)[0:1] = b"#"

def make_home():
    os.makedirs(Path("~/.cache").expanduser())

def fill(path, size=700):
    with open(path, "wb") as file:
        for _ in range(size):
            file.write(bytes(2**20))

def fill_a_temporary_file():
    with tempfile.TemporaryFile() as file:
        for _ in range(700):
            file.write(bytes(2**20))

def create_database(path):
    sqlite3.connect(path).execute("create table rows (id)")

def write_in_c(path):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.open(os.fsencode(path), os.O_CREAT | os.O_WRONLY, 0o600) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

def write_by_a_program(path):
    done = subprocess.run(["/bin/sh", "-c", f"echo x > {path}"], capture_output=True, text=True)
    return done.stderr.strip().rpartition(": ")[2]

def write_by_a_static_program():
    # For x86-64: it opens ./x to create it, and exits with errno.
    code = bytes.fromhex(
        "b802000000" "488d3d17000000" "be41000000" "baa4010000" "0f05" "89c7" "f7df"
        "b83c000000" "0f05" "7800"
    )
    size = 64 + 56 + len(code)
    header = b"\\x7fELF" + bytes([2, 1, 1, *[0] * 9])
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    header += struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 0x1000)
    program = Path(temporary("program"))
    program.write_bytes(header + code)
    program.chmod(0o755)
    return subprocess.run([program]).returncode

def write_in_a_child(path):
    child = os.fork()
    if not child:
        try:
            write(path)
        except OSError as error:
            os._exit(error.errno)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def write_through_a_link(target):
    link = temporary("link")
    os.symlink(target, link)
    write(link)

def raise_the_limits():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    fill("/tmp/rows")

def undo_the_mounts():
    libc = ctypes.CDLL(None, use_errno=True)
    remounted = libc.mount(None, b"/", None, 32 | 4096, None)
    return [remounted, libc.umount2(b"/tmp", 2), libc.umount2(b"/var", 2)]

def make_namespaces_again():
    libc = ctypes.CDLL(None, use_errno=True)
    libc.unshare(0x10000000 | 0x00020000)
    return [libc.mount(None, b"/", None, 32 | 4096, None), libc.umount2(b"/tmp", 2)]

def connect(port):
    socket.create_connection(("127.0.0.1", port), timeout=5).close()

def connect_in_c(port):
    libc = ctypes.CDLL(None, use_errno=True)
    handle = libc.socket(2, 1, 0)
    address = (2).to_bytes(2, sys.byteorder) + port.to_bytes(2, "big") + bytes([127, 0, 0, 1])
    address += bytes(8)
    if libc.connect(handle, address, len(address)) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))

def connect_by_a_program(port):
    script = f"import socket; socket.create_connection(('127.0.0.1', {port}), timeout=5)"
    command = [sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stderr.strip().splitlines()[-1] if done.stderr else "done"

def read(path):
    return Path(path).read_text()

def save_in_duckdb(folder):
    import duckdb

    if folder:
        duckdb.execute(f"set secret_directory = '{folder}'")
    duckdb.execute("create persistent secret lake (type http, bearer_token 'x')")

def parent():
    return read(f"/proc/{os.getppid()}/environ")

def pool():
    multiprocessing.Pool(2)

def queue():
    multiprocessing.Queue()

def lock():
    multiprocessing.Lock()

def executor():
    concurrent.futures.ProcessPoolExecutor().submit(print).result()

def facts():
    return {
        "file": __file__,
        "folder": os.getcwd(),
        "task root": os.environ["LAMBDA_TASK_ROOT"],
        "home": os.environ["HOME"],
        "home exists": os.path.exists(os.environ["HOME"]),
        "shared memory": os.path.exists("/dev/shm"),
        "temporary": tempfile.gettempdir(),
        "user": os.getuid(),
        "devices": sorted(os.listdir("/dev")),
    }

def handler(event, context):
    name, *arguments = event
    try:
        return globals()[name](*arguments) or "done"
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        return text.partition(": '")[0]
"""


class Machine:
    """A function that tries what its machine allows."""

    def __init__(self, function: LocalFunction, pool: WorkerPool, call: Call) -> None:
        self.function = function
        self._pool = pool
        self._call = call

    def try_to(self, name: str, *arguments: object) -> Any:
        outcome = self._call(self._pool, self.function.name, [name, *arguments])
        assert isinstance(outcome, Returned), outcome
        return outcome.payload


@pytest.fixture
def machine(pool: Pool, write: Write, call: Call) -> Callable[..., Machine]:
    def made(mechanism: Mechanism = "namespaces", **settings: Any) -> Machine:
        network = settings.pop("network", "lake")
        endpoint = settings.pop("endpoint", "http://127.0.0.1:9")
        function = write("try", CODE, **{"memory": 2048, "timeout": 60, **settings})
        isolation = Isolation(mechanism, network)
        return Machine(function, pool(function, isolation=isolation, endpoint=endpoint), call)

    return made


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that is not below ``/tmp``, where every function may write."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield Path(folder)


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


ONLY_TMP_CAN_BE_WRITTEN = [
    (("write", "x.txt"), READ_ONLY),
    (("write_next_to_the_handler",), READ_ONLY),
    (("make_home",), READ_ONLY),
    (("write", "/var/task/x"), READ_ONLY),
    (("write", "/var/tmp/x"), READ_ONLY),  # noqa: S108 # the handler's
    (("write_through_a_link", "/etc/x"), READ_ONLY),
    (("create_database", "rows.db"), "OperationalError: unable to open database file"),
    (("create_database_temporarily",), "done"),
    (("write_temporarily",), "done"),
    (("write", "/dev/null"), "done"),
]


@has_namespaces
@pytest.mark.parametrize(("attempt", "result"), ONLY_TMP_CAN_BE_WRITTEN)
def test_only_tmp_can_be_written(
    machine: Callable[..., Machine], attempt: tuple[str, ...], result: str
) -> None:
    assert machine().try_to(*attempt) == result


@has_namespaces
def test_libraries_in_c_and_programs_can_write_to_tmp_alone(
    machine: Callable[..., Machine],
) -> None:
    tried = machine()
    assert tried.try_to("write_in_c", "/var/task/x") == READ_ONLY
    assert tried.try_to("write_in_c", "/tmp/x") == "done"  # noqa: S108 # the handler's
    assert tried.try_to("write_by_a_program", "x.txt") == "Read-only file system"
    assert tried.try_to("write_in_a_child", "x.txt") == 30
    assert tried.try_to("write_over_the_handler") == READ_ONLY


@has_namespaces
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the program is for x86-64")
def test_a_static_program_can_write_to_tmp_alone(machine: Callable[..., Machine]) -> None:
    assert machine().try_to("write_by_a_static_program") == 30


@has_namespaces
@pytest.mark.parametrize(
    "attempt",
    [("fill", "/tmp/rows"), ("fill_a_temporary_file",), ("raise_the_limits",)],  # noqa: S108
)
def test_tmp_holds_as_much_as_the_storage(
    machine: Callable[..., Machine], attempt: tuple[str, ...]
) -> None:
    assert machine(storage=512).try_to(*attempt) == FULL


@has_namespaces
def test_more_storage_holds_more(machine: Callable[..., Machine]) -> None:
    assert machine(storage=1024).try_to("fill", "/tmp/rows") == "done"  # noqa: S108


@has_namespaces
def test_the_function_finds_what_lambda_has(machine: Callable[..., Machine]) -> None:
    assert machine().try_to("facts") == {
        "file": "/var/task/lambda.py",
        "folder": "/var/task",
        "task root": "/var/task",
        "home": "/home/sbx_user1051",
        "home exists": False,
        "shared memory": False,
        "temporary": "/tmp",  # noqa: S108 # Lambda's
        "user": 993,
        "devices": [
            *("fd", "full", "null", "random", "stderr", "stdin", "stdout", "urandom", "zero"),
        ],
    }


@pytest.mark.parametrize("mechanism", ["namespaces", "landlock", "python"])
@pytest.mark.parametrize("name", ["pool", "queue", "lock", "executor"])
def test_multiprocessing_has_no_semaphores(
    machine: Callable[..., Machine], name: str, mechanism: Mechanism
) -> None:
    assert machine(mechanism).try_to(name) == NO_SEMAPHORES


@has_namespaces
def test_duckdb_cannot_write_to_its_home(machine: Callable[..., Machine]) -> None:
    duckdb = pytest.importorskip("duckdb")
    packages = Path(duckdb.__file__).parents[1]
    failure = "IOException: IO Error: Failed to initialize persistent storage directory"
    assert machine(packages=packages).try_to("save_in_duckdb", "").startswith(failure)
    assert machine(packages=packages).try_to("save_in_duckdb", "/tmp/duckdb") == "done"  # noqa: S108


@has_namespaces
def test_the_mounts_cannot_be_undone(machine: Callable[..., Machine]) -> None:
    tried = machine()
    assert tried.try_to("undo_the_mounts") == [-1, -1, -1]
    assert tried.try_to("make_namespaces_again") == [-1, -1]
    assert tried.try_to("write_in_c", "/var/task/x") == READ_ONLY


@has_namespaces
def test_lib_and_the_function_are_one_folder(
    machine: Callable[..., Machine], tmp_path: Path
) -> None:
    """The function's files come last into the image, so they win."""
    lib = tmp_path / "lib"
    for path, text in {"a.txt": "lib", "b.txt": "lib", "data/c": "lib", "data/d": "lib"}.items():
        (lib / path).parent.mkdir(parents=True, exist_ok=True)
        (lib / path).write_text(text)
    tried = machine(lib=lib, files={"b.txt": "own", "data/d": "own", "data/e": "own"})
    names = ("a.txt", "b.txt", "data/c", "data/d", "data/e")
    texts = [tried.try_to("read", f"/var/task/{name}") for name in names]
    assert texts == ["lib", "own", "lib", "own", "own"]


@has_namespaces
def test_what_a_function_has_no_need_to_see_is_hidden(
    machine: Callable[..., Machine],
) -> None:
    """Such as the repository, which may have a file ``.env``: here it is that of these tests."""
    repository = Path(__file__).parent
    tried = machine(hidden=(repository,))
    assert tried.try_to("read", __file__).startswith("FileNotFoundError")
    assert tried.try_to("read", str(Path.home() / ".profile")).startswith("FileNotFoundError")
    assert tried.try_to("parent") == "PermissionError: [Errno 13] Permission denied"


@has_ports
def test_connections_reach_the_lake_alone(machine: Callable[..., Machine], port: int) -> None:
    tried = machine()
    refused = f"OnlyTheLakeError: a local run connects to its lake alone, not to 127.0.0.1:{port}: "
    assert tried.try_to("connect", port).startswith(refused)
    for name in ("connect_in_c", "connect_by_a_program"):
        assert tried.try_to(name, port) == "PermissionError: [Errno 13] Permission denied"


def test_without_the_kernel_only_python_s_own_connections_are_refused(
    machine: Callable[..., Machine], port: int
) -> None:
    tried = machine("python")
    assert tried.try_to("connect", port).startswith("OnlyTheLakeError")
    for name in ("connect_in_c", "connect_by_a_program"):
        assert tried.try_to(name, port) == "done"


@pytest.mark.parametrize("name", ["connect", "connect_in_c", "connect_by_a_program"])
def test_the_lake_and_an_endpoint_of_the_function_are_reached(
    machine: Callable[..., Machine], port: int, name: str
) -> None:
    assert machine(endpoint=f"http://127.0.0.1:{port}").try_to(name, port) == "done"
    own = {"API": f"http://localhost:{port}/v1"}
    assert machine(environment=own).try_to(name, port) == "done"


@pytest.mark.parametrize("name", ["connect", "connect_in_c"])
def test_an_open_network_reaches_other_hosts(
    machine: Callable[..., Machine], port: int, name: str
) -> None:
    assert machine(network="open").try_to(name, port) == "done"


@pytest.mark.parametrize("mechanism", ["landlock", "python"])
@pytest.mark.parametrize(("attempt", "result"), ONLY_TMP_CAN_BE_WRITTEN)
def test_without_namespaces_python_can_write_to_tmp_alone(
    machine: Callable[..., Machine], attempt: tuple[str, ...], result: str, mechanism: Mechanism
) -> None:
    if attempt == ("write", "/var/task/x"):
        result = "FileNotFoundError: [Errno 2] No such file or directory"
    assert machine(mechanism).try_to(*attempt) == result


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock is Linux's")
def test_landlock_keeps_libraries_in_c_from_writing(
    machine: Callable[..., Machine], outside: Path
) -> None:
    tried = machine("landlock")
    assert tried.try_to("write_in_c", str(outside / "x")).startswith("PermissionError")
    assert tried.try_to("write_by_a_program", str(outside / "x")) == "Permission denied"
    assert tried.try_to("parent").startswith("PermissionError")
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("mechanism", ["landlock", "python"])
def test_one_line_says_what_is_not_held(
    machine: Callable[..., Machine], log: list[LogLine], mechanism: Mechanism
) -> None:
    tried = machine(mechanism)
    tried.try_to("lock")
    tried.try_to("lock")
    lines = [line.text for line in log if line.function == "dorc"]
    assert len(lines) == 1
    assert lines[0].startswith("not held on this machine: ")
    assert "the size of /tmp" in lines[0]
