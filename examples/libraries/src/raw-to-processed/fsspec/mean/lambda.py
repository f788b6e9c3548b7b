import csv
import os

import fsspec

SOURCE = "s3://{bucket}/{key}"
TARGET = f"s3://{os.environ['TARGET_BUCKET']}/fsspec"


def handler(event, context):
    with fsspec.open(SOURCE.format_map(event), "r") as file:
        survey = [(row["species"], float(row["mass"])) for row in csv.DictReader(file)]
    wrens = [mass for species, mass in survey if species == "wren"]
    robins = [mass for species, mass in survey if species == "robin"]
    with fsspec.open(f"{TARGET}/means.csv", "w") as file:
        csv.writer(file).writerows(
            [["wren", sum(wrens) / len(wrens)], ["robin", sum(robins) / len(robins)]]
        )
    [path] = fsspec.filesystem("s3").glob(f"{TARGET}/*.csv")
    with fsspec.open(f"s3://{path}", "r") as file:
        means = {species: float(mass) for species, mass in csv.reader(file)}
    return {"wrens": len(wrens), "means": means}
