"""Counts the rows of a file of counts, and finds its sites."""

import csv

import boto3


def handler(event, context):
    """Return the number of rows, and each site once."""
    body = boto3.client("s3").get_object(Bucket=event["bucket"], Key=event["key"])["Body"]
    rows = list(csv.DictReader(body.read().decode().splitlines()))
    return {"file": event, "rows": len(rows), "sites": sorted({row["site"] for row in rows})}
