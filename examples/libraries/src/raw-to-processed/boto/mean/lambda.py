import csv
import io
import os

import boto3
from boto3.s3.transfer import TransferConfig

PARTS = TransferConfig(multipart_threshold=5 * 2**20, multipart_chunksize=5 * 2**20)


def handler(event, context):
    s3 = boto3.resource("s3")
    target = s3.Bucket(os.environ["TARGET_BUCKET"])
    body = s3.Object(event["bucket"], event["key"]).get()["Body"].read()
    survey = list(csv.DictReader(io.StringIO(body.decode())))
    masses = {}
    for row in survey:
        masses.setdefault(row["species"], []).append(float(row["mass"]))
    # Large enough for several parts.
    target.upload_fileobj(io.BytesIO(body * 200_000), "boto/large.csv", Config=PARTS)
    target.download_file("boto/large.csv", "/tmp/large.csv", Config=PARTS)
    target.Object("boto/copy.csv").copy({"Bucket": target.name, "Key": "boto/large.csv"})
    sizes = {each.key: each.size for each in target.objects.filter(Prefix="boto/")}
    assert set(sizes.values()) == {len(body) * 200_000, os.path.getsize("/tmp/large.csv")}
    return {
        "wrens": len(masses["wren"]),
        "means": {species: sum(each) / len(each) for species, each in masses.items()},
    }
