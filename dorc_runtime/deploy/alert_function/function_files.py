"""The files in the archive of the function of alerts."""

from pathlib import Path

import dorc_runtime

# What Lambda calls is `handler` of this module.
MODULE = "lambda"
_PACKAGE = Path(dorc_runtime.__file__).parent
_OWN = "deploy/alert_function"
# Instead of the library's own, which imports what Lambda does not have. Pulumi's SDK for Python
# does not accept an empty text.
_INIT = '"""Modules of dorc for the function of alerts."""\n'
# Modules of the library that need nothing but the standard library.
_SHARED = (
    "errors.py",
    "compile/arns.py",
    "compile/names.py",
    "compile/triggers/schedules.py",
    "runs/causes.py",
    "runs/failed_states.py",
)


def function_files() -> dict[str, str]:
    """Return the text of each file, by its path in the archive."""
    own = sorted(file.name for file in (_PACKAGE / _OWN).glob("*.py"))
    names = [*_SHARED, *(f"{_OWN}/{name}" for name in own if name != Path(__file__).name)]
    packages = {parent for name in names for parent in Path(name).parents}
    return {
        f"{MODULE}.py": f"from dorc_runtime.{_OWN.replace('/', '.')}.handler import handler\n",
        **{(Path("dorc_runtime") / each / "__init__.py").as_posix(): _INIT for each in packages},
        **{f"dorc_runtime/{name}": (_PACKAGE / name).read_text(encoding="utf-8") for name in names},
    }
