"""The steps of a pipeline, one class for each kind.

Open ``function_step`` for Function, ``task_steps`` for the other steps that do work (Call,
Service), ``map`` for Map, ``repeat`` for Repeat, ``control`` for the other steps that control the
order (Parallel, Choice, Wait, Pass, Succeed, Fail), ``recovery`` for Retry and Catch, ``items`` for
what a distributed Map reads, and ``walk`` to visit all steps of a pipeline. Steps that hold other
steps import only ``step.Step``, the base class.
"""

from dorc_runtime.model.steps.control import Choice, Fail, If, Parallel, Pass, Succeed, Wait
from dorc_runtime.model.steps.function_step import Function
from dorc_runtime.model.steps.items import Objects, Rows, objects, rows
from dorc_runtime.model.steps.map import Map
from dorc_runtime.model.steps.recovery import Catch, RecoverableStep, Retry
from dorc_runtime.model.steps.repeat import Repeat
from dorc_runtime.model.steps.step import Step
from dorc_runtime.model.steps.task_steps import Call, Service
from dorc_runtime.model.steps.walk import all_steps, called_pipelines, inner_sequences, sequences

__all__ = [
    "Call", "Catch", "Choice", "Fail", "Function", "If", "Map", "Objects", "Parallel", "Pass",
    "RecoverableStep", "Repeat", "Retry", "Rows", "Service", "Step", "Succeed", "Wait", "all_steps",
    "called_pipelines", "inner_sequences", "objects", "rows", "sequences",
]  # fmt: skip
