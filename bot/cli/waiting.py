"""Why a request waits, or how it ended: one screen, from what the store says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import config, model, policy, redact, texts
from bot import store as stores
from bot.cli import shell
from bot.model import ports
from bot.policy import calendar, quorum
from bot.runtime import limits
from bot.store import codec, port

MOST_RESULTS = 12
MOST_EFFECTS = 8
MOST_CHARS = 160
GRACE = timedelta(seconds=5)
"""An effect may be due for so long before somebody asks why it was not sent."""
EFFECTS: Mapping[str, str] = {
    "say": "a message",
    "show_card": "its card",
    "update_card": "an update of its card",
    "recall": "taking the message back",
    "fetch_form": "reading its form",
    "list_forms": "the list of forms",
    "resolve": "finding its instances",
    "fetch_definition": "reading what is stored in the cloud",
    "start_run": "the start of its run",
    "stop_run": "the order to stop",
    "tell_run": "the answer to its execution",
    "run_call": "a call of its run",
    "deliver": "a delivery of a rule",
}
TIMERS: Mapping[str, str] = {
    "expire": "it expires",
    "remind": "the approvers are reminded",
    "plan": "it is refused if its instances are not found by then",
    "definition": "it is refused if what is stored is not read by then",
    "overdue": "people are told that its run takes long",
    "lost": "its run is given up as unknown",
    "wake": "its run goes on",
    "progress": "its card shows the progress",
    "people": "it is looked at whether people enough are left",
    "batch": "it takes over the votes cast on the card where it stands with others",
    "opening": "it is judged anew whether it may start",
    "ballot": "those whose vote is missing are reminded",
    "ballot_expires": "what its run asks expires",
}
ASKS: Mapping[str, str] = {
    "pause": "the template pauses: send `resume {id}`",
    "batch": "a batch is done: send `resume {id}`",
    "person": "{by} paused it: send `resume {id}`",
    "held": "it may not go on now: {shown}; then send `resume {id}`",
    "unknown": "nobody knows how a call ended: an approver sends `retry {id}` or `skip {id}`",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store says of a request. ``runs``: is a bot running on the store?"""

    request: model.Request
    votes: tuple[model.Vote, ...]
    steps: tuple[model.Step, ...]
    results: tuple[model.InstanceResult, ...]
    effects: tuple[stores.OpenEffect, ...]
    timers: tuple[model.Timer, ...]
    history: port.History
    runs: bool
    book: policy.Book


class Still(ports.Clock):
    """A clock that shows one moment."""

    def __init__(self, moment: datetime) -> None:
        self._moment = moment

    def now(self) -> datetime:
        return self._moment


def facts_of(
    reader: stores.Reader, settings: config.Config, number: int, now: datetime
) -> Facts | None:
    """None: there is no such request."""
    request = reader.request(number)
    if request is None:
        return None
    book = settings.book.as_of(now, reader.calendars, reader)
    assert book.absences.known is not None  # read while the store is open
    longest = max((budget.seconds for budget in settings.budgets), default=0.0)
    return Facts(
        request,
        reader.votes(number),
        reader.steps(number),
        reader.results(number),
        reader.open_effects(number),
        reader.timers(number),
        reader.history(now - timedelta(seconds=longest), now),
        shell.runs(settings),
        book,
    )


def lines(settings: config.Config, facts: Facts, now: datetime) -> Iterator[str]:
    """All of it: what it is, why it waits, and what comes next."""
    request = facts.request
    yield from _about(settings, facts, now)
    if request.state.final:
        yield from _results(facts)
    else:
        reasons = list(_reasons(settings, facts, now))
        if not facts.runs:
            reasons.insert(0, "the bot is not running")
        yield from (f"waits    {reason}" for reason in reasons)
        if not reasons:
            yield "waits    for nothing that the store knows: run `python -m bot store check`"
    sent = [each for each in facts.effects if each.request == request.id]
    if request.state.final:
        yield from (f"to send  {_effect(settings, facts, each, now)}" for each in sent)
    for timer in facts.timers:
        if timer.kind in TIMERS:
            yield f"then     {_at(settings, timer.due_at, now)}: {TIMERS[timer.kind]}"


