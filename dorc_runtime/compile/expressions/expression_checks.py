"""The problems of an expression that can be found before a run.

Step Functions accepts JSONata 2.0.6 without ``$eval``, and six functions of AWS. A field, ``$`` or
``$$`` needs a variable before it, because an expression has no input document:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
What a local run cannot evaluate as Step Functions does is a problem too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import zip_longest

from dorc_runtime.compile.expressions.syntax import TOO_DEEP, Node, parse, plain_path, quoted
from dorc_runtime.errors import ExpressionError

# https://docs.jsonata.org/2.0.0/overview, "Function library"
FUNCTIONS = frozenset(
    """
    abs append assert average base64decode base64encode boolean ceil clone contains count
    decodeUrl decodeUrlComponent distinct each encodeUrl encodeUrlComponent error exists filter
    floor formatBase formatInteger fromMillis join keys length lookup lowercase map match max
    merge millis min not now number pad parseInteger power random reduce replace reverse round
    shuffle sift single sort split spread sqrt string substring substringAfter substringBefore
    sum toMillis trim type uppercase zip
    hash parse partition range uuid
    """.split()  # noqa: SIM905 - seventy lines otherwise
)
REFUSED = {
    "eval": "Step Functions has no $eval: for JSON in a text write $parse",
    "formatNumber": (
        "$formatNumber rounds differently here and in Step Functions: write "
        "$string($round(x, 2)), or format in a function"
    ),
}
_MEMBERS = {
    "result": "$states.result exists only in the Output and Assign of a Task, Map or Parallel",
    "errorOutput": "$states.errorOutput exists only in the Output and Assign of a Catch",
}


def expression_problems(
    text: str,
    *,
    states: frozenset[str] = frozenset({"input", "context"}),
    variables: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Return the problems of the expression ``text``, one line each, with what to write instead.

    Args:
        text: The JSONata, without ``{%`` and ``%}``.
        states: The members that ``$states`` has in the field of the expression.
        variables: The names, without ``$``, that earlier states have assigned.
    """
    path = plain_path(text)
    if path and (path[0] in variables or (path[0] == "states" and {*path[1:2]} & states)):
        return ()
    try:
        tree = parse(text)
    except ExpressionError as error:
        return (str(error),)
    scope = _Scope(states=states, names=set(variables))
    try:
        problems = dict.fromkeys(_problems(tree, scope))
    except RecursionError:
        return (f"{quoted(text)} {TOO_DEEP}",)
    return tuple(f"{quoted(text)}: {problem}" for problem in problems)


@dataclass(frozen=True)
class _Scope:
    """What a node may refer to.

    ``:=`` adds to ``names``. ``top`` is true where no filter and no path gives ``$`` a meaning.
    """

    states: frozenset[str]
    names: set[str]
    top: bool = True

    def inside(self) -> "_Scope":
        return replace(self, top=False, names=set(self.names))

    def with_names(self, *names: str) -> "_Scope":
        return replace(self, names={*self.names, *names})


_Messages = Iterator[str]


def _problems(node: Node, scope: _Scope) -> _Messages:
    """Yield the problems of ``node`` and of all nodes under it."""
    if node.type in _SPECIAL:
        yield from _SPECIAL[node.type](node, scope)
    elif node.type in _CHILDREN:
        for attribute in _CHILDREN[node.type]:
            for child in _flat(getattr(node, attribute)):
                yield from _problems(child, scope)
    else:
        yield f"dorc does not know whether Step Functions accepts '{node.value or node.type}'"
    yield from _attached(node, scope.inside())


def _attached(node: Node, inside: _Scope) -> _Messages:
    """Check a node's filters and its grouping, which apply to the values of the node."""
    for stage in (*(node.predicate or ()), *(node.stages or ())):
        if stage.type == "filter":
            yield from _problems(stage.expr, inside)
    for child in _flat(node.group.lhs_object if node.group else None):
        yield from _problems(child, inside)


# The attributes with the nodes under a node, for the kinds that keep the scope of their parent.
_CHILDREN: dict[str, tuple[str, ...]] = {
    "apply": ("lhs", "rhs"),
    "binary": ("lhs", "rhs"),
    "condition": ("condition", "then", "_else"),
    "partial": ("procedure", "arguments"),
    "unary": ("expression", "expressions", "lhs_object"),
    "number": (),
    "operator": (),
    "parent": (),  # the parser has checked that it exists
    "regex": (),
    "string": (),
    "value": (),
}


