"""The library that repositories of data pipelines import.

Everything that a ``pipeline.py``, a ``pipeline_config.py`` or a ``__main__.py`` needs is here.
Importing it loads neither a cloud SDK nor a tool; what needs Pulumi is loaded on first use.
"""

from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING

from dorc_runtime.model.config import Config, UniversalConfig
from dorc_runtime.model.expressions.data import (
    data,
    error,
    execution,
    item,
    jsonata,
    result,
    task_token,
)
from dorc_runtime.model.expressions.variables import variable
from dorc_runtime.model.permission import Permission
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.references import infra_output, setting
from dorc_runtime.model.resources import Bucket, Index, Queue, Table, Topic
from dorc_runtime.model.secrets import Secret
from dorc_runtime.model.steps import (
    Call,
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Repeat,
    Retry,
    Service,
    Succeed,
    Wait,
    objects,
    rows,
)
from dorc_runtime.model.triggers import (
    CronTrigger,
    EventTrigger,
    PipelineTrigger,
    QueueTrigger,
    S3Trigger,
    TopicTrigger,
)

if TYPE_CHECKING:
    from dorc_runtime.deploy.programs.infra import CreateInfra
    from dorc_runtime.deploy.programs.pipeline_program import CreatePipeline
    from dorc_runtime.deploy.programs.universal import CreateUniversal

__all__ = [
    "Bucket",
    "Call",
    "Catch",
    "Choice",
    "Config",
    "CreateInfra",
    "CreatePipeline",
    "CreateUniversal",
    "CronTrigger",
    "EventTrigger",
    "Fail",
    "Function",
    "If",
    "Index",
    "Map",
    "Parallel",
    "Pass",
    "Permission",
    "Pipeline",
    "PipelineTrigger",
    "Queue",
    "QueueTrigger",
    "Repeat",
    "Retry",
    "S3Trigger",
    "Secret",
    "Service",
    "Succeed",
    "Table",
    "Topic",
    "TopicTrigger",
    "UniversalConfig",
    "Wait",
    "data",
    "error",
    "execution",
    "infra_output",
    "item",
    "jsonata",
    "objects",
    "result",
    "rows",
    "setting",
    "task_token",
    "variable",
]

__version__ = files(__name__).joinpath("VERSION").read_text(encoding="utf-8").strip()

_PROGRAMS = {
    "CreateInfra": "dorc_runtime.deploy.programs.infra",
    "CreatePipeline": "dorc_runtime.deploy.programs.pipeline_program",
    "CreateUniversal": "dorc_runtime.deploy.programs.universal",
}


def __getattr__(name: str) -> object:
    if name in _PROGRAMS:
        return getattr(import_module(_PROGRAMS[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
