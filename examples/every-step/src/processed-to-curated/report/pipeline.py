"""Write the results of other pipelines as a report."""

from dorc_runtime import Function, Pipeline, Repeat, data

pipeline = Pipeline(
    description="Write a report",
    steps=[Repeat([Function("write")], until=data.key.exists(), most=100, name="Each line")],
)
