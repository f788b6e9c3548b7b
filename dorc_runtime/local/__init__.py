"""Running a pipeline on this machine.

It takes a repository and a request, and gives a ``RunResult``. Open ``session`` for the runs of a
command, ``inputs`` for what starts a run, ``run`` for one run from its plan to its result,
``run_records`` for what it did in services, ``follow`` and ``subscriptions`` for the pipelines that
it starts, ``event_capture`` for the events that it sends, ``run_failure`` for why it failed, and
``remedy`` for what to change when a function breaks Lambda's rules.

Below it: ``plan`` (what is known before a run), ``interpreter`` (state machines), ``jsonata``
(expressions), ``functions`` (handlers in worker processes), ``sandbox`` (the machine of a
function), ``aws`` (the AWS that is played), ``seeds`` (what is in it before) and ``http`` (other
hosts).
"""
