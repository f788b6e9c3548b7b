import os

import pandas as pd

TARGET = f"s3://{os.environ['TARGET_BUCKET']}/pandas"


def handler(event, context):
    survey = pd.read_csv(f"s3://{event['bucket']}/{event['key']}")
    means = survey.groupby("species", as_index=False)["mass"].mean()
    means.to_parquet(f"{TARGET}/means.parquet")
    survey.to_parquet(f"{TARGET}/survey", partition_cols=["species"])
    parts = pd.read_parquet(f"{TARGET}/survey", filters=[("species", "==", "wren")])
    means = pd.read_parquet(f"{TARGET}/means.parquet")
    return {"wrens": len(parts), "means": means.set_index("species")["mass"].to_dict()}
