"""What a run asks the outside to do: each call is named, and carries a token made of its name.

The parameters are already evaluated. The same journal always gives the same calls, key by key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from bot.model.calls import KINDS as KINDS
from bot.model.calls import Api as Api
from bot.model.calls import Approve as Approve
from bot.model.calls import Kind, harmless
from bot.model.calls import Notify as Notify
from bot.model.calls import Product as Product
from bot.model.calls import SelectTargets as SelectTargets
from bot.model.calls import Value as Value
from bot.model.calls import What as What
from bot.model.calls import reads as reads
from bot.model.calls import region_of as region_of


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``key``: task path, loop index, attempt ("tasks/inner[3]#0"); ``token``: the client
    token; ``retry``: how many times it was tried or polled before; ``cleanup``: a task makes it to
    which OnError led."""

    key: str
    token: str
    task: str
    retry: int
    what: What
    cleanup: bool = False

    @property
    def kind(self) -> Kind:
        return KINDS[type(self.what)]

    @property
    def harmless(self) -> bool:
        """It only reads or asks for votes, or it cleans up after a failure: a run that is held
        makes it all the same."""
        return self.cleanup or harmless(self.what)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Find out how a call ended, by its token, its tag or the state it would have left; the
    answer is a ``Finished`` of the same key. Nothing may be changed."""

    key: str
    token: str
    call: Call


def token(run: str, key: str) -> str:
    """The client token of a call: 40 ASCII characters (the APIs take 64), never two alike."""
    return hashlib.sha256(f"{len(run)}:{run}:{key}".encode()).hexdigest()[:40]
