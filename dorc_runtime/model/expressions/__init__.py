"""Expressions: JSONata, written with Python's attributes, indexes and operators.

Open ``expression`` for the operators, ``data`` for the values that an expression starts from and
for how a value with expressions in it becomes JSON, and ``variables`` for variables.
"""
