import os

import pyarrow.dataset as ds
from pyiceberg.catalog.sql import SqlCatalog

TARGET = f"s3://{os.environ['TARGET_BUCKET']}/pyiceberg"


def handler(event, context):
    survey = ds.dataset(f"s3://{event['bucket']}/{event['key']}", format="csv").to_table()
    means = survey.group_by("species").aggregate([("mass", "mean")])
    catalog = SqlCatalog("birds", uri="sqlite:////tmp/catalog.db", warehouse=TARGET)
    catalog.create_namespace("birds")
    for name, rows in (("survey", survey), ("means", means)):
        catalog.create_table(f"birds.{name}", schema=rows.schema).append(rows)
    wrens = catalog.load_table("birds.survey").scan(row_filter="species = 'wren'")
    means = catalog.load_table("birds.means").scan().to_arrow().to_pylist()
    return {
        "wrens": wrens.to_arrow().num_rows,
        "means": {row["species"]: row["mass_mean"] for row in means},
    }
