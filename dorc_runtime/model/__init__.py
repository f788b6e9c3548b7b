"""What a user writes: configuration, pipelines, steps, triggers and expressions, as frozen values.

Imports pydantic and ``errors`` only.
"""
