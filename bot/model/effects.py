"""What leaves."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from bot.model import calls
from bot.model.bus import Deliver
from bot.model.people import Place
from bot.model.plans import Plan
from bot.model.requests import Step
from bot.model.rich import Card, Message


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message to a thread. ``key`` makes a repeated send harmless where the platform can.
    ``fixed``: where the message to answer is gone it is refused, and not said beside it. A direct
    ``place`` may name a person's account id in place of the chat. ``urgent``: whoever gets it there
    is alerted as strongly as the platform lets the bot. ``Done.data`` has "alerted" where they
    were; else it may say under "calm" why not."""

    place: Place
    message: Message
    key: str
    kind: Literal["say"] = "say"
    fixed: bool = False
    urgent: Annotated[bool, Field(exclude_if=operator.not_)] = False


@dataclass(frozen=True, slots=True)
class ShowCard:
    """Send the request's card to a thread; ``Done.ref`` is what later updates name. ``card`` is
    drawn when it is sent first, and stays until that is answered."""

    place: Place
    card: Card | None
    key: str
    kind: Literal["show_card"] = "show_card"

    @property
    def drawing(self) -> Card:
        """The card, of an effect that is being sent."""
        assert self.card is not None
        return self.card


@dataclass(frozen=True, slots=True)
class UpdateCard:
    """Change the card for everybody. ``card`` is drawn, and ``ref`` filled in from the request,
    each time it is sent.
    ``viewers`` are the account ids of people who may see something else on it than the others,
    as the answer to their click changed what they alone see."""

    place: Place
    card: Card | None = None
    ref: str = ""
    kind: Literal["update_card"] = "update_card"
    viewers: tuple[str, ...] = ()

    @property
    def drawing(self) -> Card:
        """The card, of an effect that is being sent."""
        assert self.card is not None
        return self.card


CardEffect = ShowCard | UpdateCard


@dataclass(frozen=True, slots=True)
class Recall:
    """Take back a person's message, which is that of ``place``: it holds a value that is hidden.
    Refused where the platform does not let the bot."""

    place: Place
    kind: Literal["recall"] = "recall"


@dataclass(frozen=True, slots=True)
class FetchForm:
    """Read an OA form. ``Done.data``: {"status": approved|rejected|withdrawn|running|reverted,
    "title": str, "originator": account id, "approvers": [account ids that agreed by hand to the
    form as it is now, never the originator's], "automatic": [those for whom it passed by itself],
    "fields": {name or id or custom id: JSON of a ``bot.model.fields.Field``}, "action": "revoke" or
    "modify" where it undoes or replaces the form "original" (its instance id), else "",
    "attached": [instances that revoke or modify it, where the platform lists them], "decided":
    milliseconds (0: not known), "unclear": does it say of itself what makes no sense?}. Refused
    with the code "no_form": the platform knows no such instance."""

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
class ResolveTargets:
    """Find instances. ``targets``: ids, names, or ``tag:key=value``; empty lists all. Or by
    ``filters``, each the JSON of an OOS Targets parameter, in which ResourceIds may be names, or
    {"Type": "Any", "Filters": […]} of several. ``Done.data``: {"instances": [{id, name, region,
    status, agent, system, tags}], "unknown": [target], "near": names that may have been meant
    instead, "ambiguous": {target: [ids]}, "each": what each of the filters found, as lists of ids}.
    ``system`` is "windows", "linux", or "" where that is not known; ``tags`` has values by key, and
    is left out where there are none."""

    targets: tuple[str, ...]
    region: str = ""
    filters: tuple[Mapping[str, object], ...] = ()
    kind: Literal["resolve"] = "resolve"


@dataclass(frozen=True, slots=True)
class FetchDefinition:
    """Read what is kept in the cloud and would run: on ``engine`` "ecs" a command stored in Cloud
    Assistant by its id, on "oos" templates stored there. ``names``: each with the version wanted,
    "" for the newest. ``Done.data``: {"definitions": [{name, version, content, and of a command
    type, timeout, workdir, launcher, braces (are placeholders replaced?)}], "missing": [name]}."""

    engine: str
    names: tuple[tuple[str, str], ...]
    region: str = ""
    kind: Literal["fetch_definition"] = "fetch_definition"


@dataclass(frozen=True, slots=True)
class StartRun:
    """Start one step of an approved plan. With ``lookup`` nothing may be started: find out what
    became of an earlier try."""

    request: int
    plan: Plan
    digest: str
    step: Step
    name: str
    tags: Mapping[str, str]
    lookup: bool = False
    kind: Literal["start_run"] = "start_run"


@dataclass(frozen=True, slots=True)
class StopRun:
    request: int
    region: str
    invocation: str
    instances: tuple[str, ...]
    engine: str = "ecs"
    kind: Literal["stop_run"] = "stop_run"


@dataclass(frozen=True, slots=True)
class SignalRun:
    """Say a word to an execution that waits on another engine: to what it waits for at ``task``
    (a ``Waiting``'s id, or its task).
    Saying it again changes nothing where it has moved on: that is Done, too."""

    request: int
    engine: str
    region: str
    invocation: str
    word: Literal["approve", "reject", "confirm", "resume"]
    task: str = ""
    note: str = ""
    kind: Literal["tell_run"] = "tell_run"


@dataclass(frozen=True, slots=True)
class RunCall:
    """Make one call of a template's run.

    ``token`` is its client token.
    ``Done.data``: {"document": the answer}. With ``lookup`` nothing may be changed: find out what
    became of the call that carried this token. Then Done says that it happened (with its answer),
    Refused with the code "not_made" that it provably did not, Unknown that nobody can tell. ``at``
    is when the call was first written as started: a platform remembers a token for a while only,
    so without it a call that may have happened is never repeated. ``cleanup``: OnError led to it.
    ``digest`` is the plan's: a call that is found again counts only with it ("": of an earlier
    release).
    """

    request: int
    code: str
    key: str
    token: str
    what: calls.What
    region: str = ""
    lookup: bool = False
    at: datetime | None = None
    cleanup: bool = False
    digest: str = ""
    kind: Literal["run_call"] = "run_call"


Effect = (
    Say
    | ShowCard
    | UpdateCard
    | Recall
    | FetchForm
    | ListForms
    | ResolveTargets
    | FetchDefinition
    | StartRun
    | StopRun
    | SignalRun
    | RunCall
    | Deliver
)


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
    """A due-time row. ``keep``: one of this kind that is already there stays as it is."""

    request: int
    kind: str
    due_at: datetime
    keep: bool = False
