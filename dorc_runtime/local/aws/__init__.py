"""The AWS of a local run: moto in another process.

It takes buckets, objects and policies, and gives an endpoint for handlers. Open ``lake`` for the
server as a run sees it, ``server_process`` for its process and the requests to it, ``server`` for
what runs in that process, ``access`` for what roles allow, ``run_resources`` for the tables, topics
and queues of a run, ``run_secrets`` for its secrets, ``services`` for what states call,
``served_services`` for the services that a run has, and ``mocks`` for steps that an example
answers.
"""
