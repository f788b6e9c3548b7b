"""The plan of a run: everything that is known before it starts.

It takes a repository, a pipeline and what a user asks to start it with, and gives documents,
functions, roles, resources and seeds. Open ``run_plan`` for the plan, ``run_sources`` and
``function_source`` for what runs, ``planned_pipelines`` for what follows from that, and
``local_target`` for the environment called local.
"""
