"""What a command file may use: how a command is declared, what it is told, what it may answer.

A command is a function with typed parameters (see ``parameters``). Four decorators declare one:
``operation`` plans a script that people approve, ``query`` answers from what is stored, ``vote``
acts on a request, ``lookup`` asks which instances there are. None of them does I/O.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from bot import model, policy, texts
from bot.commands import deliveries
from bot.commands.rendering import SCRIPT_BYTES as SCRIPT_BYTES
from bot.commands.rendering import BadScript as BadScript
from bot.commands.rendering import render as render
from bot.commands.rendering import render_windows as render_windows
from bot.policy import quorum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.commands import registry

Risk = Literal["low", "medium", "high", "critical"]
Kind = Literal["operation", "query", "vote", "lookup"]
Reads = Literal["", "open", "recent", "audit", "request", "dead"]
F = TypeVar("F", bound=Callable[..., Any])

MOST_NAMED = 4

_beside: ContextVar[Mapping[str, str]] = ContextVar("_beside")


# ----------------------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True)
class Script:
    """An operation to plan: ``source`` is the text of a script, ``parameters`` maps shell variables
    to the values they get before it starts (see ``render``). ``windows`` is the text of the same in
    PowerShell, for instances that run Windows; without it a shell script is refused there."""

    source: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    type: str = "RunShellScript"
    name: str = ""
    windows: str = ""

    @classmethod
    def file(cls, name: str, **parameters: str | int) -> Script:
        """The script that lies beside the command (``restart.sh`` of ``restart.py``), as it stood
        when the commands were loaded; on Windows ``restart.ps1``, if that lies there, too.
        LookupError: this command has no such file. TypeError: a value is no text and no number,
        and a script would get how Python writes it."""
        files = _beside.get({})
        if name not in files:
            have = ", ".join(sorted(files)) or "none"
            raise LookupError(f"no script called {name!r} belongs to this command; it has: {have}")
        for key, value in parameters.items():
            if not isinstance(value, str | int | float):
                kind = "None" if value is None else f"a {type(value).__name__}"
                raise TypeError(f"{key} is {kind}; a script takes text and numbers")
        values = {key: str(value) for key, value in parameters.items()}
        stem, shell, _ = name.rpartition(".sh")
        if name.endswith(".ps1"):
            return cls(files[name], values, "RunPowerShellScript", name)
        return cls(
            files[name], values, name=name, windows=files.get(f"{stem}.ps1", "") if shell else ""
        )


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer for the thread that asked; ``file`` follows it."""

    title: str
    blocks: tuple[model.Block, ...]
    file: model.File | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do with a request; ``request`` 0 is the one that the message quotes. To
    "redrive" is about a dead ``letter`` instead."""

    kind: Literal[
        "approve",
        "reject",
        "cancel",
        "stop",
        "pause",
        "resume",
        "retry",
        "skip",
        "revote",
        "redrive",
    ]
    request: int = 0
    code: str = ""
    reason: str = ""
    letter: int = 0


@dataclass(frozen=True, slots=True)
class Lookup:
    """Instances to find and list: ids, names, ``tag:key=value``; none lists all."""

    targets: tuple[str, ...] = ()


Answer = Script | Reply | Act | Lookup


# ----------------------------------------------------------------------------- context


class Output(Protocol):
    """What one instance printed, or one output of a template (``instance`` is ""). ``words``: how
    it ended. ``dropped``: bytes that the platform did not keep."""

    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def instance(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def dropped(self) -> int: ...


class Sheets(Protocol):
    """How a request looks where nothing of it is left out: see ``bot.cards.sheets``."""

    def plan(self, request: model.Request, locale: str) -> tuple[model.Block, ...]: ...
    def targets(self, request: model.Request, locale: str) -> tuple[model.Block, ...]: ...
    def results(
        self, request: model.Request, results: Sequence[model.InstanceResult], locale: str
    ) -> tuple[model.Block, ...]: ...
    def outputs(
        self,
        request: model.Request,
        results: Sequence[model.InstanceResult],
        archive: model.Archive | None,
        locale: str,
    ) -> Sequence[Output]: ...


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, where, and what the store shows to a query."""

    book: policy.Book
    catalog: registry.Catalog
    person: policy.Person
    account: model.Account
    place: model.Place
    locale: str
    view: model.View
    now: datetime
    sheets: Sheets | None = None

    def say(self, key: str, **facts: Any) -> str:
        """A phrase of ``bot.texts`` in the locale of this chat."""
        return texts.say(self.locale, key, **facts)

    def outcome(self, status: str) -> str:
        """What became of one instance, in words; a status that nobody knows stays as it is."""
        key = f"result.{status}"
        return self.say(key) if key in texts.PHRASES else status

    def action(self, action: str) -> str:
        """What an entry of the audit log says was done, in words, with the action's own name."""
        key = f"audit.action.{action}"
        return f"{self.say(key)} ({action})" if key in texts.PHRASES else action

    def name(self, person: str) -> str:
        """What people call a person; an id that is not in the book stays an id."""
        known = self.book.people.get(person)
        return known.name if known else person

    def may_use(self, word: str) -> bool:
        """May this person ask for this command here? Questions and votes are open to everybody
        known (a vote is judged when it is cast) but for those ``by_role``; these and operations go
        by role, and by this chat."""
        found = self.catalog.find(word)
        if found is None or (found.kind == "operation" and found.name not in self.book.commands):
            return False
        by_role = found.by_role or found.kind == "operation"
        return not by_role or policy.may_use(self.book, self.person, found.name, self.place)

    def may_vote(self, request: model.Request) -> bool:
        """Is this person in the electorate of the request, whether or not they voted already?"""
        needed, _ = quorum.ballot_of(self.book, request)
        return self.person.id in quorum.electorate(needed)

    def may_see(self, request: model.Request) -> bool:
        """Own requests, those to vote on now or by the plan, those that were asked in this very
        chat, and those of a group in which this person may ask for the same."""
        at = request.place
        return (
            request.person == self.person.id
            or self.may_vote(request)
            or self.person.id in quorum.of(self.book, request).approvers
            or self.at_home(request)
            or (not at.direct and policy.may_use(self.book, self.person, request.command, at))
        )

    def at_home(self, request: model.Request) -> bool:
        """Is this the chat in which the request was asked?"""
        home = (request.place.platform, request.place.tenant, request.place.chat)
        return home == (self.place.platform, self.place.tenant, self.place.chat)

    def may_tell(self, request: model.Request) -> bool:
        """May this chat read what the request runs and what it printed? Its own may, and a direct
        chat of somebody who may see it: what was said in one chat is not carried into a group."""
        return self.at_home(request) or self.place.direct

    def no_request(self, number: int) -> Reply:
        """What is said of a request that is not there or must not be seen: the same of both."""
        text = self.say("request.none" if number else "request.which", number=number)
        return Reply(text, (model.Block("para", (model.Span(text),)),))

    def elsewhere(self, request: model.Request) -> Reply:
        """What is said of one that this person may see, but not here."""
        text = self.say("request.elsewhere", number=request.id)
        return Reply(text, (model.Block("para", (model.Span(text),)),))

    def plan(self, request: model.Request) -> tuple[model.Block, ...]:
        """Everything that a vote on the request is about."""
        return self.sheets.plan(request, self.locale) if self.sheets else ()

    def targets(self, request: model.Request) -> tuple[model.Block, ...]:
        """Every instance of the request."""
        return self.sheets.targets(request, self.locale) if self.sheets else ()

    def results(self, request: model.Request) -> tuple[model.Block, ...]:
        """What became of every instance of the request."""
        results = self.view.results
        return self.sheets.results(request, results, self.locale) if self.sheets else ()

    def outputs(self, request: model.Request) -> Sequence[Output]:
        """What the request printed, all that is kept of it."""
        if self.sheets is None:
            return ()
        return self.sheets.outputs(request, self.view.results, self.view.archive, self.locale)

    def waiting_for(self, request: model.Request) -> tuple[str, ...]:
        """The people whose vote a request waits for; of one on hold, nobody's."""
        asks = request.ballot is not None and request.ballot.voted
        if request.hold or not (asks or request.state is model.State.PENDING):
            return ()
        needed, digest = quorum.ballot_of(self.book, request)
        shown = dict.fromkeys((*self.view.votes, *self.view.listing_votes))
        own = (vote for vote in shown if vote.request == request.id)
        return quorum.tally(needed, quorum.votes_on(digest, own)).waiting_for

    def left(self, request: model.Request) -> timedelta | None:
        """How long votes are still taken on what is asked now; None: for as long as it takes."""
        asks = request.ballot
        until = request.expires_at if asks is None else asks.expires_at
        return until - self.now if until is not None else None

    def hold(self, request: model.Request) -> str:
        """Why a request is on hold, as a sentence; "": it is not."""
        if not request.hold or request.state.final:
            return ""
        key = f"hold.{request.hold}"
        return self.say(key if key in texts.PHRASES else "hold.other", id=request.id)

    def what(self, request: model.Request) -> str:
        """A request in a few words: its command and the instances, by name."""
        if request.plan is not None:
            targets = [instance.name or instance.id for instance in request.plan.instances]
        else:
            found = self.catalog.find(request.command)
            parameter = found.parameter("targets") if found else None
            targets = _named(request.args.get(parameter.name if parameter else "targets"))
        named = " ".join(targets[:MOST_NAMED])
        if len(targets) > MOST_NAMED:
            named += f" +{len(targets) - MOST_NAMED}"
        return f"{request.command} {named}".strip()

    def subject(self, letter: model.Letter) -> str:
        """What a letter is about: the rule that made it, or the request whose end it tells."""
        return deliveries.subject(self.locale, letter)

    def target(self, letter: model.Letter) -> str:
        """Where a letter goes, in a few words."""
        return deliveries.target(self.locale, self.book, letter.deliver)

    def contents(self, letter: model.Letter) -> str:
        """What a letter says, without the values that are never shown."""
        found = self.catalog.find(str(letter.deliver.to.get("command", "")))
        return deliveries.contents(letter.deliver, found.hidden if found else frozenset())

    def why(self, letter: model.Letter) -> str:
        """Why a letter was not delivered."""
        return texts.reason(self.locale, letter.code, letter.reason)

    def state(self, request: model.Request) -> str:
        """The word for a request's state, and whether it is on hold."""
        word = self.say(f"state.{request.word}")
        return f"{word} · {self.say('state.on_hold')}" if self.hold(request) else word


