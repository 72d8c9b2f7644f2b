"""The freezes of people are those that the audit log says were agreed to, and lifted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from bot import model
from bot.store import codec
from bot.store.sql.check import statements
from bot.store.sql.check.finding import Finding
from bot.store.sql.connection import Connection


@dataclass
class Record:
    """What the audit log says: of each freeze its end (milliseconds) and its scope; and those that
    were lifted."""

    begun: dict[int, tuple[int, frozenset[str]]] = field(default_factory=dict)
    lifted: set[int] = field(default_factory=set)


def findings(connection: Connection) -> Iterator[Finding]:
    record = record_of(connection)
    rows = {
        number: (until, lifted_at, scope)
        for number, until, lifted_at, scope in connection.execute(statements.FREEZES)
    }
    for number in sorted(record.begun.keys() - rows.keys()):
        yield Finding("unrecorded", f"freeze #{number}", "is on record, and not in the store")
    for number, (until, lifted_at, scope) in rows.items():
        where = f"freeze #{number}"
        if number not in record.begun:
            yield Finding("unrecorded", where, "nobody is on record as having agreed to it")
        elif record.begun[number] != (until, scope_of(number, scope)):
            yield Finding("unrecorded", where, "is another than was agreed to")
        if bool(lifted_at) != (number in record.lifted):
            word = "was" if lifted_at else "was not"
            yield Finding("unrecorded", where, f"{word} lifted, and the audit log says otherwise")


def record_of(connection: Connection) -> Record:
    """What the audit log says of freezes. What cannot be read there does not verify, which is said
    elsewhere."""
    record = Record()
    for action, request, text in connection.execute(statements.FREEZES_OF_RECORD):
        try:
            facts = json.loads(text)
            if action == "freeze.lifted":
                record.lifted |= {int(number) for number in facts["freezes"]}
            else:
                until = codec.ms_up(datetime.fromisoformat(facts["until"]))
                record.begun[request] = (until, frozenset(facts["scope"]))
        except (ValueError, KeyError, TypeError):
            continue
    return record


def scope_of(number: int, text: str) -> frozenset[str]:
    """The scope of a row, as the audit log names it; nothing where it cannot be read."""
    try:
        groups, commands = json.loads(text)
        return frozenset(model.Freeze(number, model.EPOCH, tuple(groups), tuple(commands)).scope)
    except (ValueError, TypeError):
        return frozenset()
