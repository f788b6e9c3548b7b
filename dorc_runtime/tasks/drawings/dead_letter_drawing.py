"""What people see of dead letters."""

from collections.abc import Sequence
from datetime import UTC

from pydantic import JsonValue
from rich.text import Text

from dorc_runtime.operate.letters.dead_letter import DeadLetter, NoReplay, SendBack
from dorc_runtime.operate.letters.letter_queues import HIDDEN, Replayed
from dorc_runtime.tasks.drawings.console import console, print_indented

_INDENT = "  "


def show_letters(found: Sequence[DeadLetter], *, total: int, limit: int, environment: str) -> None:
    """Draw each dead letter, how many of the ``total`` are not shown, and what to type next."""
    terminal = console()
    for letter in found:
        time = f"{letter.sent.astimezone():%Y-%m-%d %H:%M:%S}"
        name = letter.pipeline or letter.queue
        print_indented(terminal, Text(f"{time}  "), Text(name, style="bold"))
        print_indented(terminal, Text(_INDENT), Text(letter.subject))
        if reason := _reason(letter):
            print_indented(terminal, Text(_INDENT), reason)
        if isinstance(letter.replay, NoReplay):
            no_replay = f"cannot be replayed: {letter.replay.reason}"
            print_indented(terminal, Text(_INDENT), Text(no_replay))
        print_indented(terminal, Text(_INDENT), Text(f"id {letter.id}", style="dim"))
    if not found and not total:
        terminal.print(f"no dead letters in {environment}")
    if len(found) == limit and total > limit:
        terminal.print(f"{limit} of about {total}: --limit shows more")
    elif total > len(found):
        hidden = f"about {total - len(found)} are hidden, because somebody reads them now"
        terminal.print(f"{hidden}: try again in {HIDDEN} s")
    if any(not isinstance(letter.replay, NoReplay) for letter in found):
        command = f"invoke dead-letters --env {environment} --replay"
        terminal.print(Text(f"next: {command}", style="dim"), soft_wrap=True)


def show_replayed(result: Replayed) -> None:
    """Draw what became of one dead letter."""
    letter = result.letter
    if result.problem:
        head, outcome = Text("✗ ", style="red"), result.problem
    elif result.queue:
        head, outcome = Text("✓ ", style="green"), f"sent to {result.queue}"
    else:
        verb = "started" if result.is_new else "an earlier replay has started"
        head, outcome = Text("✓ ", style="green"), f"{verb} {letter.pipeline}: {result.execution}"
    terminal = console()
    print_indented(terminal, head, Text(letter.subject))
    print_indented(terminal, Text(_INDENT), Text(outcome))


def show_dropped(letter: DeadLetter) -> None:
    """Draw that a dead letter is deleted."""
    print_indented(console(), Text("deleted "), Text(f"{letter.id}: {letter.subject}"))


def letter_as_json(letter: DeadLetter) -> dict[str, JsonValue]:
    """Return a dead letter for programs; its time is in UTC."""
    replay: str | None = "start"
    problem = ""
    match letter.replay:
        case NoReplay(reason=reason):
            replay, problem = None, reason
        case SendBack():
            replay = "send"
        case _:
            pass
    return {
        "id": letter.id,
        "queue": letter.queue,
        "pipeline": letter.pipeline or None,
        "subject": letter.subject,
        "error": letter.error or None,
        "message": letter.message or None,
        "retries": letter.retries,
        "sent": letter.sent.astimezone(UTC).isoformat(),
        "replay": replay,
        "problem": problem or None,
    }


def replayed_as_json(result: Replayed) -> dict[str, JsonValue]:
    """Return what became of a dead letter for programs."""
    return {
        "id": result.letter.id,
        "pipeline": result.letter.pipeline or None,
        "subject": result.letter.subject,
        "execution": result.execution or None,
        "queue": result.queue or None,
        "is_new": result.is_new,
        "problem": result.problem or None,
    }


def _reason(letter: DeadLetter) -> Text:
    parts = [Text(each) for each in (letter.message,) if each]
    if letter.error:
        parts.insert(0, Text(letter.error, style="red"))
    text = Text(": ").join(parts)
    if letter.retries:
        text.append(f"; {letter.retries} retries")
    return text
