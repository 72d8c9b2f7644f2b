"""The journal of a run: everything that happened to it, in order. There is no other state.

Entries are facts, written before (``Started``) and after (``Finished``) a call is made and when a
person says something. ``at`` is aware, and never goes back along the journal. ``plain`` and
``entry`` turn an entry into JSON types for the store, and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args


@dataclass(frozen=True, slots=True)
class Done:
    """The call was made; ``document`` is its answer (JSON types)."""

    document: object = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The other side said no: the call had no effect."""

    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The call may have had its effect. Written of a call that was started and whose end nobody
    saw, and again when looking it up did not tell."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class NotMade:
    """It is proved that the call did not happen: it is made again, under a new key. ``reason``
    HELD: it was not let out, so that this is no try."""

    reason: str = ""


HELD = "held"


Outcome = Done | Failed | Unknown | NotMade
Word = Literal["paused", "held", "resumed", "stopped", "retry", "skip"]


@dataclass(frozen=True, slots=True)
class Started:
    """The call is about to be made; a call never starts twice under one key."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """How the call, or looking it up, ended."""

    key: str
    at: datetime
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Voted:
    """A person who may vote on the approval ``key`` did; who may is judged before it is written."""

    key: str
    at: datetime
    approve: bool
    person: str


@dataclass(frozen=True, slots=True)
class Signalled:
    """A person's word; "held" is the bot's own, where the run may not go on for now. ``key``: what
    is resumed, retried or skipped ("" is all that waits for such a word). Approvals are passed by
    votes only."""

    word: Word
    at: datetime
    person: str
    key: str = ""


Entry = Started | Finished | Voted | Signalled

_STORED: Mapping[type[Entry], str] = {
    Started: "started",
    Finished: "finished",
    Voted: "voted",
    Signalled: "told",
}
_OUTCOMES: Mapping[str, type[Outcome]] = {
    "done": Done,
    "failed": Failed,
    "unknown": Unknown,
    "not_made": NotMade,
}
_KINDS = {made: kind for kind, made in _OUTCOMES.items()}


def plain(entry: Entry) -> dict[str, Any]:
    """The entry as JSON types, ``at`` in ISO 8601."""
    fields: dict[str, Any] = {"kind": _STORED[type(entry)], "at": entry.at.isoformat()}
    fields["key"] = entry.key
    match entry:
        case Finished(outcome=outcome):
            fields["outcome"] = _KINDS[type(outcome)]
            fields |= {name: getattr(outcome, name) for name in outcome.__dataclass_fields__}
        case Voted():
            fields |= {"approve": entry.approve, "person": entry.person}
        case Signalled():
            fields |= {"word": entry.word, "person": entry.person}
    return fields


def entry(fields: Mapping[str, Any]) -> Entry:
    """The entry that ``plain`` wrote. ValueError: it is none."""
    at, key = datetime.fromisoformat(fields["at"]), str(fields["key"])
    match fields["kind"]:
        case "started":
            return Started(key, at)
        case "finished" if fields["outcome"] in _OUTCOMES:
            made = _OUTCOMES[fields["outcome"]]
            return Finished(
                key, at, made(**{name: fields[name] for name in made.__dataclass_fields__})
            )
        case "voted":
            return Voted(key, at, bool(fields["approve"]), str(fields["person"]))
        case "told" if fields["word"] in get_args(Word):
            return Signalled(fields["word"], at, str(fields["person"]), key)
    raise ValueError(f"not an entry of a run's journal: {fields['kind']!r}")
