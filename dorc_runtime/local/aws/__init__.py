"""The AWS of a local run: moto in another process.

It takes buckets, objects and policies, and gives an endpoint for handlers. Open ``lake`` for the
server as a run sees it, ``server`` for the process itself, ``s3_permissions`` for what a request to
S3 needs and whether a policy allows it, ``access_control`` for what applies that to each request,
``s3_refusals`` for the words of a refusal, ``roles`` for the policies of a run, ``services`` for
what states call, and ``mocks`` for steps that an example answers.
"""
