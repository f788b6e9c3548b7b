from dorc_runtime import Function, Parallel, Pipeline, S3Trigger

pipeline = Pipeline(
    description="Mean masses that another host answers",
    triggers=[S3Trigger(prefix="birds/", suffix=".csv")],
    steps=[
        Parallel(
            [
                [Function("with_requests", memory=1024)],
                [Function("with_httpx", memory=1024)],
                [Function("with_aiohttp", memory=1024)],
            ]
        )
    ],
)
