"""Examples that say what they expect, as tests.

Open ``collection`` for how pytest finds them, and ``expected_files`` for the comparison.
"""
