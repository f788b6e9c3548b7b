"""Tables in the lake, as lists of dicts: what the functions of all pipelines share."""

import csv
import io
import json

import boto3

s3 = boto3.client("s3")


def read_csv(bucket, key):
    """Return the rows of a CSV object; all values are text."""
    return list(csv.DictReader(io.StringIO(_read(bucket, key))))


def write_csv(bucket, key, rows):
    """Write rows, which share their columns, as a CSV object; None becomes an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write(bucket, key, text.getvalue())


def read_json_lines(bucket, key):
    """Return the rows of a JSON Lines object."""
    return [json.loads(line) for line in _read(bucket, key).splitlines()]


def write_json_lines(bucket, key, rows):
    """Write rows as a JSON Lines object."""
    _write(bucket, key, "".join(json.dumps(row) + "\n" for row in rows))


def _read(bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def _write(bucket, key, text):
    s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
