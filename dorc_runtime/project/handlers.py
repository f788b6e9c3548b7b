"""The handlers of functions, read without running them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from dorc_runtime.project.images.image_python import different_python
from dorc_runtime.project.repository import HANDLER


def handler_problem(function: Path, *, root: Path) -> str:
    """Return why ``lambda.py`` in the folder cannot be called, "" if no reason is found.

    ``root`` is the repository's.
    """
    try:
        tree = ast.parse((function / HANDLER).read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None) or 1
        difference = different_python(root)
        maybe = f" (maybe {difference})" if difference else ""
        return f"{HANDLER}:{line}: {getattr(error, 'msg', error)}{maybe}"
    for node in _top_level(tree):
        match node:
            case ast.FunctionDef(name="handler", args=arguments):
                takes_two = _takes_two(arguments)
                return "" if takes_two else f"{HANDLER}: write def handler(event, context)"
            case ast.AsyncFunctionDef(name="handler"):
                return f"{HANDLER}: handler is async, and Lambda does not await: write def handler"
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                if any((alias.asname or alias.name) in ("handler", "*") for alias in names):
                    return ""
            case ast.Name(id="handler", ctx=ast.Store()):
                return ""
            case _:
                pass
    return f"{HANDLER} has no handler: write def handler(event, context)"


def _takes_two(arguments: ast.arguments) -> bool:
    names = [*arguments.posonlyargs, *arguments.args]
    needed = len(names) - len(arguments.defaults)
    return (
        needed <= 2
        and (len(names) >= 2 or arguments.vararg is not None)
        and None not in arguments.kw_defaults
    )


def _top_level(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when the module is imported."""
    # Without recursion: a sum of many terms is as deep as it has terms.
    waiting = [node]
    while waiting:
        children = list(ast.iter_child_nodes(waiting.pop()))
        yield from children
        waiting += [
            child
            for child in children
            if not isinstance(
                child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
            )
        ]
