from dorc_runtime import Function, Permission, Pipeline

pipeline = Pipeline(
    description="A secret and a parameter, by AWS Lambda Powertools",
    steps=[
        Function(
            "read",
            secrets=["weather-key"],
            permissions=[
                Permission("ssm:GetParameter", resources="arn:aws:ssm:*:*:parameter/birds/limit")
            ],
        )
    ],
)
