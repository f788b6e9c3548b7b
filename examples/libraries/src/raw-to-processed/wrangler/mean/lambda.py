import os

import awswrangler as wr

TARGET = f"s3://{os.environ['TARGET_BUCKET']}/wrangler"


def handler(event, context):
    survey = wr.s3.read_csv(f"s3://{event['bucket']}/{event['key']}")
    means = survey.groupby("species", as_index=False)["mass"].mean()
    wr.s3.to_parquet(means, f"{TARGET}/means.parquet")
    wr.s3.to_parquet(survey, f"{TARGET}/survey/", dataset=True, partition_cols=["species"])
    parts = wr.s3.read_parquet(
        f"{TARGET}/survey/", dataset=True, partition_filter=lambda part: part["species"] == "wren"
    )
    means = wr.s3.read_parquet(f"{TARGET}/means.parquet")
    return {"wrens": len(parts), "means": means.set_index("species")["mass"].to_dict()}
