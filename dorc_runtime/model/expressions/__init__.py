"""Expressions: JSONata that grows by Python's attributes, indexes and operators.

Open ``expression`` for the operators, ``data`` for what expressions start from and how a value that
holds them becomes JSON, and ``variables`` for variables.
"""
