"""What ``python -m bot doctor`` looks at: what adapters declare to be checked, and what came out.

A check only reads. It says what it found in whole sentences, each in Chinese and in English.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Pair = tuple[str, str]
"""A sentence in Chinese and in English, with the same facts in braces."""
State = Literal["ok", "problem", "unsure", "manual"]
"""``unsure``: it could not be found out. ``manual``: no API tells it, so somebody has to look."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in both languages. ``facts`` fill the braces, as those of ``bot.texts`` do; one
    may be a sentence itself."""

    pair: Pair
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's. ``id`` names it within its group and stays the same from release to
    release; ``mend`` says what to do where that is anything."""

    id: str
    state: State
    sentence: Sentence
    mend: Sentence | None = None


def ok(id_: str, pair: Pair, **facts: object) -> Finding:
    return Finding(id_, "ok", Sentence(pair, facts))


def problem(id_: str, pair: Pair, mend: Pair, **facts: object) -> Finding:
    """``facts`` fill both sentences."""
    return Finding(id_, "problem", Sentence(pair, facts), Sentence(mend, facts))


def unsure(id_: str, pair: Pair, mend: Pair, **facts: object) -> Finding:
    """``facts`` fill both sentences."""
    return Finding(id_, "unsure", Sentence(pair, facts), Sentence(mend, facts))


def manual(id_: str, pair: Pair, mend: Pair, **facts: object) -> Finding:
    """``mend`` is the way through the console's menus. ``facts`` fill both sentences."""
    return Finding(id_, "manual", Sentence(pair, facts), Sentence(mend, facts))


Run = Callable[[], Awaitable[Sequence[Finding]]]


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at. ``run`` is cancelled when it takes too long, which is a finding, too;
    what it raises is one of which nobody is sure."""

    id: str
    run: Run


@dataclass(frozen=True, slots=True)
class Address:
    """Somewhere an adapter connects to. ``url`` is an origin, ``https://host`` or
    ``http://host:port``. ``ca_file``: certificates to trust instead of the usual ones. ``proxied``:
    calls go through the environment's proxy, if there is one. ``public``: anybody may have messages
    sent there, so it must be no machine of the own network. ``needed``: it is a problem where it
    can't be reached."""

    url: str
    ca_file: str = ""
    proxied: bool = False
    public: bool = False
    needed: bool = True


async def nothing() -> None:
    """Nothing is to be released."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """All that one adapter wants looked at. ``close`` releases what its checks have opened.
    ``title`` stands above its lines; None: what the adapter is called. ``listens``: the addresses
    (``host:port``) that it listens on while the bot runs."""

    checks: tuple[Check, ...] = ()
    addresses: tuple[Address, ...] = ()
    close: Callable[[], Awaitable[None]] = nothing
    title: Pair | None = None
    listens: tuple[str, ...] = ()
