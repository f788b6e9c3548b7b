"""The messages of logs that are still to come, until nothing more comes or the reader stops."""

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from dorc_runtime.operate.logs.log_groups import LogEvent

# Seconds between two rounds, at least and for each call of a round: AWS allows few a second:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
_PAUSE, _PAUSE_OF_CALL = 2.0, 0.5
# CloudWatch has a message some seconds after it was written.
_DELAY = timedelta(seconds=15)


def follow_events(
    read: Callable[[datetime], Iterable[LogEvent]],
    *,
    start: datetime,
    calls: Callable[[], int],
    is_over: Callable[[], bool],
) -> Iterator[LogEvent]:
    """Yield the messages that ``read`` gives since ``start``, and new ones until ``is_over``.

    ``read`` takes a time, and gives the messages since then; each is yielded once. ``calls`` says
    how often its last round asked AWS.
    """
    # The messages that the next round gives again.
    seen: dict[str, int] = {}
    while True:
        will_end = is_over()
        again = max(start, datetime.now(UTC) - _DELAY)
        oldest = int(again.timestamp() * 1000)
        for event in read(start):
            if event.id in seen:
                continue
            if event.at >= oldest:
                seen[event.id] = event.at
            yield event
        if will_end:
            return
        start, seen = again, {each: at for each, at in seen.items() if at >= oldest}
        time.sleep(max(_PAUSE, _PAUSE_OF_CALL * calls()))
