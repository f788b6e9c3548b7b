"""Every option of an environment."""

from datetime import timedelta

from dorc_runtime import Bucket, Config, Index, Queue, Table, Topic, UniversalConfig

universal = UniversalConfig(
    region="eu-west-2",
    project="ExampleDorc",
    account="123456789012",
    architecture="arm64",
    tags={"team": "data", "dorc:project": "renamed"},
    permissions_boundary="arn:aws:iam::123456789012:policy/boundary",
    images_kept=20,
    images_kms_key_arn="arn:aws:kms:eu-west-2:123456789012:key/3ad1d1b4-0000-4000-8000-000000000002",
)
customers = Table(
    "customers",
    partition_key="id",
    sort_key="at",
    key_types={"at": "N"},
    indexes={"by-town": Index(partition_key="town")},
    ttl="expires",
)
news = Topic("news")
work = Queue("work", visibility_timeout=timedelta(minutes=6), max_receives=5)
archive = Bucket("archive")
config = Config(
    universal=universal,
    vpc_id="vpc-0a1b2c3d",
    private_subnet_ids=["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
    buckets={"raw": "a-partner-s-data"},
    log_retention_days=400,
    log_data=True,
    kms_key_arn="arn:aws:kms:eu-west-2:123456789012:key/3ad1d1b4-0000-4000-8000-000000000001",
    alert_emails=["data@example.com"],
    alert_webhooks=["team-chat"],
    mute_alerts="2030-01-31",
    resources=[customers, news, work, archive],
)
