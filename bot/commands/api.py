"""What a command file may use: how a command is declared, what it is told, what it may answer.

A command is a function with typed parameters (see ``parameters``). Four decorators declare one:
``operation`` plans a script that people approve, ``query`` answers from what is stored, ``vote``
acts on a request, ``lookup`` asks which instances there are. None of them does I/O.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from bot import model
from bot.commands.answers import Act as Act
from bot.commands.answers import Answer as Answer
from bot.commands.answers import Change as Change
from bot.commands.answers import Kind as Kind
from bot.commands.answers import Lookup as Lookup
from bot.commands.answers import Reads as Reads
from bot.commands.answers import Reply as Reply
from bot.commands.answers import Risk as Risk
from bot.commands.answers import Script as Script
from bot.commands.context import Context as Context
from bot.commands.context import Output as Output

F = TypeVar("F", bound=Callable[..., Any])


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
    does: tuple[str, str] = ("", "")
    internal: model.InternalName | Literal[""] = ""


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
    does: tuple[str, str] = ("", ""),
    internal: model.InternalName | Literal[""] = "",
) -> Callable[[F], F]:
    """Declare a command. ``name``: the function's own unless given. ``summary``: one line in
    Chinese and one in English. ``example``: a complete line, ready to paste; it must parse.
    ``by_role``: only for people with a role that names this command, or "*". ``does``: what it
    does, as cards say it in "Alice wants to …", in both languages; {name} is a parameter's
    value. ``internal``: the internal operation that it asks for."""

    def declare(function: F) -> F:
        word = name or function.__name__.strip("_").replace("_", "-")
        declared = Declared(
            kind, word, aliases, risk, reads, summary, example, by_role, does, internal
        )
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
    does: tuple[str, str] = ("", ""),
    internal: model.InternalName | Literal[""] = "",
) -> Callable[[F], F]:
    """Declare a command that people must approve; its function returns a ``Script``, or, of an
    ``internal`` operation, which changes what the bot itself keeps, a ``Change``."""
    return command(
        name,
        aliases=aliases,
        risk=risk,
        summary=summary,
        example=example,
        does=does,
        internal=internal,
    )


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
    says what the store must show it: "open", "recent", "audit", "locks" (lists), "history" (those
    that its values search for: see ``searches.Words``), "request" (one), "dead" (letters; the one
    that its first whole number names), or "report" (the numbers of the month that its value
    ``month`` names)."""
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
    function returns an ``Act``, or, where there is nothing to act on, a ``Reply``."""
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
