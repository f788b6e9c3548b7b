"""What puts pipelines on AWS.

It takes a repository, an environment and an instance, and gives changes and outputs. Open
``deployment_context`` for what every deployment needs to know, ``deployment`` for one instance,
``preview``, ``apply``, ``drift`` and ``destroy`` for operations, ``observer`` for their reports,
``image_builds`` for missing images, ``apply_records`` for what needs no apply, and ``locks`` for
the locks of a stack.

Inside: ``components`` (one AWS concept each), ``programs`` (what Pulumi runs), ``driver`` (what
runs Pulumi), ``state_store`` (the files of a backend), ``secret_stores`` (secrets on AWS),
``alert_function`` (what infra's function of alerts runs on AWS) and ``synth`` (programs recorded
offline).
"""
