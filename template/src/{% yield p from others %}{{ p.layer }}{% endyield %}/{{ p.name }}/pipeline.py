"""Greet whoever the input names."""

from dorc_runtime import Function, Pipeline

pipeline = Pipeline(
    description="Greet whoever the input names",
    steps=[Function("greet")],
)
