"""The short options of all tasks: a letter stands for the same option everywhere."""

from collections.abc import Callable
from typing import Any

from invoke.parser.argument import Argument
from invoke.tasks import Task
from invoke.tasks import task as invoke_task

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


class LetterTask(Task[Any]):
    """A task with the short options of ``LETTERS``, and with words that it needs."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the arguments of the command line."""
        arguments = super().get_arguments(ignore_unknown_help)
        for argument in arguments:
            if letter := LETTERS.get(argument.names[0]):
                argument.names = (*argument.names, letter)
        return required_words(arguments, command=self.name.replace("_", "-"))


def task(
    *, klass: type[LetterTask] = LetterTask, **options: Any
) -> Callable[[Callable[..., None]], Task[Any]]:
    """Make a function a task, as Invoke's own decorator does, with the letters of ``LETTERS``."""
    return invoke_task(klass=klass, auto_shortflags=False, **options)