def _path(node: Node, scope: _Scope) -> _Messages:
    here = scope
    for step, following in zip_longest(node.steps, node.steps[1:]):
        # A filter may use the position that is bound before it: a#$i[$i > 0].
        here = here.with_names(*_bound(step))
        if _is_states(step):
            yield from _member(following, step, here)
        else:
            yield from _problems(step, here)
        here = here.inside()


def _bound(step: Node) -> list[str]:
    """Return the variables that ``@$x`` and ``#$i`` bind on a step of a path."""
    stages = [stage.value for stage in step.stages or () if stage.type == "index"]
    return [str(name) for name in (step.focus, step.index, *stages) if name]


def _member(step: Node, first: Node, scope: _Scope) -> _Messages:
    name = step.value if step is not None and step.type == "name" else None
    known = ", ".join(f"$states.{member}" for member in sorted(scope.states))
    if name is None or first.stages or first.predicate:
        yield f"$states is not data itself: write one of {known}"
    elif name not in scope.states:
        why = _MEMBERS.get(name, f"$states.{name} does not exist")
        yield f"{why}; here write one of {known}.{_suggestion(name, scope.states, '$states.')}"


def _is_states(node: Node) -> bool:
    return bool(node.type == "variable" and node.value == "states")


def _name(node: Node, scope: _Scope) -> _Messages:
    if scope.top:
        yield f"{node.value} is not a variable: write $states.input.{node.value}"


def _any_field(node: Node, scope: _Scope) -> _Messages:
    if scope.top:
        yield f"{node.value} has nothing to select from: write $states.input.{node.value}"


def _variable(node: Node, scope: _Scope) -> _Messages:
    name = str(node.value)
    if name in ("", "$"):
        if name or scope.top:
            yield f"${name} has no value in Step Functions: write $states.input"
    elif _is_states(node):
        yield from _member(None, node, scope)
    elif name not in scope.names and name not in FUNCTIONS:
        known = {*scope.names, *FUNCTIONS, "states"}
        yield REFUSED.get(name, f"${name} does not exist.{_suggestion(name, known, '$')}")


def _function(node: Node, scope: _Scope) -> _Messages:
    procedure = node.procedure
    if procedure.type == "path" and procedure.steps[0].type == "name":
        name = procedure.steps[0].value
        yield f"{name}(...) is not a function: write ${name}(...)"
    elif procedure.type == "regex":
        yield "a regular expression cannot be called: write $match(text, /.../)"
    else:
        yield from _problems(procedure, scope)
    for argument in node.arguments:
        yield from _problems(argument, scope)


def _lambda(node: Node, scope: _Scope) -> _Messages:
    if node.signature is not None:
        yield "a local run does not check the <signature> of a function: remove it"
    names = [str(argument.value) for argument in node.arguments]
    yield from _reserved(names)
    # The body of a function has the scope of its definition.
    yield from _problems(node.body, scope.with_names(*names))


def _bind(node: Node, scope: _Scope) -> _Messages:
    name = str(node.lhs.value)
    yield from _reserved([name])
    # A function may call itself.
    recursive = {name} if node.rhs.type == "lambda" else set()
    scope.names.update(recursive)
    yield from _problems(node.rhs, scope)
    scope.names.add(name)


def _reserved(names: list[str]) -> _Messages:
    if "states" in names:
        yield "$states is a reserved name of Step Functions: choose another name"


def _block(node: Node, scope: _Scope) -> _Messages:
    scope = scope.with_names()
    for child in node.expressions:
        yield from _problems(child, scope)


def _transform(node: Node, scope: _Scope) -> _Messages:
    for child in (node.pattern, node.update, node.delete):
        if child is not None:
            yield from _problems(child, scope.inside())


def _sort(node: Node, scope: _Scope) -> _Messages:
    for term in node.terms:
        yield from _problems(term.expression, scope.inside())


_SPECIAL: dict[str, Callable[[Node, _Scope], _Messages]] = {
    "bind": _bind,
    "block": _block,
    "descendant": _any_field,
    "function": _function,
    "lambda": _lambda,
    "name": _name,
    "path": _path,
    "sort": _sort,
    "transform": _transform,
    "variable": _variable,
    "wildcard": _any_field,
}


def _flat(children: object) -> Iterator[Node]:
    """Yield the nodes of an attribute, which holds none, one, a list, or a list of pairs."""
    if isinstance(children, list | tuple):
        for child in children:
            yield from _flat(child)
    elif children is not None:
        yield children


def _suggestion(name: str, known: set[str] | frozenset[str], before: str) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {before}{near[0]}?" if near else ""
