"""What the roles of functions and state machines allow in the AWS that is played.

It takes the policies of a run's roles, and answers requests that they do not allow in AWS's words.
Open ``roles`` for the policies of a run, ``s3_permissions`` and ``service_permissions`` for what a
request needs, ``policy_evaluation`` for whether a policy allows it, ``service_rules`` for what
services refuse and moto accepts, ``refusals`` for the responses of each service, and
``access_control`` for what applies all that to each request.
"""
