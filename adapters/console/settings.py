"""What ``[console]`` in the configuration sets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from bot.source.tables import settings
from bot.source.values import Listen, SecretText, fault, of_this_machine

NAME = TENANT = "console"
"""The one organisation that there is: everybody who has a token."""
LISTEN = "127.0.0.1:17310"
LONGEST_SOCKET = 100
"""Bytes of a path that every system takes for a Unix socket."""
BOT = "bot"
"""How the bot itself is called on the screen, so nobody else may be."""


def _own(address: str) -> str:
    """An address of this machine alone."""
    name = address.rpartition(":")[0]
    host = name.strip("[]")
    if not of_this_machine(host):
        raise fault(
            "must be an address of this machine alone, such as 127.0.0.1:17310: whoever reaches it "
            "can try tokens, and reads what is said"
        )
    if name != (f"[{host}]" if ":" in host else host):
        raise fault("must have an IPv6 address in brackets, and no other: [::1]:17310")
    return address


def _account(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name) or name.casefold() == BOT:
        raise fault(
            "is no name for somebody: letters, digits and . _ - alone, and not that of the bot"
        )
    return name


def _path(text: str) -> str:
    if "\0" in text:
        raise fault("is no path: it holds U+0000")
    return text


Own = Annotated[Listen, AfterValidator(_own)]
Account = Annotated[str, AfterValidator(_account)]
SocketPath = Annotated[str, StringConstraints(max_length=LONGEST_SOCKET), AfterValidator(_path)]


@settings
class Settings:
    """A platform of the bot's own, for terminals and programs of this machine: to try things out,
    and for tests of your own commands. Leave the table out where it is not wanted. How to:
    [try it in a terminal](../how-to/try-in-a-terminal.md)."""

    tokens: dict[Account, SecretText] = Field(
        repr=False,
        description="Who there is, and the token by which each is recognised: "
        '`{ alice = { file = "secrets/alice" } }`. The name is what stands at the person as '
        "`console`.",
    )
    listen: Own = Field(
        default=LISTEN,
        description="Address and port on loopback. No other address is taken.",
    )
    socket: SocketPath = Field(
        default="", description="Path of a Unix socket to listen on, in place of `listen`."
    )
    evaluation: bool = Field(
        default=False,
        description="Must be true where another platform stands beside this one. Votes from here "
        "then count only by policies of which no approver has an account there.",
    )
    keep: int = Field(
        default=1000,
        ge=100,
        le=10000,
        description="How many messages are kept for those who come later, in `console.jsonl` in "
        "`data`.",
    )

    file: Path = Path("console.jsonl")
    """Where they are kept."""
    chats: tuple[str, ...] = ()
    """The ids of ``[[group]]``."""
