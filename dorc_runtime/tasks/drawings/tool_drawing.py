"""What people see of the tools on this machine."""

from collections.abc import Sequence

from rich.text import Text

from dorc_runtime.project.tools import Finding
from dorc_runtime.tasks.drawings.console import console, print_indented


def show_findings(findings: Sequence[Finding]) -> None:
    """Draw which tools are installed, with the tasks that need them."""
    terminal = console()
    for finding in findings:
        style = "yellow" if finding.optional else "red"
        mark = ("! " if finding.optional else "✗ ", style) if finding.remedy else ("✓ ", "green")
        text = Text(finding.remedy or finding.detail)
        text.append(f"  (for {finding.needed_for})", style="dim")
        print_indented(terminal, Text.assemble(mark, finding.name.ljust(16)), text)