def _named(targets: Any) -> list[str]:
    """Targets as people typed them, also where they are the JSON of OOS."""
    found: list[str] = []
    for one in [targets] if isinstance(targets, Mapping) else targets or ():
        if not isinstance(one, Mapping):
            found.append(str(one))
            continue
        parts = {str(key).casefold(): part for key, part in one.items()}
        ids, tags = parts.get("resourceids") or (), parts.get("tags") or ()
        found += [str(each) for each in ids]
        found += [
            f"tag:{tag.get('Key')}={tag.get('Value')}" for tag in tags if isinstance(tag, Mapping)
        ]
        if not ids and not tags:
            found.append(str(parts.get("type", "?")))
    return found


# ----------------------------------------------------------------------------- declaring


@dataclass(frozen=True, slots=True)
class Declared:
    """What a decorator notes on a function, as ``function.declared``: as it was written, for it is
    judged when the file is loaded."""

    kind: Kind
    name: str
    aliases: tuple[str, ...]
    risk: Risk
    reads: Reads
    summary: tuple[str, str]
    example: str
    by_role: bool = False


def command(
    name: str | None = None,
    *,
    aliases: tuple[str, ...] = (),
    risk: Risk = "low",
    kind: Kind = "operation",
    reads: Reads = "",
    summary: tuple[str, str],
    example: str,
    by_role: bool = False,
) -> Callable[[F], F]:
    """Declare a command. ``name``: the function's own unless given. ``summary``: one line in
    Chinese and one in English. ``example``: a complete line, ready to paste; it must parse.
    ``by_role``: only for people with a role that names this command, or "*"."""

    def declare(function: F) -> F:
        word = name or function.__name__.strip("_").replace("_", "-")
        declared = Declared(kind, word, aliases, risk, reads, summary, example, by_role)
        function.declared = declared  # type: ignore[attr-defined]
        return function

    return declare


