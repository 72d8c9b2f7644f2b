"""What leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from bot.model.people import Place
from bot.model.requests import Plan, Step
from bot.model.rich import Card, Message


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message to a thread. ``key`` makes a repeated send harmless where the platform can."""

    place: Place
    message: Message
    key: str
    kind: Literal["say"] = "say"


@dataclass(frozen=True, slots=True)
class ShowCard:
    """Send the request's card to a thread; ``Done.ref`` is what later updates name."""

    place: Place
    card: Card
    key: str
    kind: Literal["show_card"] = "show_card"


@dataclass(frozen=True, slots=True)
class UpdateCard:
    """Change the card for everybody. ``ref`` is filled in from the request when it is sent."""

    place: Place
    card: Card
    ref: str = ""
    kind: Literal["update_card"] = "update_card"


@dataclass(frozen=True, slots=True)
class FetchForm:
    """Read an OA form. ``Done.data``: {"status": approved|rejected|withdrawn|running|reverted,
    "title": str, "originator": account id, "approvers": [account ids that agreed],
    "fields": {name or id or custom id: text}}."""

    platform: str
    tenant: str
    form: str
    instance: str
    kind: Literal["fetch_form"] = "fetch_form"


@dataclass(frozen=True, slots=True)
class ListForms:
    """List the OA forms filed in a time window, for those agreed to while the bot was away.
    ``Done.data``: {"instances": [instance id]}."""

    platform: str
    tenant: str
    form: str
    since: datetime
    until: datetime
    kind: Literal["list_forms"] = "list_forms"


@dataclass(frozen=True, slots=True)
class Resolve:
    """Find instances. ``targets``: ids, names, or ``tag:key=value``; empty lists all.
    ``Done.data``: {"instances": [{id, name, region, status, agent}], "unknown": [target],
    "ambiguous": {target: [ids]}}."""

    targets: tuple[str, ...]
    region: str = ""
    kind: Literal["resolve"] = "resolve"


@dataclass(frozen=True, slots=True)
class StartRun:
    """Start one step of an approved plan."""

    request: int
    plan: Plan
    digest: str
    step: Step
    name: str
    tags: Mapping[str, str]
    kind: Literal["start_run"] = "start_run"


@dataclass(frozen=True, slots=True)
class StopRun:
    request: int
    region: str
    invocation: str
    instances: tuple[str, ...]
    kind: Literal["stop_run"] = "stop_run"


Effect = Say | ShowCard | UpdateCard | FetchForm | ListForms | Resolve | StartRun | StopRun


@dataclass(frozen=True, slots=True)
class NewEffect:
    """An effect to queue. ``key`` is unique for ever: queuing it twice queues it once. ``lane``:
    at most one in flight, in order. ``replaces`` drops unsent updates of the same lane.
    ``context`` is handed back to ``decide`` with the outcome. ``doubt``: the same may have happened
    before. ``after``: seconds to wait first."""

    key: str
    lane: str
    body: Effect
    request: int = 0
    replaces: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)
    doubt: bool = False
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Timer:
    request: int
    kind: str
    due_at: datetime
