"""What pytest shows of tests of pipelines.

Open ``report_hooks`` for the hooks of pytest, ``failure_text`` for why a run failed, and
``redacted_values`` for how secrets are hidden.
"""
