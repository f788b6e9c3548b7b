"""The repository on disk: settings, pipelines found and loaded, images' files, packages.

Open ``repository`` for pipelines and configuration, ``settings`` for environment variables,
``environments`` for stack files, ``fingerprint`` and ``image_files`` for what goes into an image,
``packages`` for installed requirements, and ``template`` for what Copier's template writes.
"""
