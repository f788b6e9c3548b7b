"""The repository on disk: its settings, its pipelines, the files of images, and packages.

Open ``repository`` for its folders, ``definitions`` for pipelines and configuration as they are
loaded, ``handlers`` for the files of functions, ``settings`` for environment variables,
``environments`` for stack files, ``requirements`` and ``packages`` for requirements files and what
they install, ``working_tree`` for whether files change while a command works, ``tools`` for the
tools on this machine, ``environment_values`` for what differs between environments, ``images`` for
what goes into an image, and ``template`` for what Copier's template writes.
"""
