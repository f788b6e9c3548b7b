"""What people do with deployed pipelines and their executions. It uses boto3, and no Pulumi.

Names and ARNs follow from the definition, so an operator needs no state and no passphrase. Open
``aws_environment`` for the clients of an environment (and ``parallel_calls`` to use them for many
pipelines at once), ``execution_lists`` for the newest executions, ``deployed_executions`` for one,
``execution_control`` to start and stop one (``redrives`` to continue it), ``execution_inputs`` for
the objects that it started with, and ``execution_history`` to turn the history of one into the
events of a run (``live_history`` while it runs, ``map_runs`` with its items). What could not start
a pipeline is in ``letters``, what functions print in ``logs``, how all pipelines are in ``status``,
what starts a pipeline for data that is stored already in ``backfill``, and what executions cost in
``cost``.
"""
