"""What is shown to people: messages and cards.

No string in these types is ever markup: adapters escape every one of them for the platform at
hand. Only the structure is trusted, so nobody's text can mention, link or break a card.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bot.model.people import Account


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text. ``style``: plain, bold, code. With ``at`` it is a person's name that
    mentions (and, in a message or a new card, notifies) that account."""

    text: str
    style: Literal["plain", "bold", "code"] = "plain"
    at: Account | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a message or card.

    ``para``: ``spans`` on one line · ``facts``: ``rows`` of (label, spans) · ``list``: ``rows`` of
    (item, spans), one line each · ``pre``: ``text`` as preformatted lines · ``quote``: ``text``
    quoted · ``rule``: a dividing line.

    With a ``legend`` the text of a ``pre`` and the code of ``facts`` are shown as
    ``model.verbatim`` writes them, each character to be told; its two sentences stand in front of
    the list of the marks and of the list of what else is not ASCII, where there are any.
    ``fold`` is the heading of the section of a card that the block belongs to ("": none):
    neighbours with the same one are folded together where the platform can, else they stand below
    a rule and the heading.
    """

    kind: Literal["para", "facts", "list", "pre", "quote", "rule"]
    spans: tuple[Span, ...] = ()
    rows: tuple[tuple[str, tuple[Span, ...]], ...] = ()
    text: str = ""
    legend: tuple[str, str] = ("", "")
    fold: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A text to be kept: sent as a file where the platform takes one, else as lines."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message to a thread. ``title`` is what a list of chats shows of it; ``mentions`` are
    notified whether or not a span names them. ``quote`` is what it answers, quoted where the
    platform cannot reply natively. ``file`` follows it."""

    title: str
    blocks: tuple[Block, ...]
    mentions: tuple[Account, ...] = ()
    quote: str = ""
    file: File | None = None


@dataclass(frozen=True, slots=True)
class Button:
    """``action`` comes back in ``Clicked.action``. ``confirm`` (optional) is asked before."""

    action: str
    label: str
    style: Literal["primary", "danger", "default"] = "default"
    confirm: str = ""


GOES_ON = frozenset({"approve", "retry", "resume"})
"""The actions by which something is done: what it is can be read before they are offered."""


@dataclass(frozen=True, slots=True)
class Card:
    """The request's card. ``request`` and ``code`` travel in each button and come back in
    ``Clicked``; ``ask_reason`` (label) shows a reason field where the platform has one.
    Where something is left out, ``left_out`` says so ("{count}": how many characters; "": in both
    languages), and ``elsewhere`` where all of it can be read. ``mark`` is a sign for the state
    (``tag``), for where the platform shows no ``tone``. ``aside``: more that nothing depends on,
    shown folded or not at all."""

    request: int
    code: str
    title: str
    tone: Literal["orange", "yellow", "blue", "green", "red", "purple", "grey"]
    tag: str
    blocks: tuple[Block, ...]
    buttons: tuple[Button, ...] = ()
    ask_reason: str = ""
    note: str = ""
    mentions: tuple[Account, ...] = ()
    elsewhere: str = ""
    left_out: str = ""
    mark: str = ""
    aside: tuple[Block, ...] = ()
