"""From definitions to documents: pure functions from values to values.

Open ``document`` for the state machine of a pipeline, ``expressions`` for the JSONata that Step
Functions accepts, ``permissions`` for policies, ``triggers`` for rules, schedules and the input
that they send, ``names`` and ``arns`` for every name and ARN on AWS, ``target`` for the values of
references in an environment, ``secret_users`` for the secrets that functions read, and ``checks``
for the problems of pipelines that can be found before a run (with ``function_checks``,
``graph_checks`` and ``message_checks``).
"""
