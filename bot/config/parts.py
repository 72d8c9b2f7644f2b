"""What a configuration consists of: each key and each command file by its name, with a digest of
what stands there. By these two configurations are compared, and neither shows a value."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.config.diagnostics import written
from bot.source.secret import Secret
from bot.source.tables import Table

Parts = Mapping[str, str]
"""Name (``policy.default.count``, ``commands/restart.py``) → digest, sealed with the installation's
key, so that nobody finds out a secret by trying values."""

DIGITS = 16
FILES = "commands/"
KEY = "bot.key"
ORDER = "(order)"
"""The part that is the order of a list of tables."""
LOADED_ANEW = (
    *("person", "role", "policy", "group", "command", "form", "rule", "security"),
    *("freeze", "window", "oncall"),
    *("bot.name", "bot.locale", "bot.timezone", "bot.commands"),
    *("oos.policy", "oos.group", "oos.platform"),
    *("webhook", "endpoint", "bus", "source", "budget"),
)
"""The tables and keys that a running bot takes up; every other one needs a restart."""
OF_PROCESS = (
    *("bot.data", "bot.store", "bot.mark", "bot.replica", "bot.capture", "bot.commands"),
    *("web.operate", "http.listen"),
)
"""The keys that say where one process has its files and listens: nothing is decided by them, and
they may differ between replicas. The files of commands count by themselves."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What is different from one configuration to the next, by names. A table that is new or gone
    stands for all its keys."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self.added, *self.removed, *self.changed}))

    def __bool__(self) -> bool:
        return bool(self.names)

    def __str__(self) -> str:
        signs = (("+", self.added), ("-", self.removed), ("~", self.changed))
        return ", ".join(f"{sign}{name}" for sign, names in signs for name in names)


def of(file: Table, folder: Path, key: bytes) -> dict[str, str]:
    """The parts of a file and of a folder of command files. Raises OSError."""
    values = [(".".join(map(str, written(path))), each) for path, each in _values(file, ())]
    values += [(FILES + name, content) for name, content in _files(folder)]
    sealed = {name: _sealed(key, name, content) for name, content in values}
    return {KEY: _sealed(key, KEY, b""), **sealed}


def shared(parts: Parts) -> dict[str, str]:
    """The parts that all replicas have in common."""
    return {name: value for name, value in parts.items() if name not in OF_PROCESS}


def digest(parts: Parts) -> str:
    """The digest of what all replicas have in common: SHA-256 in hexadecimal."""
    return hashlib.sha256(json.dumps(sorted(shared(parts).items())).encode()).hexdigest()


def difference(before: Parts, now: Parts) -> Difference:
    """What is different now. With another key of the installation no digest can be compared: then
    it names that key, and what is new or gone."""
    both = before.keys() & now.keys()
    if before.get(KEY) != now.get(KEY):
        both &= {KEY}
    added, keys = _tables(now, before)
    removed, former_keys = _tables(before, now)
    changed = {*keys, *former_keys, *(name for name in both if before[name] != now[name])}
    entries = {f"{above}.{ORDER}" for name in (*added, *removed) for above in _above(name)}
    return Difference(
        tuple(sorted(added)), tuple(sorted(removed)), tuple(sorted(changed - entries))
    )


def _tables(these: Parts, others: Parts) -> tuple[set[str], set[str]]:
    """The tables and files that only ``these`` have, and the keys of tables that both have."""
    new = {name for name in these.keys() - others.keys() if not name.endswith(f".{ORDER}")}
    tables = {above for name in these for above in _above(name)}
    top = {name for name in new if not any(above in new for above in _above(name))}
    files = {name for name in top if name.startswith(FILES)}
    return (top & tables) | files, top - tables - files


def fixed(names: Iterable[str]) -> list[str]:
    """Those of some parts that a running bot cannot take up."""
    free = (FILES, *LOADED_ANEW)
    return [
        name
        for name in names
        if not any(name == one or name.startswith((f"{one}.", FILES)) for one in free)
    ]


def _above(name: str) -> Iterator[str]:
    while name := name.rpartition(".")[0]:
        yield name


def _sealed(key: bytes, name: str, content: bytes) -> str:
    return hmac.new(key, name.encode() + b"\0" + content, hashlib.sha256).hexdigest()[:DIGITS]


# ----------------------------------------------------------------------------- the values


def _values(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], bytes]]:
    """What stands at each key that is not as usual; a list of tables also has their order."""
    if isinstance(value, Table):
        for name, info in type(value).model_fields.items():
            part = getattr(value, name)
            usual = None if info.is_required() else info.get_default(call_default_factory=True)
            if part != usual:
                if usual is None and isinstance(part, Table):
                    yield (*path, name), b""
                yield from _values(part, (*path, name))
    elif isinstance(value, Mapping):
        for name, part in value.items():
            if isinstance(part, Table):
                yield (*path, str(name)), b""
            yield from _values(part, (*path, str(name)))
    elif isinstance(value, tuple) and value and isinstance(value[0], Table):
        names = [_name(part, index) for index, part in enumerate(value, 1)]
        yield (*path, ORDER), json.dumps(names).encode()
        for name, part in zip(names, value, strict=True):
            yield (*path, name), b""
            yield from _values(part, (*path, name))
    else:
        yield path, json.dumps(_plain(value), sort_keys=True).encode()


def _name(entry: object, index: int) -> str:
    """By what a table of a list is called; by its number where nothing names it."""
    for key in ("id", "name", "form"):
        name = getattr(entry, key, None)
        if isinstance(name, str) and name:
            shared = key == "form" or hasattr(entry, "chat")
            return f"{getattr(entry, 'platform', '')}.{name}" if shared else name
    return str(index)


def _plain(value: object) -> object:
    """A value as JSON."""
    match value:
        case Secret():
            return [value.source, value.where, value.reveal() if value.known else None]
        case Table():
            return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {str(name): _plain(part) for name, part in value.items()}
        case tuple() | list():
            return [_plain(part) for part in value]
        case set() | frozenset():
            return sorted(json.dumps(_plain(part)) for part in value)
        case timedelta():
            return value.total_seconds()
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files that commands may be made of, by their paths below the folder."""
    for path in sorted(folder.rglob("*")):
        names = path.relative_to(folder).parts
        if path.is_file() and not any(name.startswith((".", "__pycache__")) for name in names):
            yield "/".join(names), path.read_bytes()
