"""The last line of a run on a terminal: what runs, what waits until when, and items of Maps."""

import time
from collections import Counter

from rich.text import Text

from dorc_runtime.runs.events import (
    Event,
    MapProgressed,
    StateEntered,
    StateExited,
    StateFailed,
    StateRetried,
    StateWaiting,
    Visit,
)
from dorc_runtime.tasks.drawings.text import clock_text, duration_text


class RunStatus:
    """What a run does at the moment; it is drawn again and again, so waits count down."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._waits: dict[int, tuple[str, float]] = {}
        self._maps: dict[int, MapProgressed] = {}
        self._has_started = False

    def see(self, event: Event) -> None:
        """Take what has changed."""
        match event:
            case StateEntered(visit=visit):
                self._has_started = True
                self._running[visit.state] += 1
            case StateExited(visit=visit) | StateFailed(visit=visit):
                self._leave(visit)
            case StateWaiting(visit=visit, until=until):
                self._waits[visit.number] = (visit.location, until)
            case StateRetried(visit=visit, at=at, wait=wait):
                self._waits[visit.number] = (visit.location, at + wait)
            case MapProgressed(visit=visit):
                self._maps[visit.number] = event
            case _:
                pass

    def __rich__(self) -> Text:
        """Return the line, which is never longer than the terminal is wide."""
        return Text(self._text(), style="dim", no_wrap=True, overflow="ellipsis")

    def _leave(self, visit: Visit) -> None:
        self._running[visit.state] -= 1
        self._waits.pop(visit.number, None)
        self._maps.pop(visit.number, None)

    def _text(self) -> str:
        if not self._has_started:
            return "starting"
        # The thread that draws must not iterate over what changes.
        now, maps = time.time(), list(self._maps.values())
        waits = sorted((until, place) for place, until in list(self._waits.values()) if until > now)
        parts = [f"{each.visit.location} {each.ended:,} of {each.items:,} items" for each in maps]
        if waits:
            until, place = waits[0]
            others = f" (and {len(waits) - 1} more)" if len(waits) > 1 else ""
            rest = duration_text(until - now)
            parts.append(f"{place} waits {rest}, until {clock_text(until)}{others}")
        shown = {each.visit.state for each in maps} | {place for _, place in waits}
        parts += [
            f"{name} x{number}" if number > 1 else name
            for name, number in list(self._running.items())
            if number > 0 and name not in shown
        ]
        return ", ".join(parts) or "ending"
