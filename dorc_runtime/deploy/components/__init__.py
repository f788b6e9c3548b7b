"""The components of a deployment: each file has one AWS concept with all its resources.

A component takes names, documents and plain values, and gives typed Outputs. It computes no name
and no policy, and reads neither files nor environment variables.
"""
