"""What runs Pulumi's engine, through its Automation API.

It takes an instance and variables, and gives changes and outputs; it knows neither the programs nor
``deployment_context``. Open ``engine`` for a stack and its operations, ``progress`` for what the
engine does, ``failures`` for the one line that explains a failure, ``stop`` for Ctrl-C,
``lock`` and ``pending_operations`` for what a killed operation leaves, ``instances`` and ``order``
for what is deployed and when, ``backend`` and ``account`` for where the state and the resources
are.
"""