def _about(settings: config.Config, facts: Facts, now: datetime) -> Iterator[str]:
    request = facts.request
    names = [one.name or one.id for one in request.plan.instances] if request.plan else []
    state = texts.say("en", f"state.{request.word}")
    yield f"#{request.id} {' '.join([request.command, *names])}: {state}"
    when = _at(settings, request.created_at, now)
    yield f"asked    {when} by {_name(settings, request.person)} in {_place(settings, request)}"
    yield f"text     {_cut(request.text) or texts.plain(texts.removed('en', request.removed))}"
    if request.digest:
        yield f"code     {request.code}, policy {', '.join(request.policy_names)}"
    for vote in facts.votes:
        word = vote.word or ("approved" if vote.approve else "rejected")
        why = f": {_cut(vote.reason)}" if vote.reason else ""
        yield f"vote     {_at(settings, vote.at, now)} {_name(settings, vote.person)} {word}{why}"
    if request.ended_at is not None:
        yield f"ended    {_at(settings, request.ended_at, now)}"
    if request.note:
        yield f"note     {_cut(request.note)}"


def _results(facts: Facts) -> Iterator[str]:
    """What came out on each instance: failures first."""
    plan = facts.request.plan
    names = {one.id: one.name or one.id for one in plan.instances} if plan is not None else {}
    ordered = sorted(facts.results, key=lambda one: (one.status == "Success", one.instance))
    for one in ordered[:MOST_RESULTS]:
        code = f", exit code {one.exit_code}" if one.exit_code is not None else ""
        output = str(redact.covered(plan, one.output)).strip().rpartition("\n")[2]
        last = f": {_cut(output)}" if output else ""
        yield f"result   {names.get(one.instance, one.instance)} {one.status}{code}{last}"
    if len(ordered) > MOST_RESULTS:
        yield f"result   … and {len(ordered) - MOST_RESULTS} more"
    if facts.request.progress is not None and facts.request.progress.error:
        yield f"result   {_cut(facts.request.progress.error)}"


# ----------------------------------------------------------------------------- why


def _reasons(settings: config.Config, facts: Facts, now: datetime) -> Iterator[str]:
    request = facts.request
    if request.hold:
        key = f"hold.{request.hold}"
        said = texts.say("en", key if key in texts.PHRASES else "hold.other", id=request.id)
        yield f"on hold: {texts.plain(said)}"
    opening = request.opening
    if opening is not None and not request.hold:
        time = calendar.shown(opening.at, settings.book.timezone)
        why = {"name": opening.name, "reason": opening.reason, "time": time}
        yield f"for its time: {texts.say('en', f'opening.{opening.kind}', **why)}"
    lock_wait = request.lock_wait
    if lock_wait is not None and not request.hold:
        yield f"for its turn: #{lock_wait.holder} has {lock_wait.label}"
    yield from _votes(settings, facts, now)
    if request.stopping:
        yield "for its run to stop"
    own = [each for each in facts.effects if each.request == request.id]
    for each in own[:MOST_EFFECTS]:
        yield f"for {_effect(settings, facts, each, now)}"
    if len(own) > MOST_EFFECTS:
        yield f"for {len(own) - MOST_EFFECTS} more of these"
    for step in facts.steps:
        if step.state == "running" and step.invocation:
            where = f"{len(step.instances)} instances" if step.instances else "OOS"
            yield f"for {step.invocation} on {where} in {step.region}, which is asked how it stands"
        elif step.state == "held":
            yield f"with {len(step.instances)} instances to go"
    if request.waits:
        yield f"for an answer of {request.waits}"


