"""Tests of pipelines: the pytest plugin, and the values that tests give it.

Open ``plugin`` for fixtures, options and the report, ``pipeline_runs`` for ``run_pipeline``,
``import_paths`` for what tests can import, ``written_files`` for what a run wrote,
``trigger_matches`` for ``triggered``, ``coverage`` for the states that no test reached, and
``repository_checks`` for `invoke check`, with ``environment_checks`` for what differs between
environments. Below it: ``examples`` (examples as tests), ``faults`` (faults of steps, patches of
functions), ``reports`` (what pytest shows).

pytest imports this package in every environment that has the library, so it loads nothing else.
"""

from dorc_runtime.compile.triggers.schedule_times import next_fires
from dorc_runtime.testing.faults.step_faults import fail, slow, timeout

__all__ = ["fail", "next_fires", "slow", "timeout"]
