"""The repository on disk: settings, pipelines found and loaded, files written.

Imports ``compile``, ``model`` and ``errors``; Copier only inside ``scaffold``.
"""
