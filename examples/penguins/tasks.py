"""The tasks of this repository: dorc's tasks, and the tasks that you add here."""

from dorc_tasks import namespace

__all__ = ["namespace"]
