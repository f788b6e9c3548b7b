"""Functions in worker processes, with Lambda's rules.

It takes ``LocalFunction`` values and events, and gives a ``Returned`` or ``Raised`` for each call.
Open ``outcome`` for those values, ``worker_pool`` for starting, timing out and killing workers,
``worker_process`` for the pipes of one worker, ``worker`` for what runs inside it, ``runtime`` for
what Lambda does around a handler, ``environment`` for variables and folders, ``network_guard`` for
what keeps a handler from AWS, and ``inline`` with ``isolation`` for calls in this process.
"""
