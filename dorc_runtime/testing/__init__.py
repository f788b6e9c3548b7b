"""What tests of pipelines stand on: the pytest plugin, and the values that tests give it.

Imports ``local`` and what lies below it. Importing this package loads none of that: pytest does so
in every environment that has the library.
"""

from dorc_runtime.testing.faults import fail, slow, timeout
from dorc_runtime.testing.schedule_times import next_fires

__all__ = ["fail", "next_fires", "slow", "timeout"]
