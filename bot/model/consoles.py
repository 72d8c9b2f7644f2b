"""What a chat platform's console must grant an app, as its adapter declares it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from bot.model.checks import Pair, Sentence

Need = Literal["needed", "useful", "doctor"]
"""Without it the bot does not work; or works, but for what it is for; or only the doctor is not
told something."""


@dataclass(frozen=True, slots=True)
class Uses:
    """What of a platform a configuration uses: ``forms``, ``direct`` chats, values that are
    ``hidden``, reminders that are ``urgent``; ``callbacks``: its events come over HTTP."""

    forms: bool = False
    direct: bool = False
    hidden: bool = False
    urgent: bool = False
    callbacks: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """A permission. ``key``: what it is for, in one word, and ``use`` in a sentence. ``calls``: the
    calls that it is for, each a regular expression for "METHOD path"; none: without it something
    does not come in. One of the ``others`` does as well. ``only``: the use of a configuration
    without which it is not needed; "": it always is."""

    key: str
    name: str
    use: Pair
    calls: tuple[str, ...] = ()
    need: Need = "needed"
    others: tuple[str, ...] = ()
    only: Literal["", "forms", "direct", "hidden", "urgent"] = ""

    def wanted(self, uses: Uses) -> bool:
        """Has a configuration with these uses a use for it?"""
        return not self.only or bool(getattr(uses, self.only))


@dataclass(frozen=True, slots=True)
class Console:
    """``url`` of the app's console. ``scopes``, ``events`` and ``callbacks`` to be granted and
    subscribed to. ``steps``: what else is to be clicked. ``apply``: where the permissions are asked
    for with one click; ``document``: what the console imports in their place; either may be
    missing. ``hearing``, ``clicking``: what to look at where no message, or no click, arrives."""

    url: str
    scopes: tuple[Scope, ...]
    hearing: Sentence
    clicking: Sentence
    events: tuple[str, ...] = ()
    callbacks: tuple[str, ...] = ()
    steps: tuple[Sentence, ...] = ()
    apply: str = ""
    document: Mapping[str, object] | None = None