def _votes(settings: config.Config, facts: Facts, now: datetime) -> Iterator[str]:
    """Which votes are missing, and whose; or whose word."""
    request, asks = facts.request, facts.request.ballot
    if asks is not None and not asks.voted:
        known = {"id": request.id, "by": _name(settings, asks.by), "shown": _cut(asks.shown)}
        yield ASKS[asks.kind].format_map(known)
        return
    if request.state is not model.State.PENDING and asks is None:
        return
    needed, digest = quorum.ballot_of(facts.book, request)
    tally = quorum.tally(needed, quorum.votes_on(digest, facts.votes))
    people = texts.joined("en", (_name(settings, who) for who in tally.waiting_for))
    task = f" at {asks.task} ({asks.kind})" if asks is not None else ""
    missing = tally.need - tally.have
    count = f"{missing} approval{'s' if missing != 1 else ''} ({tally.have} of {tally.need})"
    yield f"for {count}{task}, by {people or 'nobody who could: see its policy'}"


def _effect(settings: config.Config, facts: Facts, each: stores.OpenEffect, now: datetime) -> str:
    """An effect, and what keeps it from being sent."""
    what = f"{EFFECTS.get(each.kind, each.kind)} (effect {each.number})"
    tries = f"; {each.attempts} tr{'y' if each.attempts == 1 else 'ies'}" if each.attempts else ""
    last = f", the last: {_cut(each.reason)}" if each.reason else ""
    if each.state == "in_flight":
        since = texts.duration("en", now - (each.claimed_at or each.created_at))
        return f"{what}: the call is under way since {since}{tries}{last}"
    if each.behind:
        return f"{what}: behind {_blocker(settings, facts, each, now)}"
    if each.due_at > now:
        return f"{what}: next try {_at(settings, each.due_at, now)}{tries}{last}"
    limit = _limit(settings, facts, each, now)
    if limit:
        return f"{what}: {limit}{tries}{last}"
    late = now - each.due_at
    if late > GRACE:
        return f"{what}: due since {texts.duration('en', late)} and not taken out{tries}{last}"
    return f"{what}: it goes out now{tries}{last}"


def _blocker(settings: config.Config, facts: Facts, each: stores.OpenEffect, now: datetime) -> str:
    """What is before an effect in its lane."""
    first = next((one for one in facts.effects if one.number == each.behind), None)
    if first is None:
        return f"effect {each.behind}"
    whose = f"of #{first.request}, " if first.request and first.request != each.request else ""
    return whose + _effect(settings, facts, first, now)


def _limit(settings: config.Config, facts: Facts, each: stores.OpenEffect, now: datetime) -> str:
    """By which limit it is held back; "": by none. Worked out of what was sent lately, as the bot
    does after a restart."""
    limiter = limits.RateLimiter(settings.budgets, Still(now))
    limiter.remember(facts.history)
    allowance = limiter.room(each.rate_key)
    if allowance.count > 0:
        return ""
    again = allowance.again
    until = codec.at(again) if again is not None else None
    when = f", until {_at(settings, until, now)}" if until is not None else ""
    paused = any(key == each.rate_key for key, _ in facts.history.paused)
    where = each.rate_key.platform or settings.adapters.cloud.name
    if paused:
        return f"{where} asked not to be called for a while{when}"
    return f"held back by the rate limit of {where} ([[budget]], {each.rate_key.kind}){when}"


# ----------------------------------------------------------------------------- words


def _name(settings: config.Config, person: str) -> str:
    known = settings.book.people.get(person)
    return known.name if known is not None else person


def _place(settings: config.Config, request: model.Request) -> str:
    place = request.place
    for group in settings.book.groups:
        if (group.platform, group.chat) == (place.platform, place.chat):
            return f"{group.name} ({place.platform})"
    return f"a direct chat ({place.platform})" if place.direct else f"{place.platform}"


def _at(settings: config.Config, moment: datetime, now: datetime) -> str:
    """A moment, and how far it is away."""
    local = moment.astimezone(settings.zone)
    form = "%H:%M:%S" if local.date() == now.astimezone(settings.zone).date() else "%Y-%m-%d %H:%M"
    away = texts.duration("en", abs(moment - now))
    return f"{local:{form}} ({f'in {away}' if moment > now else f'{away} ago'})"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MOST_CHARS else f"{line[: MOST_CHARS - 1]}…"
