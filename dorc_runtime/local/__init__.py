"""Running a pipeline on this machine: interpreter, functions, lake.

Imports ``project`` and what lies below it; psutil and moto only where used.
"""
