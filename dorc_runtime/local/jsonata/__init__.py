"""The expressions of a state, evaluated as Step Functions does.

``evaluation`` is the door; the modules that import jsonata-python are loaded by it at need. They
hold what of jsonata-python is corrected. Imports ``compile``'s reader of expressions and nothing
else of dorc.
"""

from dorc_runtime.local.jsonata.evaluation import (
    QueryEvaluationError,
    evaluate,
    evaluate_template,
)

__all__ = ["QueryEvaluationError", "evaluate", "evaluate_template"]
