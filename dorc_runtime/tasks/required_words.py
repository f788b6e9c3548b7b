"""The words that a command needs, and what it says where one is missing."""

from collections.abc import Sequence
from typing import NoReturn

from invoke.exceptions import Exit
from invoke.parser.argument import Argument

from dorc_runtime.tasks.entry import MISTAKE


class _RequiredName(str):
    """The name of a word; the command ends with 2 when the name is put into a message.

    Invoke does that where the word is missing. By itself it would end with 1, in words of its own.
    """

    problem = ""

    def __format__(self, spec: str) -> NoReturn:
        raise Exit(f"error: {self.problem}", code=MISTAKE)


class RequiredWord(Argument):
    """A word of a command, such as LAYER/NAME; ``problem`` is printed where it is missing."""

    def __init__(self, name: str, help_text: str, problem: str) -> None:
        super().__init__(name=name, help=help_text, positional=True)
        self._name = _RequiredName(name)
        self._name.problem = problem

    @property
    def name(self) -> str:
        """The name of the parameter."""
        return self._name

    def __repr__(self) -> str:
        return f"<RequiredWord: {self.names[0]}>"


def required_words(arguments: Sequence[Argument], *, command: str) -> list[Argument]:
    """Return the ``arguments`` of a command, which says what to write where a word is missing."""
    words = " ".join(each.names[0].upper() for each in arguments if each.positional)
    usage = f"write `invoke {command} {words}`"
    return [_required(each, usage) if each.positional else each for each in arguments]


def _required(argument: Argument, usage: str) -> RequiredWord:
    name, text = argument.names[0], argument.help or ""
    # Invoke forgets the help of a task that it has read before.
    what = f"{name.upper()} is missing ({text})" if text else f"{name.upper()} is missing"
    problem = f"{what}: {usage}."
    return RequiredWord(name, text, problem)
