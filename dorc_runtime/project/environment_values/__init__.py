"""What differs between environments: the values of settings, and the target of each environment.

Open ``setting_values`` for the settings of an environment and their problems, ``local_values`` for
``local.toml``, and ``targets`` for the names, addresses and values that definitions get.
"""
