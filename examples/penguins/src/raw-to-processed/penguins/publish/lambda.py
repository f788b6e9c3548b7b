"""Combine the rows of all islands into one typed CSV file."""

import os

import tables


def handler(event, context):
    bucket = os.environ["TARGET_BUCKET"]
    rows = [row for part in event for row in tables.read_json_lines(bucket, part["key"])]
    rows.sort(key=lambda row: (row["species"], row["island"], row["date_egg"], row["individual"]))
    key = "penguins/penguins.csv"
    tables.write_csv(bucket, key, rows)
    print(f"{len(rows)} rows in {key}")
    return {"bucket": bucket, "key": key, "rows": len(rows)}
