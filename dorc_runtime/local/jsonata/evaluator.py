# ruff: noqa: D102 - jsonata-python says what the methods do
"""jsonata-python, held to what JSONata 2.0.6 does, the version that Step Functions runs.

https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
What is corrected in this package was found by comparing with npm's
``jsonata@2.0.6``; ``tests/proof`` does so again.
"""

import math
import operator
import time
from collections.abc import Callable, Mapping
from typing import Any

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser
from jsonata.utils import Utils

from dorc_runtime.local.jsonata.builtin_functions import clone
from dorc_runtime.local.jsonata.function_table import LANGUAGE, Partial
from dorc_runtime.local.jsonata.values import Text, failure, joined, string

Node = Any  # jsonata-python's ``Parser.Symbol``: the package has no types
Frame = Any  # and its ``Jsonata.Frame``

# What a second would not do for anyway.
_LONGEST_RANGE = 10**6
# How deep an evaluation may nest in Step Functions, as tried on AWS.
_DEEPEST = 100
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: not right < left,
    ">": lambda left, right: right < left,
    ">=": lambda left, right: not left < right,
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": math.fmod,
}


def _without_limit(left: float, right: float, op: str) -> float:
    """Return what JavaScript yields for ``left op right``, where Python raises an error."""
    if op == "%" or not left:
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1, right)


class _Transformer(Jsonata.Transformer):  # type: ignore[misc] # the package has no types
    """``|pattern|update|``: on a copy that keeps its nulls."""

    def call(self, input: Any, args: Any) -> Any:  # noqa: A002 - the package's name for it
        original = args[0]
        if original is None:
            return None
        result = clone(original)
        matches = self._jsonata.eval(self._expr.pattern, result, self._environment)
        for match in matches if isinstance(matches, list) else [matches]:
            if match is not None:
                self._change(match)
        return result

    def _change(self, match: Any) -> None:
        update = self._jsonata.eval(self._expr.update, match, self._environment)
        if update is not None and not isinstance(update, dict):
            raise JException("T2011", self._expr.update.position, update)
        if not isinstance(match, dict):
            # JavaScript gives lists such fields too, which JSON does not show.
            if update and not isinstance(match, list):
                raise failure("|...|...| changes objects, and this is none")
            return
        match.update(update or {})
        if self._expr.delete is None:
            return
        names = self._jsonata.eval(self._expr.delete, match, self._environment)
        several = names if isinstance(names, list) else [] if names is None else [names]
        if not Utils.is_array_of_strings(several):
            raise JException("T2012", self._expr.delete.position, names)
        for name in several:
            match.pop(name, None)


class _Ordering:
    """Evaluates sort terms for jsonata-python's comparator, with texts in JavaScript's order."""

    def __init__(self, evaluator: "Evaluator") -> None:
        self._evaluator = evaluator
        self.create_frame_from_tuple = evaluator.create_frame_from_tuple

    def eval(self, node: Node, context: Any, frame: Frame) -> Any:
        value = self._evaluator.eval(node, context, frame)
        return Text(value) if isinstance(value, str) else value


