"""Requests that were approved, each caught in the transaction in which it starts."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from unittest import mock

from bot import core, deployment, model, policy
from bot.core import authority
from bot.policy.calendar import Period, Times
from bot.policy.oncall import Roster, Rota
from bot.policy.when import When
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import INSTANCES, START

SRE = policy.Stage(("bob", "carol", "erin"), named=("role:sre",))
DBA = policy.Stage(("dave",), named=("role:dba",))
OWNER = policy.Stage(("tag:owner",), named=("tag:owner",))
TAGS = {"env": "prod", "owner": "dave"}
SECRET = """
FormatVersion: OOS-2019-06-01
Parameters:
  note: {Type: String, Default: hello}
  password: {Type: String, NoEcho: true}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: ActNow
      Parameters: {Note: '{{ note }}', Password: '{{ password }}'}
"""
TEMPLATES = {**run_stage.TEMPLATES, "secret": SECRET}


@dataclass(frozen=True)
class Rows:
    """What the store holds beside the request as it starts, in place of ``model.Archive``."""

    frozen: tuple[model.Freeze, ...] = ()
    held: tuple[model.Lock, ...] = ()
    away: tuple[model.Absence, ...] = ()
    approval: model.StandingApproval | None = None

    def freezes(self, at: datetime) -> tuple[model.Freeze, ...]:
        return self.frozen

    def locks_of(self, request: int) -> tuple[model.Lock, ...]:
        return ()

    def locks_on(self, names: Sequence[str], apart: int, limit: int) -> tuple[model.Lock, ...]:
        return tuple(one for one in self.held if one.name in names)

    def absences(self, at: datetime) -> tuple[model.Absence, ...]:
        return self.away

    def standing(self, number: int) -> model.StandingApproval | None:
        return self.approval

    def calendars(self) -> tuple[model.Calendar, ...]:
        return ()


@dataclass(frozen=True)
class Start:
    """What the bot knows as it lets the first call of a request leave. ``voters``: whose votes it
    was approved by; it needs every one of them. ``may_grow``: one more approver in its policy
    changes nothing."""

    deployment: deployment.Deployment
    effect: model.StoredEffect
    view: model.View
    now: datetime
    voters: tuple[str, ...] = ()
    may_grow: bool = True

    @property
    def request(self) -> model.Request:
        assert self.view.request is not None
        return self.view.request

    @property
    def book(self) -> policy.Book:
        return self.deployment.book

    def with_book(self, **changes: Any) -> Start:
        book = replace(self.book, **changes)
        if "people" in changes:
            book = replace(book, index=policy.identity.index_accounts(book.people))
        return replace(self, deployment=replace(self.deployment, book=book))

    def with_rows(self, **changes: Any) -> Start:
        return self.with_view(archive=replace(cast("Any", self.view.archive), **changes))

    def with_view(self, **changes: Any) -> Start:
        return replace(self, view=replace(self.view, **changes))

    def with_request(self, **changes: Any) -> Start:
        return self.with_view(request=replace(self.request, **changes))

    def refusal(self) -> model.Refused | None:
        """Why it does not start; None: it does."""
        return core.refusal_of_claim(self.deployment, self.effect, self.view, self.now)


@dataclass(frozen=True)
class World:
    """What is asked for, by which policies it is voted on, and by whom; or who breaks the glass in
    place of votes (``breaker``). ``before``: who says what before it, and is agreed with by bob.
    ``stored``: what is kept in
    the cloud, by name or id. Each instance is tagged as of production, and as dave's."""

    text: str
    voters: tuple[str, ...]
    book: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    may_grow: bool = True
    breaker: str = ""
    before: tuple[tuple[str, str], ...] = ()
    stored: Mapping[str, Mapping[str, object]] = dataclasses.field(default_factory=dict)


def _policies(**changed: policy.Policy) -> Mapping[str, Any]:
    return {"policies": {**run_stage.book().policies, **changed}}


def _period(name: str, first: int, last: int, **more: Any) -> Period:
    """A time from and to so many hours after the beginning."""
    ends = ((START + timedelta(hours=hours)).replace(tzinfo=None) for hours in (first, last))
    return Period(name, Times("UTC", *ends), name, **more)


