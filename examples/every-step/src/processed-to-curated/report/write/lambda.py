"""Writes a report."""

import os

import boto3

KEY = "report.txt"


def handler(event, context):
    """Write the tallies, and return their key."""
    lines = [f"{event['rows']} rows, approved by {event['by']}"]
    lines += [f"{tally['site']} {tally['birds']}" for tally in event["tallies"] if "site" in tally]
    body = "".join(f"{line}\n" for line in lines)
    boto3.client("s3").put_object(Bucket=os.environ["TARGET_BUCKET"], Key=KEY, Body=body)
    return {"key": KEY}
