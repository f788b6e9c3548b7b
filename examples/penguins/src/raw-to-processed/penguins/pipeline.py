"""Clean the penguin survey as it arrives: a raw CSV in, typed rows out."""

from datetime import timedelta

from dorc_runtime import (
    Choice,
    Fail,
    Function,
    If,
    Map,
    Pipeline,
    S3Trigger,
    data,
    item,
)

pipeline = Pipeline(
    description="Clean the penguin survey as it arrives",
    triggers=[
        S3Trigger(prefix="penguins/", suffix=".csv"),
    ],
    steps=[
        Function("validate"),
        Choice(If(data.rows == 0, then=[Fail("EmptyFile", "nothing to clean")])),
        Map(
            over=data.parts,
            select={"bucket": data.bucket, "key": data.key, "island": item.island},
            max_concurrency=10,
            steps=[Function("clean", memory=1024)],
        ),
        Function("publish", timeout=timedelta(minutes=10)),
    ],
)
