"""Writes the table of questions in template.md from copier.yml.

python docs/questions.py            write it
python docs/questions.py --check    exit with 1 when the table is not up to date
"""

import argparse
import json
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import copier
import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "template.md"
_PLACE = re.compile(r"(?<=<!-- questions -->\n).*(?=<!-- end of questions -->)", re.DOTALL)


def main() -> int:
    """Write the table, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    text = PAGE.read_text(encoding="utf-8")
    table = "".join(f"{line}\n" for line in _table())
    new = _PLACE.sub(lambda _: table, text)
    if parser.parse_args().check:
        return 0 if new == text else 1
    PAGE.write_text(new, encoding="utf-8")
    return 0


def _table() -> Iterator[str]:
    questions = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
    defaults = _defaults()
    yield "| question | default | what it is for |"
    yield "|---|---|---|"
    for name, question in questions.items():
        if name.startswith("_") or not question.get("when", question.get("ask", True)):
            continue
        default = f"`{_written(defaults[name])}`" if defaults[name] else "empty"
        purpose = question["help"].replace("<", "&lt;")
        yield f"| `{name}` | {default} | {purpose}{_choices(question)} |"


def _choices(question: dict[str, Any]) -> str:
    match question.get("choices"):
        case list(values):
            return f": {', '.join(f'`{value}`' for value in values)}"
        case dict(values):
            return ": " + "; ".join(f"`{value}`, {label}" for label, value in values.items())
        case _:
            return ""


def _written(value: object) -> str:
    return str(value) if isinstance(value, str) else json.dumps(value).replace('"', "")


def _defaults() -> dict[str, Any]:
    """Return the answers that a copy of this checkout gets when it is asked nothing."""
    with tempfile.TemporaryDirectory(prefix="dorc-") as folder, warnings.catch_warnings():
        # Copier warns that it uses uncommitted changes; here it should.
        warnings.simplefilter("ignore")
        made = Path(folder, "my-pipelines")
        copier.run_copy(str(ROOT), made, defaults=True, quiet=True, vcs_ref="HEAD")
        answers = yaml.safe_load((made / ".copier-answers.yml").read_text(encoding="utf-8"))
    return dict(answers)


if __name__ == "__main__":
    sys.exit(main())
