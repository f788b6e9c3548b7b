"""The programs of a repository, run offline in this process; the resources are recorded.

It takes a repository and an environment, and gives every resource that the programs register. A
replacement for Pulumi's engine records them and creates nothing: neither a Pulumi CLI, nor AWS, nor
Docker is needed. Open ``synthesis`` for the result, ``program_runs`` for how a program runs,
``recorder`` for the engine, ``registrations`` for the digest of what a program registers,
``cloud_answers`` for the values that AWS would compute, ``backend_exports`` for the exports of
deployed stacks, and ``wire`` for Pulumi's encoding.
"""
