from dorc_runtime import Function, Pipeline, S3Trigger

pipeline = Pipeline(
    description="Mean masses by pyarrow: its file system, files and data sets",
    triggers=[S3Trigger(prefix="birds/", suffix=".csv")],
    steps=[
        Function("read", memory=1024),
        Function("mean", memory=1024),
    ],
)
