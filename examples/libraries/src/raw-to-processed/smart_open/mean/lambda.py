import csv
import os

from smart_open import open

SOURCE = "s3://{bucket}/{key}"
TARGET = f"s3://{os.environ['TARGET_BUCKET']}/smart-open"


def handler(event, context):
    with open(SOURCE.format_map(event)) as file:
        survey = [(row["species"], float(row["mass"])) for row in csv.DictReader(file)]
    wrens = [mass for species, mass in survey if species == "wren"]
    robins = [mass for species, mass in survey if species == "robin"]
    with open(f"{TARGET}/means.csv.gz", "w") as file:
        csv.writer(file).writerows(
            [["wren", sum(wrens) / len(wrens)], ["robin", sum(robins) / len(robins)]]
        )
    with open(f"{TARGET}/means.csv.gz") as file:
        means = {species: float(mass) for species, mass in csv.reader(file)}
    return {"wrens": len(wrens), "means": means}
