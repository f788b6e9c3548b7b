"""Stops connections of a local run to AWS, and to other hosts than the lake.

``install`` adds an audit hook to the interpreter (https://docs.python.org/3/library/sys.html
#sys.addaudithook), which sees what Python's own ``socket`` module looks up and connects to: so
boto3, urllib3, requests, asyncio and all that uses it. It gives the reason in words; on Linux the
kernel refuses as well what this module does not see: programs that a handler starts, and compiled
code with sockets of its own (``sandbox.landlock``).

Where other hosts are allowed, AWS by a numeric address, by another name that leads there, or
through a proxy is not stopped.

The worker process loads this module by its path, so it imports the standard library alone.
"""

import ipaddress
import socket
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

# The suffixes of every partition in botocore's partitions.json, and those of function URLs
# (on.aws), the sign-in and portal pages.
AWS_DOMAINS = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "amazonwebservices.com.cn",
    "amazonwebservices.eu",
    "api.aws",
    "api.aws.hci.ic.gov",
    "api.aws.ic.gov",
    "api.aws.scloud",
    "api.cloud-aws.adc-e.uk",
    "app.aws",
    "aws.amazon.com",
    "aws.dev",
    "awsapps.com",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
    "on.aws",
    "sc2s.sgov.gov",
)

# Where machines, containers and pods on AWS get their credentials:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html and
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(address)
    for address in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::23",
        "fd00:ec2::254",
    )
)

# The events of https://docs.python.org/3/library/audit_events.html, and where each has the host.
_LOOKUPS = {
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}
_CONNECTIONS = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}


class AwsNotReachedError(Exception):
    """A handler tried to connect to AWS from a local run."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"a local run does not reach AWS: {host}; without endpoint_url boto3 uses the run's "
            "own lake, so remove endpoint_url and put the data there"
        )
        self.host = host


class OnlyTheLakeError(Exception):
    """A handler tried to connect to another host than the lake."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"a local run connects to its lake alone, not to {host}:{port}: to allow other hosts, "
            "set FUNCTION_NETWORK=open in .env"
        )
        self.host = host


def is_aws(host: str) -> bool:
    """Return whether ``host``, a name or an address, is AWS's own."""
    name = host.lower().rstrip(".")
    if any(name == domain or name.endswith(f".{domain}") for domain in AWS_DOMAINS):
        return True
    address = _address(name)
    return address is not None and address in METADATA_ADDRESSES


def install(ports: Collection[int] | None) -> None:
    """Refuse connections to AWS, and by TCP to other ports than ``ports`` (None: to no others).

    An audit hook cannot be removed, so this is for worker processes only.
    """
    sys.addaudithook(partial(_check, ports))


def name_unanswered_hosts() -> Callable[[], None]:
    """Name in failed lookups the host, which no example answers; return what ends this."""
    lookup = socket.getaddrinfo

    @wraps(lookup)
    def getaddrinfo(host: Any, *more: Any, **options: Any) -> Any:
        try:
            return lookup(host, *more, **options)
        except socket.gaierror as error:
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
            error.strerror = f"{error.strerror}: no example answers {name}"
            raise

    socket.getaddrinfo = getaddrinfo

    def undo() -> None:
        socket.getaddrinfo = lookup

    return undo


@contextmanager
def unanswered_hosts_named() -> Iterator[None]:
    """Name them in failed lookups of this process, for the time of the context."""
    undo = name_unanswered_hosts()
    try:
        yield
    finally:
        undo()


def _check(ports: Collection[int] | None, event: str, arguments: tuple[object, ...]) -> None:
    if event in _LOOKUPS:
        host = arguments[_LOOKUPS[event]]
    elif event in _CONNECTIONS:
        target = arguments[_CONNECTIONS[event]]
        host = target[0] if isinstance(target, tuple) and target else None
    else:
        return
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if isinstance(host, str) and is_aws(host):
        raise AwsNotReachedError(host)
    if ports is not None and event == "socket.connect":
        _check_port(ports, *arguments)


def _check_port(ports: Collection[int], connection: object, target: object) -> None:
    if getattr(connection, "type", None) != socket.SOCK_STREAM or not isinstance(target, tuple):
        return
    host, port = str(target[0]), int(target[1])
    # Windows has no socket pairs but by TCP, and asyncio needs them.
    if port not in ports and not (sys.platform == "win32" and host == "127.0.0.1"):
        raise OnlyTheLakeError(host, port)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            # The older spellings that connect() also takes: 2852039166, 0xa9fea9fe, 169.254.43518.
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
