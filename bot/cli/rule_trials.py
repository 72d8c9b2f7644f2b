"""What rules would make of an event, tried out: nothing is delivered, nothing is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot import model, policy
from bot.commands import deliveries
from bot.core import bus
from bot.rules import escapes, pattern, ruleset, vendors

KNOWN = ("id", "source", "type", "detail-type", "subject", "time", "data", "detail")
"""What an event has besides its extensions, in CloudEvents and in the envelope with ``detail``."""
THREAD = "the thread of the request"


@dataclass(frozen=True, slots=True)
class Sent:
    """What one target would get: ``target`` counts from 1, ``to`` tells it to people, ``body`` is
    as ``model.Deliver`` says. ``problem`` is why it would get nothing, "" where it would.
    ``timeout``: seconds that a command may run because the target says so, 0 where it does not."""

    target: int
    how: model.How
    to: str
    body: Any = None
    problem: str = ""
    timeout: int = 0

    def plain(self) -> dict[str, Any]:
        names = ("target", "how", "to", "body", "problem", *(("timeout",) if self.timeout else ()))
        return {name: getattr(self, name) for name in names}

    def lines(self) -> Iterator[str]:
        if self.problem:
            yield f"  {self.target}. {self.to} would get nothing: {self.problem}"
            return
        yield f"  {self.target}. {self.to} would get"
        for line in self._body():
            yield f"     {line}"
        if self.timeout:
            yield f"     and {self.timeout} s to run"

    def _body(self) -> list[str]:
        if self.how == "command" and self.body:
            return [f"{name} = {value}" for name, value in self.body.items()]
        if isinstance(self.body, str):
            return escapes.text(self.body).splitlines() or ['""']
        return json.dumps(self.body, ensure_ascii=False, indent=2).splitlines()


@dataclass(frozen=True, slots=True)
class Trial:
    """What one rule makes of one event. ``reasons`` is empty exactly where it matches; ``warnings``
    say where the vendor of its dialect might answer otherwise."""

    rule: str
    reasons: tuple[pattern.Reason, ...]
    sent: tuple[Sent, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def matched(self) -> bool:
        return not self.reasons

    def plain(self) -> dict[str, Any]:
        """The trial as JSON."""
        return {
            "rule": self.rule,
            "matched": self.matched,
            "reasons": [one.plain() for one in self.reasons],
            "targets": [one.plain() for one in self.sent],
            "warnings": list(self.warnings),
        }

    def lines(self) -> Iterator[str]:
        """The trial for people."""
        if not self.matched:
            yield f"{self.rule} does not match"
            for reason in self.reasons:
                yield f"  {reason}"
            return
        yield f"{self.rule} matches"
        for sent in self.sent:
            yield from sent.lines()


def trial(
    rule: ruleset.Rule, book: policy.Book, document: Mapping[str, object], event: model.CloudEvent
) -> Trial:
    """``document`` is the event as it was written, which ``reasons`` speak of."""
    reasons = rule.pattern.explain(document)
    made = () if reasons else tuple(sent(rule, book, event))
    return Trial(rule.name, reasons, made, vendors.remarks(rule.pattern, document))


def sent(rule: ruleset.Rule, book: policy.Book, event: model.CloudEvent) -> Iterator[Sent]:
    """What each target of a rule would get of an event that it means."""
    for number, target in enumerate(rule.targets):
        to = where(book, target)
        try:
            body = bus.body_of(target, event)
        except escapes.Unwritable as fault:
            yield Sent(number + 1, target.to.how, to, problem=str(fault))
        else:
            timeout = target.to.timeout if isinstance(target.to, model.ToCommand) else 0
            yield Sent(number + 1, target.to.how, to, body, timeout=timeout)


def where(book: policy.Book, target: ruleset.Target) -> str:
    """A target in a few words."""
    if isinstance(target.to, model.ToThread):
        return THREAD
    return deliveries.target("en", book, model.Deliver("", 0, target.to, None, {}))


def read(document: Mapping[str, object], now: datetime) -> model.CloudEvent:
    """The event that JSON stands for, in CloudEvents or with ``detail-type`` and ``detail``. What
    is missing is made up, for this event goes nowhere."""

    def text(*names: str) -> str:
        return next((str(document[name]) for name in names if document.get(name) is not None), "")

    try:
        time = datetime.fromisoformat(text("time"))
    except ValueError:
        time = now
    extra = {name: value for name, value in document.items() if name not in (*KNOWN, "specversion")}
    data = document["data"] if "data" in document else document.get("detail")
    return model.CloudEvent(
        id=text("id") or "trial",
        source=text("source"),
        type=text("type", "detail-type"),
        time=time if time.tzinfo is not None else time.replace(tzinfo=now.tzinfo),
        subject=text("subject"),
        data=data,
        extra=extra,
    )
