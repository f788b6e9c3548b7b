"""What the tags of a state machine say about alerts.

The program of its pipeline writes them, and the function of alerts reads them.
"""

from collections.abc import Mapping
from datetime import date, timedelta

PIPELINE_TAG = "dorc:pipeline"
_EXPECT_EVERY = "dorc:expect-every"
_MUTE = "dorc:mute-alerts"


def alert_tags(*, expect_every: timedelta | None, muted: bool | date) -> dict[str, str]:
    """Return the tags of a pipeline: only those that say something, as seconds and as a date."""
    tags = {}
    if expect_every is not None:
        tags[_EXPECT_EVERY] = str(int(expect_every.total_seconds()))
    if muted:
        tags[_MUTE] = "true" if muted is True else str(muted)
    return tags


def expectation(tags: Mapping[str, str]) -> timedelta | None:
    """Return how often the pipeline with these tags has to succeed, None where it need not."""
    text = tags.get(_EXPECT_EVERY, "")
    return timedelta(seconds=int(text)) if text.isdecimal() else None


def is_muted(tags: Mapping[str, str], day: date) -> bool:
    """Return whether the pipeline with these tags sends no alerts on ``day``, a date in UTC."""
    text = tags.get(_MUTE, "")
    if text == "true":
        return True
    try:
        return day < date.fromisoformat(text)
    except ValueError:
        # Nobody but a person writes another text, and an alert too many is better than none.
        return False
