"""What Step Functions takes of JSONata, told before anything runs.

All of JSONata 2.0.6 but ``$eval``, with six functions of AWS's own; no field, ``$`` or ``$$``
without a variable before it, since there is no document that an expression is about:
https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
Held back as well: what cannot be evaluated here as it would be there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import zip_longest

from dorc_runtime.compile.expressions.syntax import Node, parse, quoted
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
        "$formatNumber rounds otherwise here than in Step Functions: write $string($round(x, 2)), "
        "or format in a function"
    ),
}
_MEMBERS = {
    "result": "$states.result is only there in the Output and Assign of a Task, Map or Parallel",
    "errorOutput": "$states.errorOutput is only there in the Output and Assign of a Catch",
}


def problems_in(
    text: str,
    *,
    states: frozenset[str] = frozenset({"input", "context"}),
    variables: frozenset[str] = frozenset(),
) -> tuple[str, ...]:
    """Return what Step Functions would not take of ``text``, one line each with what to write.

    Args:
        text: The JSONata, without ``{%`` and ``%}``.
        states: The members that ``$states`` has where the expression stands.
        variables: The names, without ``$``, that earlier states have assigned.
    """
    try:
        tree = parse(text)
    except ExpressionError as error:
        return (str(error),)
    place = _Place(states=states, names=set(variables))
    try:
        found = dict.fromkeys(_problems(tree, place))
    except RecursionError:
        return (f"{quoted(text)} is nested too deeply",)
    return tuple(f"{quoted(text)}: {problem}" for problem in found)


@dataclass(frozen=True)
class _Place:
    """Where a node stands: what it may refer to.

    ``names`` grows as ``:=`` is met; ``top`` tells that no filter or path gives ``$`` a meaning.
    """

    states: frozenset[str]
    names: set[str]
    top: bool = True

    def inside(self) -> "_Place":
        return replace(self, top=False, names=set(self.names))

    def scope(self, *names: str) -> "_Place":
        return replace(self, names={*self.names, *names})


_Found = Iterator[str]


def _problems(node: Node, place: _Place) -> _Found:
    """Yield what is wrong with ``node`` and everything under it."""
    if node.type in _SPECIAL:
        yield from _SPECIAL[node.type](node, place)
    elif node.type in _CHILDREN:
        for attribute in _CHILDREN[node.type]:
            for child in _flat(getattr(node, attribute)):
                yield from _problems(child, place)
    else:
        yield f"'{node.value or node.type}' is not known to be taken by Step Functions"
    yield from _attached(node, place.inside())


def _attached(node: Node, inside: _Place) -> _Found:
    """Check a node's filters and its grouping: they are about the node's own values."""
    for stage in (*(node.predicate or ()), *(node.stages or ())):
        if stage.type == "filter":
            yield from _problems(stage.expr, inside)
    for child in _flat(node.group.lhs_object if node.group else None):
        yield from _problems(child, inside)


# Where the nodes under a node are, for the kinds that stand where their parent stands.
_CHILDREN: dict[str, tuple[str, ...]] = {
    "apply": ("lhs", "rhs"),
    "binary": ("lhs", "rhs"),
    "condition": ("condition", "then", "_else"),
    "partial": ("procedure", "arguments"),
    "unary": ("expression", "expressions", "lhs_object"),
    "number": (),
    "operator": (),
    "parent": (),  # the parser has made sure that there is one
    "regex": (),
    "string": (),
    "value": (),
}


def _path(node: Node, place: _Place) -> _Found:
    here = place
    for step, following in zip_longest(node.steps, node.steps[1:]):
        # A filter may use the position that is bound before it: a#$i[$i > 0].
        here = here.scope(*_bound(step))
        if _is_states(step):
            yield from _member(following, step, here)
        else:
            yield from _problems(step, here)
        here = here.inside()


def _bound(step: Node) -> list[str]:
    """Return the variables that ``@$x`` and ``#$i`` bind on a step of a path."""
    stages = [stage.value for stage in step.stages or () if stage.type == "index"]
    return [str(name) for name in (step.focus, step.index, *stages) if name]


def _member(step: Node, first: Node, place: _Place) -> _Found:
    name = step.value if step is not None and step.type == "name" else None
    known = ", ".join(f"$states.{member}" for member in sorted(place.states))
    if name is None or first.stages or first.predicate:
        yield f"$states is not data itself: write one of {known}"
    elif name not in place.states:
        why = _MEMBERS.get(name, f"there is no $states.{name}")
        yield f"{why}; here there is {known}.{_nearest(name, place.states, '$states.')}"


def _is_states(node: Node) -> bool:
    return bool(node.type == "variable" and node.value == "states")


def _name(node: Node, place: _Place) -> _Found:
    if place.top:
        yield f"{node.value} is no variable: write $states.input.{node.value}"


def _any_field(node: Node, place: _Place) -> _Found:
    if place.top:
        yield f"{node.value} stands alone: write $states.input.{node.value}"


def _variable(node: Node, place: _Place) -> _Found:
    name = str(node.value)
    if name in ("", "$"):
        if name or place.top:
            yield f"${name} means nothing in Step Functions: write $states.input"
    elif _is_states(node):
        yield from _member(None, node, place)
    elif name not in place.names and name not in FUNCTIONS:
        known = {*place.names, *FUNCTIONS, "states"}
        yield REFUSED.get(name, f"there is no ${name}.{_nearest(name, known, '$')}")


def _function(node: Node, place: _Place) -> _Found:
    called = node.procedure
    if called.type == "path" and called.steps[0].type == "name":
        name = called.steps[0].value
        yield f"{name}(...) calls no function: write ${name}(...)"
    elif called.type == "regex":
        yield "a regular expression is not called: write $match(text, /.../)"
    else:
        yield from _problems(called, place)
    for argument in node.arguments:
        yield from _problems(argument, place)


def _lambda(node: Node, place: _Place) -> _Found:
    if node.signature is not None:
        yield "a function's <signature> is not checked here as in Step Functions: leave it out"
    names = [str(argument.value) for argument in node.arguments]
    yield from _reserved(names)
    # A function's body is about what its definition was about.
    yield from _problems(node.body, place.scope(*names))


def _bind(node: Node, place: _Place) -> _Found:
    name = str(node.lhs.value)
    yield from _reserved([name])
    # A function may call itself.
    recursive = {name} if node.rhs.type == "lambda" else set()
    place.names.update(recursive)
    yield from _problems(node.rhs, place)
    place.names.add(name)


def _reserved(names: list[str]) -> _Found:
    if "states" in names:
        yield "$states is Step Functions' own: choose another name"


def _block(node: Node, place: _Place) -> _Found:
    scope = place.scope()
    for child in node.expressions:
        yield from _problems(child, scope)


def _transform(node: Node, place: _Place) -> _Found:
    for child in (node.pattern, node.update, node.delete):
        if child is not None:
            yield from _problems(child, place.inside())


def _sort(node: Node, place: _Place) -> _Found:
    for term in node.terms:
        yield from _problems(term.expression, place.inside())


_SPECIAL: dict[str, Callable[[Node, _Place], _Found]] = {
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
    """Yield the nodes of an attribute: none, one, a list, or a list of pairs."""
    if isinstance(children, list | tuple):
        for child in children:
            yield from _flat(child)
    elif children is not None:
        yield children


def _nearest(name: str, known: set[str] | frozenset[str], before: str) -> str:
    near = get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {before}{near[0]}?" if near else ""
