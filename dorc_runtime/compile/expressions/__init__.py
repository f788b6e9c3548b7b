"""JSONata as Step Functions accepts it.

Open ``syntax`` to parse an expression, ``expression_checks`` for what AWS does not accept in one,
and ``regular_expressions`` to translate JavaScript's patterns for Python's ``re``.
"""
