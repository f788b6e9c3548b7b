"""Adds up the birds of one site."""

import csv

import boto3


class UnknownSite(Exception):
    """A site is not in the list."""


def handler(event, context):
    """Return the birds of a site."""
    if not event["site"].isalpha():
        raise UnknownSite(event["site"])
    file = event["file"]
    print("count the birds of", event["site"], "in", file["key"])
    body = boto3.client("s3").get_object(Bucket=file["bucket"], Key=file["key"])["Body"]
    rows = csv.DictReader(body.read().decode().splitlines())
    birds = sum(int(row["birds"] or 0) for row in rows if row["site"] == event["site"])
    return {"site": event["site"], "birds": birds}
