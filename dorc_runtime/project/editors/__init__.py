"""What editors, type checkers and notebooks need to know about a repository.

Takes the repository on disk. ``search_path`` makes the code and the packages of all functions
importable in ``.venv``; ``vscode_files`` writes the settings of VS Code, and ``json_with_comments``
adds them to files that exist. ``python -m dorc_runtime.project.editors REPOSITORY`` is the last
part of ``invoke venv``.
"""
