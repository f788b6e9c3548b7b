"""Redirects connections to some hosts to a server on this machine, which has their certificate.

It replaces what all of Python's clients use, so that requests, httpx, urllib and aiohttp need no
other settings than on AWS: the lookup of host names, and the contexts of TLS.

The worker process loads this module by its path, so it imports the standard library alone.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any


@dataclass(frozen=True)
class AnsweredHosts:
    """The ``hosts`` that the server at ``port`` plays, and its ``certificate`` as PEM."""

    hosts: tuple[str, ...]
    port: int
    certificate: str


@contextmanager
def answered(hosts: AnsweredHosts | None) -> Iterator[None]:
    """Redirect connections of this process to that server, for the time of the context."""
    undo = install(hosts) if hosts is not None else None
    try:
        yield
    finally:
        if undo is not None:
            undo()


def install(hosts: AnsweredHosts) -> Callable[[], None]:
    """Redirect connections of this process to that server; return a function that ends this."""
    import ssl

    lookup = socket.getaddrinfo
    contexts: Any = ssl.SSLContext
    methods = {name: getattr(contexts, name) for name in ("wrap_socket", "wrap_bio")}

    @wraps(lookup)
    def getaddrinfo(host: Any, port: Any, family: int = 0, *more: Any, **options: Any) -> Any:
        if _name(host) in hosts.hosts:
            return lookup("127.0.0.1", hosts.port, socket.AF_INET, *more, **options)
        return lookup(host, port, family, *more, **options)

    def trusting(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def wrap(context: Any, *arguments: Any, **options: Any) -> Any:
            if _name(options.get("server_hostname")) in hosts.hosts:
                context.load_verify_locations(cadata=hosts.certificate)
            return method(context, *arguments, **options)

        return wrap

    socket.getaddrinfo = getaddrinfo
    for name, method in methods.items():
        setattr(contexts, name, trusting(method))

    def undo() -> None:
        socket.getaddrinfo = lookup
        for name, method in methods.items():
            setattr(contexts, name, method)

    return undo


def _name(host: object) -> str:
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    return host.lower().rstrip(".") if isinstance(host, str) else ""
