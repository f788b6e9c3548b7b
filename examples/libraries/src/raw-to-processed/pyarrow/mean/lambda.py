import os

import pyarrow.dataset as ds
import pyarrow.parquet as pq

TARGET = f"s3://{os.environ['TARGET_BUCKET']}/pyarrow"


def handler(event, context):
    """Read and write ``s3://`` addresses."""
    survey = pq.read_table(f"s3://{event['path']}")
    means = survey.group_by("species").aggregate([("mass", "mean")])
    pq.write_table(means, f"{TARGET}/means.parquet")
    ds.write_dataset(
        survey,
        f"{TARGET}/survey",
        format="parquet",
        partitioning=["species"],
        partitioning_flavor="hive",
    )
    parts = ds.dataset(f"{TARGET}/survey", partitioning="hive")
    means = pq.read_table(f"{TARGET}/means.parquet").to_pylist()
    return {
        "wrens": parts.count_rows(filter=ds.field("species") == "wren"),
        "means": {row["species"]: row["mass_mean"] for row in means},
    }
