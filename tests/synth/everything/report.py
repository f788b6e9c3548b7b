"""A pipeline without triggers, in a layer without zones."""

from dorc_runtime import Function, Pass, Pipeline

pipeline = Pipeline(steps=[Pass({"kind": "weekly"}), Function("write")])
