"""The repository on disk: its settings, its pipelines, the files of images, and packages.

Open ``repository`` for pipelines and configuration, ``settings`` for environment variables,
``environments`` for stack files, ``fingerprint`` and ``image_files`` for what goes into an image,
``requirements`` and ``packages`` for requirements files and what they install, ``image_python`` for
Python's version in images, and ``template`` for what Copier's template writes.
"""
