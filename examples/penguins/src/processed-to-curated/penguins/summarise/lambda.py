"""Write the means of each group of penguins, and return those of each species."""

import os
from collections import defaultdict
from statistics import fmean

import tables

MEASURES = ("bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g")


def handler(event, context):
    rows = tables.read_csv(event["bucket"], event["key"])
    summary = means(rows, by=("species", "island", "year"))
    key = "penguins/summary.csv"
    tables.write_csv(os.environ["TARGET_BUCKET"], key, summary)
    print(f"{len(summary)} groups of {len(rows)} penguins in {key}")
    return {"key": key, "groups": len(summary), "species": means(rows, by=("species",))}


def means(rows, by):
    """Return the size and the means of each group of rows; empty fields do not count."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[column] for column in by)].append(row)
    return [
        {
            **dict(zip(by, values, strict=True)),
            "penguins": len(group),
            **{measure: mean(group, measure) for measure in MEASURES},
        }
        for values, group in sorted(groups.items())
    ]


def mean(group, measure):
    """Return the mean of one measure, to one decimal, over the penguins that have it."""
    return round(fmean(float(row[measure]) for row in group if row[measure]), 1)
