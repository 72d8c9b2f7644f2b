"""The audit chain: how an entry is hashed, and how anybody can verify the chain.

Facts that people typed, or that name their accounts, may have to be removed one day without
breaking the chain. Such a fact is hashed as a leaf: in place of ``NAME`` with the value stands
``NAME#`` with the SHA-256 of ``SALT:NAME:`` and the value as JSON. The random salt and the value
stand beside the entry; once both are gone nobody can find the value by trying.

An entry is the JSON object ``{"action", "actor", "at", "facts", "request", "seq"}``; ``at`` is ISO
8601 in UTC with milliseconds, ``seq`` counts from 1 without gaps. Its hash is the SHA-256, in hex,
of the previous entry's hash (empty for the first) followed by that object as canonical JSON: keys
sorted, no spaces, UTF-8, nothing escaped that need not be. An exported line is that object plus
``"prev"`` and ``"hash"``, so each line can be verified on its own, and the file by following
``prev``.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Protocol

from bot import model

NOT_NOTED = -1
"""In place of a number: the store should have noted its newest entry, and has not."""


@dataclass(frozen=True, slots=True)
class Head:
    """What else is known of the chain's end. ``sequence``: the highest number ever given out
    (SQLite keeps it apart from the rows); ``seq`` and ``hash``: the newest entry as the store noted
    it at the commit; ``expected``: one or more "SEQ:HASH" as printed in a chat; ``said``: those
    that the store itself still has, in messages that it sent."""

    sequence: int = 0
    seq: int = 0
    hash: str = ""
    expected: str | Sequence[str] = ""
    said: tuple[str, ...] = ()


NO_STAMP = "is not SEQ:HASH"


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at entry ``seq``. ``kind``: hash (it was changed), prev (it does not follow
    the one before), gap (entries are missing before it), order, cut (newest entries are missing),
    head (the end is not the one that was noted), text (its texts are gone, and no entry says that
    they were removed), syntax (not an exported line, or no stamp), short (a stamp that proves
    nothing)."""

    seq: int
    kind: str
    detail: str

    @property
    def of_stamp(self) -> bool:
        """Is it about what was given to compare with, and not about the log?"""
        return self.kind == "short" or self.detail.endswith(NO_STAMP)


class Source(Protocol):
    """Where the entries come from, oldest first (a reader of the store)."""

    def chain(self) -> Iterable[model.AuditRow]: ...


STAMPED = 32
"""Hexadecimal digits of a hash that are printed for proof: 128 bits, which nobody can forge."""
_HEX = re.compile(r"[0-9a-f]{4,64}")
_encoder = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))

_quoted = json.encoder.encode_basestring

_SCALARS = frozenset({str, int, float, bool, type(None)})
_FLAT = frozenset({str, int})


