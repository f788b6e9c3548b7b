"""Clean the rows of one island, and write them as JSON Lines."""

import os

import rules
import tables


def handler(event, context):
    raw = tables.read_csv(event["bucket"], event["key"])
    rows = [rules.clean(row) for row in raw if row["Island"] == event["island"]]
    key = f"penguins/parts/{event['island'].lower()}.jsonl"
    tables.write_json_lines(os.environ["TARGET_BUCKET"], key, rows)
    print(f"{event['island']}: {len(rows)} rows")
    return {"key": key, "rows": len(rows)}
