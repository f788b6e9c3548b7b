"""How expected files change when they are recorded."""

from pathlib import Path

from rich.text import Text

from dorc_runtime.tasks.drawings.console import console, print_indented
from dorc_runtime.tasks.drawings.text import size_text
from dorc_runtime.testing.examples.recorded_files import Recording


def show_recording(recording: Recording, *, root: Path) -> None:
    """Draw the files of one example that are new, change or are removed."""
    terminal = console()
    terminal.print(Text(recording.folder.relative_to(root).as_posix(), style="bold"))
    for name, body in recording.new.items():
        head = Text.assemble("  ", ("new      ", "green"))
        print_indented(terminal, head, Text.assemble(name, (f"  {size_text(len(body))}", "dim")))
    for name, lines in recording.differences.items():
        print_indented(terminal, Text.assemble("  ", ("changed  ", "yellow")), Text(name))
        for line in lines:
            print_indented(terminal, Text(" " * 13), Text(line))
    for name in recording.removed:
        print_indented(terminal, Text.assemble("  ", ("removed  ", "red")), Text(name))
    terminal.print()
