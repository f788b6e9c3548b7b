"""The tasks of this repository: dorc's, and those that you add here."""

from dorc_tasks import namespace

__all__ = ["namespace"]
