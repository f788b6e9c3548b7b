"""Checks rows, a batch at a time."""


def handler(event, context):
    """Return the number of valid rows; raise an error for an invalid one."""
    for row in event["Items"]:
        if not row["birds"].isdigit():
            raise ValueError(f"{row['site']}: '{row['birds']}' is no number of birds")
    print("checked", len(event["Items"]), "rows")
    return len(event["Items"])
