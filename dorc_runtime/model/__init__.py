"""What a user writes: configuration, pipelines, steps, triggers and expressions, as frozen values.

Open ``steps`` for the kinds of steps, ``expressions`` for ``data`` and variables, ``triggers`` for
what starts a pipeline, ``config`` for what all pipelines of a repository share, ``resources`` for
tables, topics, queues and buckets, ``secrets`` for secrets, ``references`` for values that differ
between environments, and ``identifiers`` for the names that pipelines and functions may have.
"""
