"""A pipeline in a layer without zones, that messages start and that uses every kind of resource."""

from dorc_runtime import (
    Bucket,
    Function,
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

customers = Table("customers", partition_key="id")
news, work, archive = Topic("news"), Queue("work"), Bucket("archive")
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
