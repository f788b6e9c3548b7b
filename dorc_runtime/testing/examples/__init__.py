"""Examples with ``expected/``, as tests.

Open ``collection`` for how pytest finds them, and ``expected_files`` for the comparison.
"""
