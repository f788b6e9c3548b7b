"""Every option of an environment."""

from dorc_runtime import Config, UniversalConfig

universal = UniversalConfig(
    region="eu-west-2",
    project="ExampleDorc",
    account="123456789012",
    architecture="arm64",
    tags={"team": "data", "dorc:project": "renamed"},
    permissions_boundary="arn:aws:iam::123456789012:policy/boundary",
    images_kept=20,
)
config = Config(
    universal=universal,
    vpc_id="vpc-0a1b2c3d",
    private_subnet_ids=["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
    buckets={"raw": "a-partner-s-data"},
    log_retention_days=90,
    alert_emails=["data@example.com"],
)