def plain(value: object) -> Any:
    """A value of facts as JSON will read it back: text keys, lists, and text for the numbers that
    JSON doesn't know. Raises TypeError on others."""
    if type(value) is float and not math.isfinite(value):
        return str(value)
    if type(value) in _SCALARS or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {key if type(key) is str else str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    raise TypeError(f"an audit fact can't be a {type(value).__name__}")


def canonical_facts(facts: Mapping[str, Any]) -> str:
    """Facts as canonical JSON: what is stored, and what is hashed."""
    if all(type(key) is str and type(facts[key]) in _FLAT for key in facts):
        # Texts and whole numbers, as almost always: written here in half the time.
        parts = (f"{_quoted(key)}:{_flat(facts[key])}" for key in sorted(facts))
        return f"{{{','.join(parts)}}}"
    return _encoder.encode(plain(facts))


def _flat(value: str | int) -> str:
    return _quoted(value) if type(value) is str else str(value)


TYPED = frozenset({"text", "account"})
REMOVABLE: Mapping[str, frozenset[str]] = {
    "request.asked": TYPED,
    "ask.refused": TYPED,
    "vote.cast": frozenset({"reason"}),
    "person.away": frozenset({"reason"}),
    "vote.not_counted": TYPED,
    "breakglass.used": frozenset({"reason"}),
    "request.rejected": frozenset({"reason"}),
    "request.not_started": frozenset({"why"}),
    "run.incident": frozenset({"command", "shown", "why"}),
    "run.finished": frozenset({"errors"}),
    "run.ended": frozenset({"note"}),
    "run.broken": frozenset({"error"}),
    "call.made": frozenset({"what"}),
    "call.refused": frozenset({"why"}),
    "call.failed": frozenset({"reason"}),
    "call.looked_up": frozenset({"reason"}),
}
"""The facts that are hashed as leaves, by action. A name is never taken out: stored entries have
leaves by it."""
LEAF = "#"
"""Ends the name of a leaf; no fact's own name has it."""


def leaf(salt: str, name: str, value: object) -> str:
    """The digest that stands for a fact in its entry."""
    return hashlib.sha256(f"{salt}:{name}:{_encoder.encode(plain(value))}".encode()).hexdigest()


def split(entry: model.AuditEntry) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts of an entry as they are hashed, and those that stand beside them."""
    beside: dict[str, Any] = {}
    if entry.salt:
        names = REMOVABLE.get(entry.action, frozenset())
        beside = {name: entry.facts[name] for name in entry.facts if name in names}
    hashed = {name: value for name, value in entry.facts.items() if name not in beside}
    hashed |= {name + LEAF: leaf(entry.salt, name, value) for name, value in beside.items()}
    return hashed, beside


def joined(
    action: str, hashed: Mapping[str, Any], beside: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The facts of a row, as far as they are still there, and its leaves."""
    leaves = {
        name: str(hashed[name + LEAF])
        for name in REMOVABLE.get(action, frozenset())
        if name + LEAF in hashed and name not in hashed
    }
    facts = {name: value for name, value in hashed.items() if name.removesuffix(LEAF) not in leaves}
    return facts | dict(beside), leaves


def hashed_facts(row: model.AuditRow) -> dict[str, Any]:
    """The facts of a row as they are hashed."""
    facts = {name: value for name, value in row.facts.items() if name not in row.leaves}
    return facts | {name + LEAF: digits for name, digits in row.leaves.items()}


def iso(at: datetime) -> str:
    """A time as it stands in the chain: ``2026-01-31T08:00:00.000+00:00``."""
    return at.isoformat(timespec="milliseconds")


def digest(prev: str, seq: int, at: str, actor: str, action: str, request: int, facts: str) -> str:
    """The hash of an entry, its time as ``iso`` and its facts as ``canonical_facts`` write them."""
    text = (
        f'{prev}{{"action":{_quoted(action)},"actor":{_quoted(actor)},"at":{_quoted(at)},'
        f'"facts":{facts},"request":{request},"seq":{seq}}}'
    )
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of(row: model.AuditRow) -> str:
    """The hash that a row ought to have."""
    facts = canonical_facts(hashed_facts(row) if row.leaves else row.facts)
    return digest(row.prev, row.seq, iso(row.at), row.actor, row.action, row.request, facts)


def stamp(row: model.AuditRow) -> str:
    """An entry as chats print it, "SEQ:HASH": who keeps it can later prove that nothing up to this
    entry was changed or cut off."""
    return f"{row.seq}:{row.hash[:STAMPED]}"


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A stamp taken apart; ``seq`` 0: it is none."""

    text: str
    seq: int
    hash: str

    def faults(self, row: model.AuditRow) -> Iterator[Fault]:
        """What is wrong with the entry of its number."""
        fits = row.hash.startswith(self.hash)
        if len(self.hash) < STAMPED:
            verdict = "begins" if fits else "does not begin"
            said = f"{self.text} is too short to prove anything: {STAMPED} hexadecimal digits are"
            said += f" needed. As no more than a hint: entry {self.seq} {verdict} with {self.hash}"
            yield Fault(self.seq, "short", said)
        elif not fits:
            verdict = f"{row.hash[: len(self.hash)]} stands where {self.hash} was printed"
            yield Fault(self.seq, "head", verdict)


def _stamps(head: Head) -> Iterator[_Stamp]:
    stamps = (
        [head.expected] * bool(head.expected) if isinstance(head.expected, str) else head.expected
    )
    for text in (*stamps, *head.said):
        number, _, hash_ = text.strip().lower().partition(":")
        good = number.isdecimal() and len(number) < 19 and _HEX.fullmatch(hash_)
        yield _Stamp(text, int(number) if good else 0, hash_)


_SPAN = re.compile(r"(\d{1,15})(?:-(\d{1,15}))?")


class Absences:
    """Entries that are without their texts, as long as no later entry says that they were removed.
    ``some``: did any entry have its texts?"""

    def __init__(self) -> None:
        self.some = False
        self._actors: dict[int, str] = {}
        self._of_request: dict[int, list[int]] = {}

    def see(self, row: model.AuditRow) -> None:
        self.some = self.some or bool(row.salt)
        if row.action in ("texts.removed", "person.forgotten"):
            for request in listed(row.facts.get("requests"), self._of_request):
                for seq in self._of_request.pop(request):
                    self._actors.pop(seq, None)
            for seq in listed(row.facts.get("seqs"), self._actors):
                del self._actors[seq]
            who = row.facts.get("person")
            if who is not None:
                self._actors = {seq: one for seq, one in self._actors.items() if one != who}
        if any(name not in row.facts for name in row.leaves):
            self._actors[row.seq] = row.actor
            self._of_request.setdefault(row.request, []).append(row.seq)

    def faults(self) -> list[Fault]:
        detail = "its texts are gone, and no entry says that they were removed"
        return [Fault(seq, "text", detail) for seq in self._actors]


def listed(text: object, among: Mapping[int, object]) -> list[int]:
    """Those of some numbers that a text lists, like "1-3, 7"."""
    parts = _SPAN.findall(text) if isinstance(text, str) else ()
    spans = [range(int(first), int(last or first) + 1) for first, last in parts]
    if any(len(span) > len(among) for span in spans):
        return [one for one in among if any(one in span for span in spans)]
    return list(dict.fromkeys(one for span in spans for one in span if one in among))


def verify(
    rows: Iterable[model.AuditRow], head: Head | None = None, absences: Absences | None = None
) -> list[Fault]:
    """Everything wrong with a chain; empty: it is whole. ``absences`` are noted, and no faults."""
    noted = absences or Absences()
    head = head or Head()
    faults: list[Fault] = []
    last: model.AuditRow | None = None
    stamps: dict[int, list[_Stamp]] = {}
    for one in _stamps(head):
        stamps.setdefault(one.seq, []).append(one)
    faults += [Fault(0, "syntax", f"{one.text!r} {NO_STAMP}") for one in stamps.pop(0, ())]
    for row in rows:
        faults += _faults_of(row, last)
        noted.see(row)
        for one in stamps.get(row.seq, ()):
            faults += one.faults(row)
        last = row
    faults += _faults_at_end(last, head, max(stamps, default=0))
    return faults if absences else faults + noted.faults()


def _faults_of(row: model.AuditRow, last: model.AuditRow | None) -> list[Fault]:
    faults = []
    try:
        if (good := digest_of(row)) != row.hash:
            detail = f"is {row.hash or 'empty'}, its content gives {good}"
            faults.append(Fault(row.seq, "hash", detail))
        for name, digits in row.leaves.items():
            if name in row.facts and leaf(row.salt, name, row.facts[name]) != digits:
                faults.append(Fault(row.seq, "hash", f"{name} is not what its digest was made of"))
    except (TypeError, ValueError) as fault:
        faults.append(Fault(row.seq, "hash", f"what it says is no text: {fault}"))
    if last is None:
        if row.seq > 1:
            faults.append(Fault(row.seq, "gap", f"1 to {row.seq - 1} are missing"))
        elif row.prev:
            faults.append(Fault(1, "prev", "the first entry follows another one"))
        return faults
    if row.seq <= last.seq:
        faults.append(Fault(row.seq, "order", f"comes after {last.seq}"))
    elif row.seq > last.seq + 1:
        faults.append(Fault(row.seq, "gap", f"{last.seq + 1} to {row.seq - 1} are missing"))
    elif row.prev != last.hash:
        faults.append(Fault(row.seq, "prev", f"does not follow the entry {last.seq}"))
    return faults


def _faults_at_end(last: model.AuditRow | None, head: Head, expected: int) -> list[Fault]:
    """Were the newest entries cut off, or replaced by others?"""
    end = last.seq if last else 0
    known = max(head.sequence, head.seq, expected)
    if end < known:
        return [Fault(known, "cut", f"the entries {end + 1} to {known} are missing at the end")]
    if last and head.seq == NOT_NOTED:
        return [Fault(end, "head", "the store's note of its newest entry is gone or spoiled")]
    if last and head.seq == end and head.hash != last.hash:
        return [Fault(end, "head", f"the store noted the hash {head.hash or 'empty'}")]
    if last and 0 < head.seq < end:
        return [Fault(end, "head", f"the store noted {head.seq} as the newest entry")]
    return []


def line(row: model.AuditRow) -> str:
    """One exported line, without the line break."""
    beside = {name: plain(row.facts[name]) for name in row.leaves if name in row.facts}
    return _encoder.encode(
        {
            "seq": row.seq,
            "at": iso(row.at),
            "actor": row.actor,
            "action": row.action,
            "request": row.request,
            "facts": plain(hashed_facts(row)),
            "prev": row.prev,
            "hash": row.hash,
            **({"texts": beside, "salt": row.salt} if beside else {}),
        }
    )


_FIELDS = {"seq": int, "at": str, "actor": str, "action": str, "request": int, "facts": dict}
_FIELDS |= {"prev": str, "hash": str, "texts": dict, "salt": str}


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no name stands twice. Raises ValueError."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name stands twice in an object")
    return fields


def parse(text: str) -> model.AuditRow:
    """The entry of an exported line. Raises ValueError on anything else."""
    try:
        fields = {"texts": {}, "salt": "", **json.loads(text, object_pairs_hook=unique)}
    except (TypeError, RecursionError) as fault:
        raise ValueError(f"not an audit line: {fault!r}") from fault
    if {name: type(value) for name, value in fields.items()} != _FIELDS:
        raise ValueError(f"not an audit line: its fields are not {', '.join(_FIELDS)}")
    facts, leaves = joined(fields["action"], fields["facts"], fields.pop("texts"))
    at = datetime.fromisoformat(fields["at"])
    if iso(at) != fields["at"]:
        raise ValueError(f"not an audit line: a time is written {iso(at)}")
    return model.AuditRow(**{**fields, "at": at, "facts": facts, "leaves": leaves})


def export(source: Source, file: IO[str]) -> int:
    """Write the whole chain as JSON lines, oldest first; returns how many."""
    count = 0
    for row in source.chain():
        file.write(line(row) + "\n")
        count += 1
    return count


def verify_file(file: Iterable[str], expected: str | Sequence[str] = "") -> list[Fault]:
    """Everything wrong with an exported file, which may have no texts; ``expected``: "SEQ:HASH"."""
    faults: list[Fault] = []

    def good() -> Iterable[model.AuditRow]:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                yield parse(text)
            except ValueError as fault:
                faults.append(Fault(0, "syntax", f"line {number}: {fault}"))

    absences = Absences()
    of_chain = verify(good(), Head(expected=expected), absences)
    return faults + of_chain + (absences.faults() if absences.some else [])
