"""The environment variables that tasks use; exported ones win over those in ``.env``."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from dorc_runtime.errors import SettingsError
from dorc_runtime.model.base import Model
from dorc_runtime.model.config import Account, Region


class Settings(Model):
    """The values of the variables; a variable that is not set, or empty, has its default."""

    aws_account: Account | None = None
    aws_region: Region | None = None
    aws_endpoint_url: str | None = None
    config_repo_path: Path = Field(default=Path())
    infra_bucket: str | None = None
    function_isolation: Literal["namespaces", "landlock", "python"] = "namespaces"
    function_network: Literal["lake", "open"] = "lake"
    universal_stack_name: str = "universal"
    infra_stack_name: str = "infra"
    pulumi_config_passphrase: str | None = Field(default=None, repr=False)


def read_settings(folder: Path, *, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings of the tasks in ``folder``: its ``.env``, and ``environment``.

    Raises ``SettingsError`` for a variable with an invalid value, and a file that cannot be read.
    """
    from_file = _values(folder / ".env")
    values: dict[str, object] = {}
    for field in Settings.model_fields:
        value = environment.get(field.upper()) or from_file.get(field.upper())
        if value:
            values[field] = value
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        raise SettingsError(
            f"{name} has an invalid value, '{first['input']}': fix it in {folder / '.env'}, "
            "or where it is exported."
        ) from error


def _values(file: Path) -> Mapping[str, str | None]:
    from dotenv import dotenv_values

    try:
        return dotenv_values(file, interpolate=False)
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not text in UTF-8: save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(
            f"{file} cannot be read: {error.strerror}. Make it readable."
        ) from error
