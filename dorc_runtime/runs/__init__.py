"""The record of a run: what happened, how it ended, and the folder that keeps it.

A run on this machine yields it; drawings and commands read it. Nothing here runs anything. Open
``events`` for what is reported while a run goes on, ``visits`` for one entry per entering of a
state, ``result`` for the whole of a run as a value, ``failure`` for why it failed, ``causes`` for
the texts of AWS that say so, ``failed_states`` for what failed an execution on AWS, ``redaction``
for the values of secrets in it, ``folder`` for ``.dorc/runs/``, ``last_runs`` for the newest run of
each pipeline, and ``function_events`` for the events of functions there.
"""
