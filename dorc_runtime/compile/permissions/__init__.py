"""Who may do what on AWS: policy documents, and the permissions that a definition needs.

Open ``policies`` for the documents of roles, ``resource_policies`` for those of queues, topics,
buckets and keys, ``statements`` for what both are made of, ``machine_permissions`` for the needs of
a state machine, ``function_access`` for what functions read and write, ``object_writes`` for the
objects that a pipeline may write, and ``service_actions`` for the actions of AWS services that
steps call.
"""
