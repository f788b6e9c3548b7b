"""Write the results of other pipelines as a report."""

from dorc_runtime import Function, Pipeline

pipeline = Pipeline(description="Write a report", steps=[Function("write")])
