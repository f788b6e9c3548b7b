"""The ARNs of all resources on AWS, made of their names, here and nowhere else."""

# The account of AWS's own documentation, where none is known.
EXAMPLE_ACCOUNT = "123456789012"


def partition(region: str) -> str:
    """Return the partition of AWS that a region belongs to; each ARN has it.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
    """
    kinds = (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"))
    return next((name for start, name in kinds if region.startswith(start)), "aws")


def arn_of(service: str, region: str, account: str, resource: str) -> str:
    """Return the ARN of ``resource`` of ``service``."""
    return f"arn:{partition(region)}:{service}:{region}:{account}:{resource}"


def arn_region(arn: str) -> str:
    """Return the region that an ARN names."""
    return arn.split(":")[3]


def function_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the Lambda function called ``name``."""
    return arn_of("lambda", region, account, f"function:{name}")


def execution_arn(region: str, account: str, machine: str, execution: str) -> str:
    """Return the ARN of one execution of the state machine called ``machine``."""
    return arn_of("states", region, account, f"execution:{machine}:{execution}")


def machine_arn(region: str, account: str, machine: str) -> str:
    """Return the ARN of the state machine called ``machine``."""
    return arn_of("states", region, account, f"stateMachine:{machine}")


def log_group_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the log group called ``name``, without the ``:*`` for its streams."""
    return arn_of("logs", region, account, f"log-group:{name}")


def role_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the role called ``name``; it has no region, only a partition."""
    return f"arn:{partition(region)}:iam::{account}:role/{name}"


def queue_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the SQS queue called ``name``."""
    return arn_of("sqs", region, account, name)


def queue_url(region: str, account: str, name: str) -> str:
    """Return the URL of the SQS queue called ``name``.

    https://docs.aws.amazon.com/general/latest/gr/sqs-service.html
    """
    domain = "amazonaws.com.cn" if partition(region) == "aws-cn" else "amazonaws.com"
    return f"https://sqs.{region}.{domain}/{account}/{name}"


def topic_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the SNS topic called ``name``."""
    return arn_of("sns", region, account, name)


def alarm_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the CloudWatch alarm called ``name``."""
    return arn_of("cloudwatch", region, account, f"alarm:{name}")


def rule_arn(region: str, account: str, name: str, *, bus: str = "default") -> str:
    """Return the ARN of an EventBridge rule on the event bus called ``bus``."""
    path = name if bus == "default" else f"{bus}/{name}"
    return arn_of("events", region, account, f"rule/{path}")


def pipe_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the EventBridge pipe called ``name``."""
    return arn_of("pipes", region, account, f"pipe/{name}")


def event_bus_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the EventBridge event bus called ``name``."""
    return arn_of("events", region, account, f"event-bus/{name}")


def parameter_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the parameter of SSM called ``name``, a path."""
    return arn_of("ssm", region, account, f"parameter{name}")


def table_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the DynamoDB table called ``name``."""
    return arn_of("dynamodb", region, account, f"table/{name}")


def schedule_group_arn(region: str, account: str, name: str) -> str:
    """Return the ARN of the group of schedules called ``name``."""
    return arn_of("scheduler", region, account, f"schedule-group/{name}")


def schedule_arn(region: str, account: str, group: str, name: str) -> str:
    """Return the ARN of the schedule called ``name`` in a group."""
    return arn_of("scheduler", region, account, f"schedule/{group}/{name}")


def bucket_arn(region: str, name: str) -> str:
    """Return the ARN of the bucket called ``name``; it has only a partition."""
    return f"arn:{partition(region)}:s3:::{name}"
