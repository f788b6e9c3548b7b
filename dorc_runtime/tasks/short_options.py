"""The short options of all tasks: a letter stands for the same option everywhere."""

from collections.abc import Callable
from typing import Any

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

from dorc_runtime.tasks.entry import MISTAKE
from dorc_runtime.tasks.required_words import required_words

# Invoke itself takes the first free letter, which differs from task to task.
LETTERS = {
    "all": "a",
    "dry-run": "d",
    "env": "e",
    "file": "f",
    "instance": "i",
    "json": "j",
    "layer": "l",
    "out": "o",
    "pipeline": "p",
    "refresh": "r",
    "workers": "w",
    "example": "x",
    "yes": "y",
}


class _WholeNumber(Argument):
    """An option that takes a whole number: Invoke ends with a traceback for another text."""

    def set_value(self, value: Any, cast: bool = True) -> None:
        """Set the value, from the text of the command line."""
        try:
            super().set_value(value, cast)
        except ValueError:
            problem = f"error: --{self.names[0]} is '{value}': write a whole number."
            raise Exit(problem, code=MISTAKE) from None


class LetterTask(Task[Any]):
    """A task with the short options of ``LETTERS``, and with words that it needs."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the arguments of the command line."""
        arguments = [_checked(each) for each in super().get_arguments(ignore_unknown_help)]
        for argument in arguments:
            if letter := LETTERS.get(argument.names[0]):
                argument.names = (*argument.names, letter)
        return required_words(arguments, command=self.name.replace("_", "-"))


def _checked(argument: Argument) -> Argument:
    if argument.kind is not int:
        return argument
    return _WholeNumber(
        names=argument.names,
        kind=int,
        default=argument.default,
        help=argument.help,
        attr_name=argument.attr_name,
    )


def task(
    *, klass: type[LetterTask] = LetterTask, **options: Any
) -> Callable[[Callable[..., None]], Task[Any]]:
    """Make a function a task, as Invoke's own decorator does, with the letters of ``LETTERS``."""
    return invoke_task(klass=klass, auto_shortflags=False, **options)
