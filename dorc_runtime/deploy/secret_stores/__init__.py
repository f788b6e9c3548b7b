"""Where the secrets of an environment are on AWS; no value of them goes through Pulumi.

Open ``environment_secrets`` for what is asked of SSM and Secrets Manager, and ``needed_secrets``
for what an apply asks before it starts.
"""