HAND_OVER = (START - timedelta(days=1) + timedelta(minutes=20)).replace(tzinfo=None)
ROSTER = Roster({"sre": Rota("sre", "UTC", ("bob", "carol"), HAND_OVER, 1)})
"""Bob is on call as he votes, and Carol soon after."""
SRE_ROLE = policy.Role("sre", frozenset({"*"}))
GLASS = policy.BreakGlass(people=("erin",))
WORLDS: Mapping[str, World] = {
    "script, any": World("restart web-01 web-02 reason=why", ("bob",)),
    "script, two": World("run web-01 -- uptime", ("bob", "carol")),
    "script, all": World(
        "restart web-01 reason=everyone", ("bob", "carol", "erin"), may_grow=False
    ),
    "script, in turn": World(
        "restart web-01 reason='in turn'", ("bob", "carol", "erin"), may_grow=False
    ),
    "script, stages": World(
        "restart web-01 reason=why",
        ("bob", "dave"),
        _policies(any=policy.Policy("any", stages=(SRE, DBA))),
    ),
    "script, stages in order": World(
        "restart web-01 reason=why",
        ("bob", "carol", "dave"),
        _policies(
            any=policy.Policy(
                "any", stages=(replace(SRE, mode="count", count=2), DBA), order="sequence"
            )
        ),
    ),
    "script, table": World(
        "restart web-01 reason=why",
        ("bob", "carol"),
        {"when": (When("two", "restarts take two", commands=("restart",)),)},
    ),
    "script, calendar": World(
        "restart web-01 reason=why",
        ("bob",),
        {
            "freezes": (_period("later", 200, 300),),
            "windows": (_period("open", -5, 5), _period("other", -9, -7)),
        },
    ),
    "template": World("fleet web-01 web-02", ("bob",)),
    "template, two": World(
        "fleet web-01",
        ("bob", "carol"),
        {"commands": {"fleet": policy.CommandRule("two", "high")}},
    ),
    "script, owner by tag": World(
        "restart web-01 reason=why",
        ("bob", "dave"),
        _policies(any=policy.Policy("any", stages=(SRE, OWNER))),
    ),
    "script, table by tag": World(
        "restart web-01 web-02 reason=why",
        ("bob", "carol"),
        {"when": (When("two", "production", tags=(("env", "prod"),)),)},
    ),
    "script, on call": World(
        "restart web-01 reason=why",
        ("bob",),
        {**_policies(any=policy.Policy("any", ("oncall:sre",))), "oncall": ROSTER},
    ),
    "script, alone": World(
        "restart web-01 web-02 reason=why",
        ("bob",),
        {"commands": {"restart": policy.CommandRule("any", "medium", lock="queue")}},
    ),
    "script, break-glass": World(
        "restart web-01 reason=why",
        (),
        _policies(any=policy.Policy("any", ("bob", "carol"), break_glass=GLASS)),
        breaker="erin",
    ),
    "script, delegate": World(
        "restart web-01 reason=why",
        ("erin",),
        _policies(any=policy.Policy("any", ("bob",), delegates=("erin", "carol"))),
        before=(("bob", "away until 18:00 delegate erin"),),
    ),
    "script, standing approval": World(
        "restart web-01 reason=why",
        ("bob",),
        {
            **_policies(any=policy.Policy("any", ("bob", "carol"), standing=True)),
            "commands": {"standing": policy.CommandRule("any")},
            "roles": {"dev": policy.Role("dev", frozenset({"*"})), "sre": SRE_ROLE},
        },
        before=(("alice", "standing restart i-00000001 until 2026-02-04 a leak"),),
    ),
    "script, later": World("restart web-01 reason=why in=10m", ("bob",)),
    "stored command": World(
        "provision web-01 emp_id=E1 role=dev",
        ("bob",),
        {"commands": {"provision": policy.CommandRule("any", "low", command_id="c-1")}},
        stored={"c-1": {"content": "hire {{emp_id}} {{role}}\n", "braces": True}},
    ),
    "template on OOS": World(
        "nap", ("bob",), {"commands": {"nap": policy.CommandRule("any", "high", engine="oos")}}
    ),
    "template, hidden value": World("secret password=hunter2 note=x", ("bob",)),
}


def started(folder: Path, world: World) -> Start:
    """Play a world up to the transaction in which its first call leaves."""
    rules = {"secret": policy.CommandRule("any", "high"), **world.book.get("commands", {})}
    book = {**world.book, "commands": {**run_stage.book().commands, **rules}}
    stage = RunStage(folder, run_stage.book(**book), TEMPLATES)
    stage.stored.update({name: dict(facts) for name, facts in world.stored.items()})
    tagged = {name: {**facts, "tags": TAGS} for name, facts in INSTANCES.items()}
    try:
        with mock.patch.dict(INSTANCES, tagged), _claims() as claims:
            for who, text in world.before:
                stage.ask(who, text)
                stage.work()
                if stage.read(lambda reader: reader.recent_requests(1)):
                    stage.approve("bob")
                    stage.work()
            stage.ask("alice", world.text)
            stage.work()
            number = stage.read(lambda reader: reader.recent_requests(1))[0].id
            for who in world.voters:
                request = stage.request(number)
                if request.standing is not None:
                    break  # they have voted before
                assert request.state is model.State.PENDING, "each vote is needed"
                stage.click(who, number, "approve", request.code, request.card)
            if world.breaker:
                stage.ask(world.breaker, f"break-glass {number} the shop is down")
            stage.work()
            stage.tick(600)
            stage.work()
    finally:
        stage.close()
    first = claims[0]
    start = replace(first, voters=world.voters, may_grow=world.may_grow)
    assert start.refusal() is None
    return start


def _rows(view: model.View, now: datetime) -> Any:
    """What the store holds of that which can change."""
    archive, request = view.archive, view.request
    assert archive is not None
    assert request is not None
    used = request.standing
    return Rows(
        away=tuple(archive.absences(now)),
        approval=archive.standing(used.number) if used is not None else None,
    )


@contextmanager
def _claims() -> Iterator[list[Start]]:
    """What is known at each call that is let out and starts or changes something."""
    claims: list[Start] = []
    judge: Callable[..., model.Refused | None] = core.refusal_of_claim

    def watched(
        made: deployment.Deployment, effect: model.StoredEffect, view: model.View, now: datetime
    ) -> model.Refused | None:
        if authority.starts(effect.body):
            claims.append(Start(made, effect, replace(view, archive=_rows(view, now)), now))
        return judge(made, effect, view, now)

    with mock.patch.object(core, "refusal_of_claim", watched):
        yield claims
