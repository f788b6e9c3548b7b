"""The versions of the plugins."""

import json
import sysconfig
from pathlib import Path


def sdk_version(name: str) -> str:
    """Return the version of the plugin that the installed package ``pulumi_<name>`` asks for."""
    file = Path(sysconfig.get_path("purelib"), f"pulumi_{name}", "pulumi-plugin.json")
    version: str = json.loads(file.read_text(encoding="utf-8"))["version"]
    return version
