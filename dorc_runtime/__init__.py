"""The library behind repositories of data pipelines made with dorc.

Everything that a ``pipeline.py`` or ``pipeline_config.py`` needs is here, and importing it loads
neither a cloud SDK nor a tool.
"""

from importlib.resources import files

from dorc_runtime.model.config import Config, UniversalConfig
from dorc_runtime.model.data import data, execution, item, jsonata
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.steps import (
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Wait,
)
from dorc_runtime.model.triggers import CronTrigger, EventTrigger, PipelineTrigger, S3Trigger

__all__ = [
    "Catch",
    "Choice",
    "Config",
    "CronTrigger",
    "EventTrigger",
    "Fail",
    "Function",
    "If",
    "Map",
    "Parallel",
    "Pass",
    "Pipeline",
    "PipelineTrigger",
    "Retry",
    "S3Trigger",
    "Succeed",
    "UniversalConfig",
    "Wait",
    "data",
    "execution",
    "item",
    "jsonata",
]

__version__ = files(__name__).joinpath("VERSION").read_text(encoding="utf-8").strip()
