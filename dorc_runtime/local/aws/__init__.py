"""The AWS that is played for a run: moto in a process of its own.

It takes buckets, objects and policies, and gives an endpoint for handlers. Open ``lake`` for the
server as a run sees it, ``server`` for the process itself, ``access`` for what a request to S3
needs and how a policy allows it, ``roles`` for the policies of a run, ``services`` for the services
that states call, and ``mocks`` for steps that an example answers.
"""
