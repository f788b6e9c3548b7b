"""The files of a backend in a folder or a bucket, read without Pulumi's CLI.

It takes the URL of a backend and a stack, and gives what the backend keeps of the stack. Open
``files`` for the folder or bucket, and ``stack_files`` for the state, locks, tags and history of a
stack. Nothing here writes.
"""
