"""The log: its forms, and one line for each step of a request.

A line tells number, code, person, command, outcome and duration; what was typed, what runs and
what it printed stand in the audit log and in the chat, and never here.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from bot import model

log = logging.getLogger("countersign.requests")

_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

Word = Literal["asked", "planned", "voted", "started", "ended"]


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a request. ``person`` voted, or else asked; ``outcome`` is what they decided, or
    how it ended; ``seconds`` is how long the run took, or where it never began, the request."""

    step: Word
    request: int
    command: str
    person: str
    code: str = ""
    outcome: str = ""
    seconds: float | None = None

    def write(self) -> None:
        fields = {"request": self.request, "command": self.command, "code": self.code or None}
        fields |= {"person": self.person, "outcome": self.outcome or None, "seconds": self.seconds}
        extra = {name: value for name, value in fields.items() if value is not None}
        text = " ".join(f"{name}={value}" for name, value in extra.items() if name != "request")
        log.info("#%d %s: %s", self.request, self.step, text, extra={"step": self.step, **extra})


FAILURES = ("rule.failed", "rule.loop", "event.unmatched")


@dataclass(frozen=True, slots=True)
class Failure:
    """A rule meant an event, and one of its targets gets nothing; or no rule could be asked. The
    error names places of the event, and no value."""

    entry: model.AuditEntry

    def write(self) -> None:
        facts = self.entry.facts
        said = facts.get("error") or "it would go round in circles"
        about = f"{facts['source']} {facts['event']}"
        if self.entry.action == "event.unmatched":
            more = {"step": "rule", "event": about}
            log.warning("no rule was asked about the event %s: %s", about, said, extra=more)
            return
        number = int(facts["target"]) + 1
        extra = {"step": "rule", "rule": facts["rule"], "target": number, "event": about}
        text = "rule %s: target %d gets nothing of the event %s: %s"
        log.warning(text, facts["rule"], number, about, said, extra=extra)


def failures(decision: model.Decision) -> Iterator[Failure]:
    """What rules could not make of the events of a decision."""
    return (Failure(one) for one in decision.audit if one.action in FAILURES)


def lines(loaded: model.Request | None, decision: model.Decision) -> Iterator[Line]:
    """The steps that a decision takes with its request."""
    now = decision.request
    if now is None:
        return
    then = loaded if loaded is not None and loaded.id == now.id else None
    code = model.short(now.digest)
    usual = (now.id, now.command, now.person, code)
    if then is None:
        yield Line("asked", now.id, now.command, now.person)
    if now.digest and now.digest != (then.digest if then is not None else ""):
        yield Line("planned", *usual)
    for vote in decision.votes:
        word = "approve" if vote.approve else "reject"
        yield Line("voted", now.id, now.command, vote.person, model.short(vote.digest), word)
    if now.started_at is not None and (then is None or then.started_at is None):
        yield Line("started", *usual)
    if now.state.final and (then is None or not then.state.final):
        yield Line("ended", *usual, now.state.value, seconds(now))


def seconds(request: model.Request) -> float | None:
    began = request.started_at or request.approved_at
    if request.ended_at is None:
        return None
    took = (request.ended_at - (began or request.created_at)).total_seconds()
    return round(max(0.0, took - request.stepped), 1)


# ----------------------------------------------------------------------------- forms


class Json(logging.Formatter):
    """One JSON object a line: time, level, logger, message, what a line was given besides, and
    where something went wrong its traceback as ``error``."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        extra = vars(record).items()
        line |= {name: value for name, value in extra if name not in _KNOWN and name not in line}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def to_stderr(level: str, form: str = "text", quiet: Iterable[str] = ()) -> None:
    """One line per event of the bot itself; what is ``quiet`` speaks up when something is wrong."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    handler.setFormatter(Json() if form == "json" else text)
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for name in quiet:
        logging.getLogger(name).setLevel(logging.WARNING)
