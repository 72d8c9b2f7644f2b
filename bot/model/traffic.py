"""What goes over the wire, as a capture takes it and as an adapter reads it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.model.events import Event

Way = Literal["in", "out"]
"""To the bot, or from it."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of a platform's connection. ``party``: the adapter's name."""

    party: str
    way: Way
    data: str | bytes


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call over HTTP and its answer: "out" is a call of ours, "in" one that the bot answered.
    ``party``: the adapter's name, or of what came in the sender's. ``action``: the name of the API,
    where it is not in the address. ``body``: what was sent, the parameters by name where an SDK
    sends them, or None where it is not text. ``status`` 0: no answer came, ``error`` says why."""

    party: str
    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None
    status: int = 0
    answer: object = ""
    error: str = ""
    action: str = ""
    way: Way = "out"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an adapter reads in a frame or an exchange. ``kind`` names it in a few words, ``event``
    is what the core would get, ``form`` an approval form as ``FetchForm`` documents it, with its
    code. ``problem``: why it was not understood; "": it was."""

    kind: str
    event: Event | None = None
    form: Mapping[str, Any] = field(default_factory=dict)
    form_code: str = ""
    problem: str = ""
