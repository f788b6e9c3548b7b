"""JSONata as Step Functions accepts it.

Open ``syntax`` to parse an expression, ``allowed`` for what AWS refuses in one, and
``regular_expressions`` for JavaScript's patterns as Python's ``re`` takes them.
"""
