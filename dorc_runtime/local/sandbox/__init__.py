"""The machine of a function: Lambda's file system and network, as far as this system can hold them.

A worker process applies it to itself, before it has a second thread. Open ``mechanisms`` for which
mechanisms there are and which this system has, ``finding`` for what `invoke doctor` says of them,
``mounts`` for Lambda's file system on Linux, ``landlock`` for Linux's rules on files and ports,
``python_rules`` for what Python itself refuses on every system, and ``system_calls`` for how the
first two call Linux.

A worker loads ``lambda_machine`` and what it needs by their paths: they import the standard library
alone.
"""
