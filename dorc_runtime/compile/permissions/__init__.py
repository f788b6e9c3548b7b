"""Who may do what on AWS: policy documents, and what follows from a definition.

Open ``policies`` for the documents of roles, queues and topics, ``machine_permissions`` for what a
state machine needs, and ``service_actions`` for the actions of AWS services that steps call.
"""
