"""What tests of pipelines stand on: the pytest plugin.

Imports ``local`` and what lies below it.
"""
