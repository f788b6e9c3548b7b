"""What pytest shows of tests of pipelines: ``redacted_values`` hides the secrets of runs."""
