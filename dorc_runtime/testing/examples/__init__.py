"""Examples with ``expected/``, as tests.

Open ``collection`` for how pytest finds them, ``expected_files`` for what a run is compared with,
``file_differences`` for the comparison of two files, ``comparison_rules`` for ``expected.toml``,
``recorded_files`` for what `invoke test --record` writes, and ``example_files`` for the problems of
the files of examples.
"""
