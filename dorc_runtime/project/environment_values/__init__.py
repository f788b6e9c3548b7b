"""What differs between environments: settings, secrets, and the target of each environment.

Open ``setting_values`` for the settings of an environment and their problems, ``local_values`` for
``local.toml``, ``secret_files`` for ``secrets.toml``, and ``targets`` for the names, addresses and
values that definitions get.
"""
