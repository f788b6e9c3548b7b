"""Faults of steps and patches of functions: what a test changes in a run.

Open ``step_faults`` for the values that a test writes, ``faulty_functions`` for what they do.
"""
