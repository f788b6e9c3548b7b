"""The tasks of this repository."""

from pathlib import Path

from dorc_runtime.tasks import add_tasks
from invoke import Collection

namespace = Collection()
add_tasks(namespace, root=Path(__file__).parent)
