"""From definition to document: pure functions from values to values.

Open ``document`` for the state machine of a pipeline, ``expressions`` for the JSONata that Step
Functions accepts, ``permissions`` for who may do what, ``triggers`` for rules, schedules and what
they hand on, ``names`` for every name and ARN on AWS, and ``checks`` for what is wrong with
pipelines before anything runs.
"""
