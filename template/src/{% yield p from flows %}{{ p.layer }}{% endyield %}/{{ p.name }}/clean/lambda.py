"""Clean one CSV file: remove spaces around values, and empty rows."""

import csv
import io
import os

import boto3

s3 = boto3.client("s3")


def handler(event, context):
    text = s3.get_object(Bucket=event["bucket"], Key=event["key"])["Body"].read().decode()
    rows = [[value.strip() for value in row] for row in csv.reader(io.StringIO(text))]
    rows = [row for row in rows if any(row)]
    tidy = io.StringIO()
    csv.writer(tidy, lineterminator="\n").writerows(rows)
    target = os.environ["TARGET_BUCKET"]
    s3.put_object(Bucket=target, Key=event["key"], Body=tidy.getvalue().encode())
    number = len(rows[1:])
    print(f"{event['key']}: {number} rows")
    return {"key": event["key"], "rows": number}
