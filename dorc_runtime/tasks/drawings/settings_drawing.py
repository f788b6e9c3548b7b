"""What people see of the settings of environments."""

from collections.abc import Iterator, Sequence

from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dorc_runtime.model.references import plain_text
from dorc_runtime.project.environment_values.setting_values import EnvironmentSettings
from dorc_runtime.tasks.drawings.console import console


def show_settings(environments: Sequence[EnvironmentSettings]) -> None:
    """Draw a table with a row for each value that a setting has in one or more environments."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for title in ("setting", "environment", "value"):
        table.add_column(title, overflow="fold")
    table.add_column("from", no_wrap=True)
    for row in _rows(environments):
        table.add_row(*row)
    console().print(table)


def settings_as_json(environments: Sequence[EnvironmentSettings]) -> dict[str, JsonValue]:
    """Return the values by environment and setting, each with the file that it comes from."""
    return {
        each.environment: {
            name: {"value": value.value, "from": value.origin}
            for name, value in each.values.items()
        }
        for each in environments
    }


def _rows(environments: Sequence[EnvironmentSettings]) -> Iterator[tuple[Text, ...]]:
    names = dict.fromkeys(name for each in environments for name in each.names)
    for name in names:
        cells: dict[tuple[str, str], list[str]] = {}
        for each in environments:
            cells.setdefault(_cell(each, name), []).append(each.environment)
        first = name
        for (text, origin), users in cells.items():
            value = Text(text, style="" if origin else "red")
            everywhere = 1 < len(users) == len(environments)
            place = Text("all" if everywhere else ", ".join(users))
            yield Text(first), place, value, Text(origin, style="dim")
            first = ""


def _cell(settings: EnvironmentSettings, name: str) -> tuple[str, str]:
    """Return the text of a value, and where it comes from, "" for nowhere."""
    if value := settings.values.get(name):
        return plain_text(value.value), value.origin
    missing = any(fault.setting == name and not fault.reason for fault in settings.faults)
    return ("missing" if missing else "invalid"), ""
