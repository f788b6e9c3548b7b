"""What pytest shows of tests of pipelines.

Open ``failure_text`` for why a run failed, and ``redacted_values`` for how secrets are hidden.
"""
