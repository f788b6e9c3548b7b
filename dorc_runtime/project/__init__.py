"""The repository on disk: its settings, its pipelines, the files of images, and packages.

Open ``repository`` for pipelines and configuration, ``settings`` for environment variables,
``environments`` for stack files, ``fingerprint`` and ``image_files`` for what goes into an image,
``packages`` for installed requirements, and ``template`` for what Copier's template writes.
"""
