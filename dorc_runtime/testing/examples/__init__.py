"""Examples with ``expected/``, as tests.

Open ``collection`` for how pytest finds them, ``expected_files`` for the comparison, and
``example_files`` for the problems of their files.
"""
