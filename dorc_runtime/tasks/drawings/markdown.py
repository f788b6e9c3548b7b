"""What people see on a pull request."""

from collections.abc import Mapping

_COLUMNS = ("create", "update", "replace", "delete")


def preview_as_markdown(counts: Mapping[str, Mapping[str, int]], *, environment: str) -> str:
    """Return a preview as Markdown; ``counts`` has the number of resources for each action."""
    changed = {
        name: actions
        for name, actions in counts.items()
        if any(actions.get(action) for action in _COLUMNS)
    }
    lines = [f"<!-- dorc preview of {environment} -->", f"### Preview of {environment}", ""]
    if not changed:
        return "\n".join([*lines, "Nothing would change."])
    lines.append(f"| | {' | '.join(_COLUMNS)} |")
    lines.append("|---|" + "--:|" * len(_COLUMNS))
    for name, actions in changed.items():
        cells = (str(actions.get(action) or "") for action in _COLUMNS)
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    if same := len(counts) - len(changed):
        lines += ["", f"{same} more would stay as {'it is' if same == 1 else 'they are'}."]
    return "\n".join(lines)
