"""Who may do what on AWS: policy documents, and the permissions that a definition needs.

Open ``policies`` for the documents of roles, ``alert_policy`` for that of the function of alerts,
``resource_policies`` for those of queues, topics, buckets and keys, ``statements`` for what all of
them are made of, ``machine_permissions`` for the needs of a state machine, ``function_access`` for
what functions read and write, ``pipeline_access`` for the same in words, ``object_writes`` for the
objects that a pipeline may write, ``service_actions`` for the actions of AWS services that steps
call, and ``job_actions`` for those of which Step Functions waits for the end.
"""
