"""Running a pipeline on this machine.

It takes a repository and a request, and gives a ``RunResult``. Open ``session`` for the runs of a
command, ``run_plan`` for what is known before a run, ``inputs`` for what starts it, ``run`` for one
run from its plan to its result, ``follow`` and ``subscriptions`` for the pipelines that a run
starts, ``event_capture`` for the events that it sends, and ``remedy`` for what to change when a
function breaks Lambda's rules.

Below it: ``interpreter`` (state machines), ``jsonata`` (expressions), ``functions`` (handlers in
worker processes) and ``aws`` (the AWS that is played).
"""
