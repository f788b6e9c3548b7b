"""A pipeline in a layer without zones, that messages start and that uses every kind of resource."""

from datetime import timedelta

from dorc_runtime import (
    Bucket,
    Function,
    Index,
    Pass,
    Pipeline,
    Queue,
    QueueTrigger,
    S3Trigger,
    Service,
    Table,
    Topic,
    TopicTrigger,
    infra_output,
)

# As in pipeline_config.py, which a test that imports this file alone cannot import.
customers = Table(
    "customers",
    partition_key="id",
    sort_key="at",
    key_types={"at": "N"},
    indexes={"by-town": Index(partition_key="town")},
    ttl="expires",
)
news, archive = Topic("news"), Bucket("archive")
work = Queue("work", visibility_timeout=timedelta(minutes=6), max_receives=5)
pipeline = Pipeline(
    triggers=[
        QueueTrigger(work, allow_loop="the last message is not sent on"),
        TopicTrigger(news, allow_loop="the last message is not sent on"),
        S3Trigger(bucket=archive, prefix="in/"),
    ],
    steps=[
        Pass({"kind": "weekly"}),
        Function(
            "write",
            reads=[customers, work],
            writes=[news, f"{archive}/reports/"],
            environment={"PARTNER": infra_output("partner")},
        ),
        Service("sqs:sendMessage", arguments={"QueueUrl": work, "MessageBody": "done"}),
    ],
)
