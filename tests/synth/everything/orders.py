"""A pipeline with every kind of trigger, and functions with many and with few permissions."""

from datetime import timedelta

from dorc_runtime import (
    Choice,
    CronTrigger,
    EventTrigger,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Permission,
    Pipeline,
    PipelineTrigger,
    S3Trigger,
    data,
)

pipeline = Pipeline(
    description="Orders as they come",
    expect_every=timedelta(days=1),
    triggers=[
        S3Trigger(prefix="orders/*special*/", suffix=".csv"),
        S3Trigger(bucket="another-bucket"),
        CronTrigger("cron(0 6 * * ? *)", timezone="Europe/London", input={"full": True}),
        CronTrigger("rate(1 hour)", enabled=["dev"]),
        PipelineTrigger("default/report", on=["FAILED", "TIMED_OUT"]),
        EventTrigger({"source": ["shop"], "detail": {"kind": ["order"]}}, bus="orders"),
    ],
    steps=[
        Function(
            "check",
            secrets=["orders-key"],
            reads=["raw/orders/", "reference-data/codes/"],
            writes=[],
        ),
        Choice(If(data.rows == 0, then=[Fail("Empty", "nothing to do")])),
        Map(over=data.parts, steps=[Function("convert", memory=2048, storage=2048, concurrency=5)]),
        Parallel(
            [
                [
                    Function(
                        "note",
                        permissions=[
                            Permission(
                                "dynamodb:PutItem",
                                resources="arn:aws:dynamodb:eu-west-2:123456789012:table/seen",
                            )
                        ],
                        environment={"TABLE": "seen"},
                    )
                ],
                [Function("count", timeout=timedelta(minutes=15))],
            ]
        ),
    ],
)
