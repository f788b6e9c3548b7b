"""The lock of a stack: which process holds it, and whether that process has ended."""

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

_MESSAGE = re.compile(
    r"created by (?P<username>[^\s@]+)@(?P<hostname>\S+) \(pid (?P<pid>\d+)\) at (?P<timestamp>\S+)"
)


@dataclass(frozen=True)
class Lock:
    """A lock that the process ``process`` on ``host`` holds since a time in ISO 8601."""

    user: str
    host: str
    process: int
    since: str

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Return the lock that a backend describes in ``fields``."""
        names = ("username", "hostname", "pid", "timestamp")
        user, host, process, since = (str(fields[name]) for name in names)
        return cls(user, host, int(process), since)

    @classmethod
    def in_message(cls, text: str) -> Self | None:
        """Return the lock that a message of Pulumi names, if it names one."""
        message = _MESSAGE.search(text)
        return cls.of(message.groupdict()) if message else None

    @property
    def is_stale(self) -> bool:
        """Whether its process ran on this machine, and has ended."""
        import psutil

        if self.host != socket.gethostname():
            return False
        try:
            process = psutil.Process(self.process)
            # The number can belong to another program by now.
            is_pulumi = process.name().startswith("pulumi")
            return not is_pulumi or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False

    def __str__(self) -> str:
        """Return it as messages show it."""
        return f"{self.user}@{self.host} (process {self.process}) since {self.since}"