def operation(
    name: str | None = None,
    *,
    aliases: tuple[str, ...] = (),
    risk: Risk = "medium",
    summary: tuple[str, str],
    example: str,
) -> Callable[[F], F]:
    """Declare a command that people must approve; its function returns a ``Script``."""
    return command(name, aliases=aliases, risk=risk, summary=summary, example=example)


def query(
    name: str | None = None,
    *,
    aliases: tuple[str, ...] = (),
    reads: Reads = "",
    summary: tuple[str, str],
    example: str,
    by_role: bool = False,
) -> Callable[[F], F]:
    """Declare a question; its function gets a ``Context`` first and returns a ``Reply``. ``reads``
    says what the store must show it: "open", "recent", "audit" (lists), "request" (one), or "dead"
    (letters; the one that its first whole number names)."""
    return command(
        name,
        aliases=aliases,
        kind="query",
        reads=reads,
        summary=summary,
        example=example,
        by_role=by_role,
    )


def vote(
    name: str | None = None,
    *,
    aliases: tuple[str, ...] = (),
    reads: Reads = "request",
    summary: tuple[str, str],
    example: str,
    by_role: bool = False,
) -> Callable[[F], F]:
    """Declare a word by which people act on a request (or, with ``reads`` "dead", on a letter); its
    function returns an ``Act``."""
    return command(
        name,
        aliases=aliases,
        kind="vote",
        reads=reads,
        summary=summary,
        example=example,
        by_role=by_role,
    )


def lookup(
    name: str | None = None,
    *,
    aliases: tuple[str, ...] = (),
    summary: tuple[str, str],
    example: str,
) -> Callable[[F], F]:
    """Declare a question about instances; its function returns a ``Lookup``."""
    return command(name, aliases=aliases, kind="lookup", summary=summary, example=example)


@contextmanager
def files_beside(files: Mapping[str, str]) -> Iterator[None]:
    """Within this, ``Script.file`` finds these files (name → text)."""
    token = _beside.set(files)
    try:
        yield
    finally:
        _beside.reset(token)
