"""The commands there are, found by the words people type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot import model
from bot.commands import answers, parameters
from bot.oos.template import model as oos
from bot.source import suggest, unicode

Parameter = parameters.Parameter
_ANSWERS: dict[answers.Kind, tuple[type[answers.Answer], ...]] = {
    "operation": (answers.Script,),
    "query": (answers.Reply,),
    "vote": (answers.Act, answers.Reply),
    "lookup": (answers.Lookup,),
}


class Ended(RuntimeError):
    """The function of a command would have ended the whole process."""


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """Something that can be asked for. ``version`` is a short SHA-256 of its files; ``reads`` what
    the store must show it; ``by_role``: only people whose role names it (or "*") may use it, as
    with every operation. ``does``: what it does, as words behind "Alice wants to", by language.
    ``internal``: the internal operation that it asks for.

    Of a template: ``template`` itself, without a ``function``; ``templates``: its name and that of
    every template it may run → SHA-256 of the text, by which ``Catalog.library`` has it;
    ``loops``: one of their tasks has a Loop; ``approvers``: the RAM users that their approvals name
    outright, ``robots``: the robots of the configuration that they name, → where
    (file:line:column).
    """

    name: str
    aliases: tuple[str, ...]
    kind: answers.Kind
    risk: answers.Risk
    reads: answers.Reads
    summary: Mapping[str, str]
    parameters: tuple[Parameter, ...]
    example: str
    version: str
    function: Callable[..., Any] | None
    files: Mapping[str, str]
    takes_context: bool = False
    template: oos.Template | None = None
    templates: Mapping[str, str] = field(default_factory=dict)
    loops: bool = False
    approvers: Mapping[str, str] = field(default_factory=dict)
    robots: Mapping[str, str] = field(default_factory=dict)
    by_role: bool = False
    does: Mapping[str, str] = field(default_factory=dict)
    internal: model.InternalName | Literal[""] = ""

    def call(self, context: object, values: Mapping[str, Any]) -> answers.Answer:
        """What the command answers to these values. A query needs a context; an operation gets
        none, so that its script depends on nothing but its values. TypeError: it returned something
        else than its kind does, or the command is a template, which plans no script. Ended: it
        would have ended the bot."""
        if self.function is None:
            raise TypeError(f"{self.name} is a template: bind its parameters instead")
        arguments = (context,) if self.takes_context else ()
        try:
            with answers.files_beside(self.files):
                answer = self.function(*arguments, **values)
        except SystemExit as end:
            error = Ended(f"it ends the process with {end.code!r}; return an answer, or raise")
            raise error.with_traceback(end.__traceback__) from None
        wanted = (answers.Change,) if self.internal else _ANSWERS[self.kind]
        if not isinstance(answer, wanted):
            type_name = type(answer).__name__
            names = " or a ".join(one.__name__ for one in wanted)
            raise TypeError(f"{self.name} must return a {names}, not {type_name}")
        return answer

    def inputs(self, values: Mapping[str, object]) -> dict[str, object]:
        """What of the values is for the template's own parameters, for ``parameters.arguments``;
        a parameter that was not given is absent."""
        own = {item.name for item in self.parameters if item.template_parameter is not None}
        return {name: value for name, value in values.items() if name in own}

    @property
    def hidden(self) -> frozenset[str]:
        """The parameters whose values are never shown (NoEcho)."""
        return frozenset(item.name for item in self.parameters if item.secret)

    def parameter(self, kind: str) -> Parameter | None:
        """The first parameter of a type, if the command has one."""
        return next((item for item in self.parameters if item.kind == kind), None)

    def needs(self, values: Mapping[str, Any], place: model.Place, quoted: str = "") -> model.Needs:
        """What the store must show for this call: its list, and the request that is named by number
        or by the message quoted; or the letter that is named."""
        if self.reads == "dead":
            letter = self.parameter("int")
            return model.Needs(
                listing="dead", letter=int(values.get(letter.name) or 0) if letter else 0
            )
        if self.reads == "history":
            return model.Needs(listing="history", limit=MOST_SEARCHED)
        if self.reads == "report":
            return model.Needs()
        limit = MOST_OPEN if self.reads in ("open", "locks") else 20
        number = self.parameter("request")
        listing = "" if self.reads == "request" else self.reads
        if number is None:
            return model.Needs(listing=listing, limit=limit)
        request = int(values.get(number.name) or 0)
        if request or not quoted:
            return model.Needs(request=request, listing=listing, limit=limit)
        return model.Needs(platform=place.platform, card=quoted, message=quoted, listing=listing)


MOST_SEARCHED = 60
"""The newest requests that a search meets: of those people see what they may."""
MOST_OPEN = 200
"""Open requests that are looked at for those that wait for one person; locks that are looked at."""


class Catalog:
    """Commands by name and by alias; case and full-width forms make no difference. ``library``: the
    templates that they may run, by the SHA-256 of their texts (``Template.source``). ``warnings``:
    what is wrong with files that no command needs."""

    def __init__(
        self,
        commands: Mapping[str, Command],
        library: Mapping[str, oos.Template] | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.warnings = warnings
        self.library: Mapping[str, oos.Template] = dict(library or {})
        self._commands = dict(sorted(commands.items()))
        self._words = {
            unicode.fold(word): command
            for command in self._commands.values()
            for word in (command.name, *command.aliases)
        }

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def names(self) -> tuple[str, ...]:
        return tuple(self._commands)

    @property
    def hidden(self) -> frozenset[str]:
        """The names of the parameters of any command whose values are never shown."""
        return frozenset(name for command in self for name in command.hidden)

    def words(self) -> tuple[str, ...]:
        """Every word that is a command, longest first."""
        return tuple(sorted(self._words, key=len, reverse=True))

    def find(self, word: str) -> Command | None:
        """The command of this name or alias."""
        return self._words.get(unicode.fold(word))

    def template(self, digest: str) -> oos.Template | None:
        """The template whose text has this SHA-256; its text is ``source``. None: it is no longer
        among the files."""
        return self.library.get(digest)

    def nearest(self, word: str) -> tuple[str, ...]:
        """Up to three names that may have been meant, best first; swapped letters are one slip."""
        return suggest.several(unicode.fold(word), tuple(self._words))
