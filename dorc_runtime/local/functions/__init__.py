"""Functions in worker processes, with Lambda's rules.

It takes ``LocalFunction`` values and events, and returns ``Returned`` or ``Raised`` for each call.
Open ``outcome`` for those values, ``worker_pool`` for which worker gets which call,
``worker_process`` for the pipes, the limits and the killing of one worker, ``worker`` for what runs
inside it, ``runtime`` for what Lambda does around a handler, ``environment`` for variables and
folders, ``network_guard`` for what stops connections, and ``inline`` with ``isolation`` for
calls in this process.
"""
