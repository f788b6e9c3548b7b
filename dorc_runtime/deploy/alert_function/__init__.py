"""The function of infra that sends alerts: what Lambda runs, and nothing else.

It needs Python's standard library and boto3, which Lambda's runtime has; the modules of the library
that it shares need nothing else either. ``function_files`` lists all that is in its archive.

Open ``handler`` for what it does with an event, ``failed_execution`` and ``function_log`` for what
it asks about a failure, ``repeated_failures`` for which failures get a message, ``overdue`` for
pipelines that did not start or succeed, ``deployed_pipelines`` for the pipelines of an environment
and ``machine_tags`` for what their tags say, ``messages`` for the texts, and ``notification`` for
the topic and the webhooks.
"""