class Evaluator(Jsonata):  # type: ignore[misc] # as above
    """One evaluation of one expression."""

    def __init__(self, tree: Node, *, seconds: float) -> None:
        # Not the base's: it parses, by a parser that all evaluations of a thread share.
        self.parser = _PARSER
        self.ast = tree
        self.environment = LANGUAGE
        self.input = None
        self.timestamp = round(time.time() * 1000)
        self._deadline = time.thread_time() + seconds
        self._seconds = seconds
        self._depth = 0

    def run(self, bindings: Mapping[str, Any]) -> Any:
        """Return what the expression yields, ``None`` for undefined."""
        frame = Jsonata.Frame(LANGUAGE)
        for name, value in bindings.items():
            frame.bind(name, value)
        frame.bind("__evaluate_entry", self._check_time)
        # jsonata-python's functions that call functions look here.
        Jsonata.CURRENT.jsonata = self
        result = self.eval(self.ast, None, frame)
        self._check_time()
        return result

    def _check_time(self, *_: Any) -> None:
        # The processor's time, so that a busy machine fails nothing.
        if time.thread_time() > self._deadline:
            raise JException("D1012", -1, round(self._seconds * 1000))

    def eval(self, expr: Node, input: Any, environment: Frame) -> Any:  # noqa: A002 - as above
        self._depth += 1
        if self._depth > _DEEPEST:
            raise JException("D1011", -1, self._depth, _DEEPEST)
        try:
            return self._eval(expr, input, environment)
        finally:
            self._depth -= 1

    def evaluate_literal(self, expr: Node) -> Any:
        value = super().evaluate_literal(expr)
        return joined(value) if isinstance(value, str) else value

    def evaluate_filter(self, predicate: Node, input: Any, environment: Frame) -> Any:  # noqa: A002
        if predicate.type == "number":
            rounded = predicate.clone()
            rounded.value = math.floor(predicate.value)
            return super().evaluate_filter(rounded, input, environment)
        items = input if isinstance(input, list) else [] if input is None else [input]
        results = Utils.create_sequence()
        results.tuple_stream = isinstance(items, Utils.JList) and items.tuple_stream
        for index, item in enumerate(items):
            context, frame = item, environment
            if results.tuple_stream:
                context, frame = item["@"], self.create_frame_from_tuple(environment, item)
            chosen = self.eval(predicate, context, frame)
            numbers = [chosen] if Utils.is_numeric(chosen) else chosen
            if Utils.is_array_of_numbers(numbers):
                places = (math.floor(number) for number in numbers)
                results += [item for place in places if index in (place, len(items) + place)]
            elif Jsonata.boolize(chosen):
                results.append(item)
        return results

    def evaluate_numeric_expression(self, lhs: Any, rhs: Any, op: str) -> Any:
        for side, code in ((lhs, "T2001"), (rhs, "T2002")):
            if side is not None and not Utils.is_numeric(side):
                raise JException(code, -1, op, side)
        if lhs is None or rhs is None:
            return None
        try:
            result = _ARITHMETIC[op](float(lhs), float(rhs))
        except (ArithmeticError, ValueError):
            return _without_limit(float(lhs), float(rhs), op)
        return Utils.convert_number(result) if math.isfinite(result) else result

    def evaluate_comparison_expression(self, lhs: Any, rhs: Any, op: str) -> Any:
        if isinstance(lhs, str) and isinstance(rhs, str):
            return _COMPARISONS[op](Text(lhs), Text(rhs))
        return super().evaluate_comparison_expression(lhs, rhs, op)

    def evaluate_includes_expression(self, lhs: Any, rhs: Any) -> bool:
        if lhs is None or rhs is None:
            return False
        return any(_identical(lhs, item) for item in (rhs if isinstance(rhs, list) else [rhs]))

    def evaluate_range_expression(self, lhs: Any, rhs: Any) -> Any:
        numbers = super().evaluate_range_expression(lhs, rhs)
        if numbers is not None and rhs - lhs >= _LONGEST_RANGE:
            raise JException("D2014", -1, rhs - lhs + 1)
        return None if numbers is None else Utils.create_sequence_from_iter(numbers)

    def evaluate_string_concat(self, lhs: Any, rhs: Any) -> str:
        return (string(lhs) or "") + (string(rhs) or "")

    def evaluate_group_expression(self, expr: Node, input: Any, environment: Frame) -> Any:  # noqa: A002
        # The base puts something into an empty list, which may be the input's.
        fresh = Utils.create_sequence() if isinstance(input, list) and not input else input
        return super().evaluate_group_expression(expr, fresh, environment)

    def evaluate_sort_expression(self, expr: Node, input: Any, environment: Frame) -> Any:  # noqa: A002
        streamed = isinstance(input, Utils.JList) and input.tuple_stream
        ordering = _Ordering(self)
        comparator = Jsonata.ComparatorWrapper(ordering, expr, environment, streamed)
        return Functions.sort(input, comparator.compare)

    def evaluate_transform_expression(self, expr: Node, input: Any, environment: Frame) -> Any:  # noqa: A002
        return Jsonata.JFunction(_Transformer(self, expr, environment), "<(oa):o>")

    def partial_apply_native_function(self, native: Any, args: list[Any]) -> Any:
        return Partial(native, args)

    def apply_inner(self, proc: Any, args: Any, input: Any, environment: Frame) -> Any:  # noqa: A002
        if not (Functions.is_lambda(proc) or Utils.is_function(proc)):
            raise JException("T1006", -1)
        return super().apply_inner(proc, args, input, environment)


def _identical(left: Any, right: Any) -> bool:
    """Compare as JavaScript's ``===`` does: lists and objects by what they are, not hold."""
    if left is right:
        return True
    if isinstance(left, bool) or isinstance(right, bool):
        return False
    both_numbers = Utils.is_numeric(left) and Utils.is_numeric(right)
    both_texts = isinstance(left, str) and isinstance(right, str)
    return bool((both_numbers or both_texts) and left == right)


_PARSER = Parser()
