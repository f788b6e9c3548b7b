"""What a raw row means, as values with types."""

NAMES = {
    "Culmen Length (mm)": "bill_length_mm",
    "Culmen Depth (mm)": "bill_depth_mm",
    "Flipper Length (mm)": "flipper_length_mm",
    "Body Mass (g)": "body_mass_g",
}


def clean(row):
    """Return a raw row with short names, numbers as numbers, and None for what is not known."""
    measures = {name: number(row[raw]) for raw, name in NAMES.items()}
    return {
        "individual": row["Individual ID"],
        "species": row["Species"].split()[0],
        "island": row["Island"],
        "year": int(row["Date Egg"][:4]),
        "date_egg": row["Date Egg"],
        **measures,
        "sex": None if row["Sex"] == "NA" else row["Sex"].lower(),
    }


def number(text):
    """Return the number that ``text`` holds, None for NA."""
    return None if text == "NA" else float(text)
