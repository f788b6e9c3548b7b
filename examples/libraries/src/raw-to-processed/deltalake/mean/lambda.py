import os

import pyarrow.dataset as ds
from deltalake import DeltaTable, write_deltalake

TARGET = f"s3://{os.environ['TARGET_BUCKET']}/deltalake"


def handler(event, context):
    survey = ds.dataset(f"s3://{event['bucket']}/{event['key']}", format="csv").to_table()
    write_deltalake(f"{TARGET}/survey", survey, partition_by=["species"])
    means = survey.group_by("species").aggregate([("mass", "mean")])
    write_deltalake(f"{TARGET}/means", means.slice(0, 1))
    write_deltalake(f"{TARGET}/means", means.slice(1), mode="append")
    wrens = DeltaTable(f"{TARGET}/survey").to_pyarrow_table([("species", "=", "wren")])
    means = DeltaTable(f"{TARGET}/means").to_pyarrow_table().to_pylist()
    return {"wrens": len(wrens), "means": {row["species"]: row["mass_mean"] for row in means}}
