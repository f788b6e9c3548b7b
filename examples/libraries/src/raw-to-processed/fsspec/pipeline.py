from dorc_runtime import Function, Pipeline, S3Trigger

pipeline = Pipeline(
    description="Mean masses in a file that fsspec opens",
    triggers=[S3Trigger(prefix="birds/", suffix=".csv")],
    steps=[Function("mean", memory=1024)],
)
