"""From definition to document: pure functions from values to values.

Imports ``model`` and ``errors``; jsonata-python only where expressions are checked. No cloud SDK,
no files.
"""
