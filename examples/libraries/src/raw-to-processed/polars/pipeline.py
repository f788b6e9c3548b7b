from dorc_runtime import Function, Pipeline, S3Trigger

pipeline = Pipeline(
    description="Mean masses by polars, lazily",
    triggers=[S3Trigger(prefix="birds/", suffix=".csv")],
    steps=[Function("mean", memory=1024)],
)
