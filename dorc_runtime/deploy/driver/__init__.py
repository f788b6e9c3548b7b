"""What runs Pulumi's engine, by its Automation API.

Open ``engine`` for a stack and its operations, ``progress`` for what the engine does as it happens,
``failures`` for the one line that explains a failure, ``stop`` for Ctrl-C, ``unfinished`` for what
a killed operation left, ``instances`` and ``order`` for what is deployed and when, ``backend`` and
``account`` for where state and resources are.
"""
