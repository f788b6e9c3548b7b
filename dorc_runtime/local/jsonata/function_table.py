# ruff: noqa: D102 - jsonata-python says what the methods do
"""The functions of the language as Step Functions has it: name, signature, what it does.

Signatures: https://docs.jsonata.org/2.0.0/embedding-extending, "Function signature syntax". Where
jsonata-python's function does what JSONata 2.0.6's does, it is used; the others are corrected.
"""

import re
from collections.abc import Callable
from typing import Any, NoReturn

from jsonata.functions import Functions
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser
from jsonata.signature import Signature
from jsonata.utils import Utils

from dorc_runtime.local.jsonata import aws_functions, builtin_functions, string_functions
from dorc_runtime.local.jsonata.values import NULL, string


class _Signature(Signature):  # type: ignore[misc] # the package has no types
    """A function's signature, which knows null, and how many arguments the function declares."""

    def __init__(self, text: str, name: str, arity: int) -> None:
        super().__init__(text, name)
        self.arity = arity

    def get_symbol(self, value: object) -> str:
        return "l" if value is NULL else str(super().get_symbol(value))

    def get_min_number_of_args(self) -> int:
        return self.arity

    def throw_validation_error(self, bad_args: Any, bad_sig: Any, function_name: Any) -> NoReturn:
        pattern, fitting = "^", 0
        for parameter in self._params:
            pattern += parameter.regex
            match = re.match(pattern, bad_sig)
            if match is None:
                break
            fitting = match.end()
        raise JException("T0410", -1, fitting + 1, function_name)

    def set_function_name(self, function_name: str) -> None:
        # A function keeps its name, whichever variables hold it.
        pass


class Builtin(Jsonata.JFunction):  # type: ignore[misc] # as above
    """A function of the language."""

    def __init__(self, name: str, signature: str, function: Callable[..., Any]) -> None:
        super().__init__(None, None)
        code = function.__code__
        self.function = function
        self.function_name = name
        self.parameters = code.co_argcount
        arity = code.co_argcount - len(function.__defaults__ or ())
        self.signature = _Signature(signature, name, arity)

    def validate(self, args: Any, context: Any) -> Any:
        # ``call`` does it, since $map and its kin call without asking.
        return args

    def call(self, input: Any, args: Any) -> Any:  # noqa: A002 - the package's name for it
        checked = self.signature.validate(args, input)
        missing = [None] * (self.parameters - len(checked))
        result = self.function(*checked, *missing)
        return Utils.convert_number(result) if Utils.is_numeric(result) else result


class Partial(Builtin):
    """A function of the language with some of its arguments: ``$substring(?, 0, 2)``."""

    def __init__(self, function: Builtin, arguments: list[Any]) -> None:
        places = [index for index, value in enumerate(arguments) if _is_placeholder(value)]

        def call(values: list[Any]) -> Any:
            filled = dict(zip(places, values, strict=False))
            return function.call(
                None,
                [
                    filled.get(index) if index in places else value
                    for index, value in enumerate(arguments)
                ],
            )

        super().__init__(function.function_name, "<:x>", call)
        self.signature.arity = len(places)

    def call(self, input: Any, args: Any) -> Any:  # noqa: A002 - as above
        return self.function(args)


def _is_placeholder(value: object) -> bool:
    return isinstance(value, Parser.Symbol) and value.type == "operator" and value.value == "?"


def _now(picture: str | None, timezone: str | None) -> Any:
    return Functions.datetime_from_millis(_millis(), picture, timezone)


def _millis() -> Any:
    return Jsonata.CURRENT.jsonata.timestamp


