"""Where the bot listens, and the token to show there: from options, or from bot.toml."""

from __future__ import annotations

import argparse
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from adapters.console.client import Address
from adapters.console.settings import LISTEN

TOKEN = "COUNTERSIGN_TOKEN"


class Unusable(Exception):
    """The console can't be joined like this; the message says why."""


@dataclass(frozen=True, slots=True)
class Table:
    """``[console]``, as far as its people need it."""

    listen: str = ""
    socket: str = ""
    tokens: dict[str, dict[str, str]] | None = None


@dataclass(frozen=True, slots=True)
class File:
    console: Table


_FILE = TypeAdapter(File)


def of(options: argparse.Namespace) -> tuple[Address, str]:
    """The address and the token. Raises Unusable."""
    token = os.environ.get(TOKEN, "")
    if options.token_file is not None:
        token = _text(options.token_file)
    placed = options.url or options.socket
    table = Table() if placed and token else _table(options.config)
    folder = options.config.resolve().parent
    token = token or _token(table, options.account, folder)
    if not token.isprintable():
        raise Unusable("the token has more than one line, or holds control characters")
    if options.socket is not None:
        return Address(socket=options.socket), token
    if not options.url and table.socket:
        return Address(socket=folder / table.socket), token
    return Address(options.url or f"http://{table.listen or LISTEN}"), token


def _table(path: Path) -> Table:
    try:
        return _FILE.validate_python(tomllib.loads(path.read_text("utf-8-sig"))).console
    except (OSError, ValueError, RecursionError) as fault:
        reason = getattr(fault, "strerror", None) or "it has no usable [console]"
        if isinstance(fault, tomllib.TOMLDecodeError):
            reason = str(fault)
        raise Unusable(
            f"{path}: {reason}. Name the configuration by --config, or give --url and --token-file"
        ) from None


def _token(table: Table, account: str, folder: Path) -> str:
    known = table.tokens or {}
    if account not in known:
        names = ", ".join(known) or "nobody"
        raise Unusable(f"say who you are: --as NAME, one of [console.tokens]: {names}")
    place = known[account]
    if "file" in place:
        try:
            return _text(folder / Path(place["file"]).expanduser())
        except RuntimeError:  # from expanduser
            raise Unusable(f"the token's file {place['file']}: nobody has this home") from None
    name = place.get("env", "")
    if not os.environ.get(name):
        raise Unusable(f"the token of {account} is in the environment variable {name}: set it")
    return os.environ[name]


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8").removeprefix("\ufeff").strip()
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or "it is no text"
        raise Unusable(f"the token's file {path}: {reason}") from None
