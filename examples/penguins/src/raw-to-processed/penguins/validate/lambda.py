"""Refuse a file without the survey's columns; return the parts of any other file."""

from collections import Counter

import tables

COLUMNS = {
    "Species",
    "Island",
    "Individual ID",
    "Date Egg",
    "Culmen Length (mm)",
    "Culmen Depth (mm)",
    "Flipper Length (mm)",
    "Body Mass (g)",
    "Sex",
}


class MissingColumns(Exception):
    """The file is not a penguin survey."""


def handler(event, context):
    rows = tables.read_csv(event["bucket"], event["key"])
    missing = COLUMNS - set(rows[0]) if rows else set()
    if missing:
        raise MissingColumns(f"{event['key']} has no column {', '.join(sorted(missing))}")
    islands = Counter(row["Island"] for row in rows)
    print(f"{len(rows)} rows from {len(islands)} islands in {event['key']}")
    parts = [{"island": island, "rows": number} for island, number in sorted(islands.items())]
    return {"bucket": event["bucket"], "key": event["key"], "rows": len(rows), "parts": parts}