_FUNCTIONS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("abs", "<n-:n>", Functions.abs),
    ("append", "<xx:a>", Functions.append),
    ("assert", "<bs?:x>", Functions.assert_fn),
    ("average", "<a<n>:n>", builtin_functions.average),
    ("base64decode", "<s-:s>", string_functions.base64decode),
    ("base64encode", "<s-:s>", string_functions.base64encode),
    ("boolean", "<x-:b>", Functions.to_boolean),
    ("ceil", "<n-:n>", Functions.ceil),
    ("clone", "<(oa)-:o>", builtin_functions.clone),
    ("contains", "<s-(sf):b>", string_functions.contains),
    ("count", "<a:n>", Functions.count),
    ("decodeUrl", "<s-:s>", string_functions.decode_url),
    ("decodeUrlComponent", "<s-:s>", string_functions.decode_url_component),
    ("distinct", "<x:x>", builtin_functions.distinct),
    ("each", "<o-f:a>", Functions.each),
    ("encodeUrl", "<s-:s>", Functions.encode_url),
    ("encodeUrlComponent", "<s-:s>", Functions.encode_url_component),
    ("error", "<s?:x>", Functions.error),
    ("exists", "<x:b>", Functions.exists),
    ("filter", "<af>", Functions.filter),
    ("floor", "<n-:n>", Functions.floor),
    ("formatBase", "<n-n?:s>", builtin_functions.format_base),
    ("formatInteger", "<n-s:s>", Functions.format_integer),
    ("fromMillis", "<n-s?s?:s>", Functions.datetime_from_millis),
    ("hash", "<ss?:s>", aws_functions.hash_),
    ("join", "<a<s>s?:s>", Functions.join),
    ("keys", "<x-:a<s>>", Functions.keys),
    ("length", "<s-:n>", Functions.length),
    ("lookup", "<x-s:x>", Functions.lookup),
    ("lowercase", "<s-:s>", string_functions.lowercase),
    ("map", "<af>", Functions.map),
    ("match", "<s-f<s:o>n?:a<o>>", string_functions.match_all),
    ("max", "<a<n>:n>", Functions.max),
    ("merge", "<a<o>:o>", Functions.merge),
    ("millis", "<:n>", _millis),
    ("min", "<a<n>:n>", Functions.min),
    ("not", "<x-:b>", Functions.not_),
    ("now", "<s?s?:s>", _now),
    ("number", "<(nsb)-:n>", builtin_functions.number),
    ("pad", "<s-ns?:s>", Functions.pad),
    ("parse", "<s?:x>", aws_functions.parse),
    ("parseInteger", "<s-s:n>", Functions.parse_integer),
    ("partition", "<an?:a>", aws_functions.partition),
    ("power", "<n-n:n>", builtin_functions.power),
    ("random", "<n?:n>", aws_functions.random),
    ("range", "<nnn?:a>", aws_functions.range_),
    ("reduce", "<afj?:j>", Functions.fold_left),
    ("replace", "<s-(sf)(sf)n?:s>", string_functions.replace),
    ("reverse", "<a:a>", Functions.reverse),
    ("round", "<n-n?:n>", builtin_functions.rounded),
    ("shuffle", "<a:a>", Functions.shuffle),
    ("sift", "<o-f?:o>", Functions.sift),
    ("single", "<af?>", Functions.single),
    ("sort", "<af?:a>", builtin_functions.sort),
    ("split", "<s-(sf)n?:a<s>>", string_functions.split),
    ("spread", "<x-:a<o>>", Functions.spread),
    ("sqrt", "<n-:n>", Functions.sqrt),
    ("string", "<x-b?:s>", string),
    ("substring", "<s-nn?:s>", string_functions.substring),
    ("substringAfter", "<s-s:s>", Functions.substring_after),
    ("substringBefore", "<s-s:s>", Functions.substring_before),
    ("sum", "<a<n>:n>", builtin_functions.total),
    ("toMillis", "<s-s?:n>", builtin_functions.to_millis),
    ("trim", "<s-:s>", Functions.trim),
    ("type", "<x:s>", builtin_functions.kind),
    ("uppercase", "<s-:s>", Functions.uppercase),
    ("uuid", "<:s>", aws_functions.uuid),
    ("zip", "<a+>", Functions.zip),
)


def _language() -> Any:
    frame = Jsonata.Frame(None)
    for name, signature, function in _FUNCTIONS:
        frame.bind(name, Builtin(name, signature, function))
    return frame


LANGUAGE = _language()
