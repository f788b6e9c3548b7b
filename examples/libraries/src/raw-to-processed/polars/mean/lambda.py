import os

import polars as pl

TARGET = f"s3://{os.environ['TARGET_BUCKET']}/polars"


def handler(event, context):
    survey = pl.scan_csv(f"s3://{event['bucket']}/{event['key']}")
    survey.sink_parquet(f"{TARGET}/survey.parquet")
    means = survey.group_by("species").agg(pl.col("mass").mean()).collect()
    means.write_parquet(f"{TARGET}/means.parquet")
    wrens = pl.scan_parquet(f"{TARGET}/survey*.parquet").filter(pl.col("species") == "wren")
    means = pl.read_parquet(f"{TARGET}/means.parquet")
    return {"wrens": wrens.collect().height, "means": dict(means.iter_rows())}
