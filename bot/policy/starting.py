"""The conditions of approving and of starting, by the configuration of that very moment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bot import model, texts
from bot.policy import (
    access,
    calendar,
    conditions,
    glass,
    identity,
    limits,
    locking,
    needs,
    quorum,
    voting,
)
from bot.policy.model import Refusal, Verdict


@dataclass(frozen=True)
class Facts(conditions.Facts, ABC):
    """A request that was put to the vote, and the votes on it. ``foreign``: somebody else started
    it, on another engine, so that only the votes on what it asks are judged. ``exists``: its
    command is still configured and loaded. ``since``: when it first could have started; None:
    nobody noted it."""

    request: model.Request
    votes: tuple[model.Vote, ...]
    foreign: bool
    exists: bool
    since: datetime | None

    @property
    @abstractmethod
    def intact(self) -> bool:
        """Are the hidden values of its plan those that were voted on?"""

    @property
    @abstractmethod
    def unchanged(self) -> bool:
        """Does its plan have the digest that was voted on, and does the call that is to leave carry
        that plan?"""

    @property
    @abstractmethod
    def mentioned(self) -> tuple[tuple[model.Instance, str], ...]:
        """The instances that parameters name beside the targets, with the hidden parameter that
        names them ("": none does)."""

    @property
    @abstractmethod
    def decided_unseen(self) -> bool:
        """Could something hidden decide what the plan does?"""

    @property
    @abstractmethod
    def forbidden_value(self) -> limits.ForbiddenValue | None:
        """The first value that the configuration does not allow any more."""

    @property
    @abstractmethod
    def screened(self) -> Verdict:
        """What the patterns of now say of it, where they are not those that it was made under."""

    @property
    @abstractmethod
    def freezes(self) -> Sequence[model.Freeze]:
        """The freezes of people that are in force now."""

    @cached_property
    def closure(self) -> calendar.Closure | None:
        """Why the calendar lets nothing of it start now; None: it does. What changes nothing
        outside is never frozen: so a freeze does not stop the way out of it."""
        book, request = self.book, self.request
        inside = request.plan is not None and bool(request.plan.internal)
        group = access.group_of(book, request.place.platform, request.place.chat)
        name = group.name if group is not None else ""

        def concerning(periods: tuple[calendar.Period, ...]) -> list[calendar.Period]:
            if inside:
                return []
            return [one for one in periods if one.concerns(request.command, name, request.risk)]

        terms = request.plan.terms if request.plan is not None else {}
        starts = terms.get("starts_at")
        begin = datetime.fromisoformat(starts) if starts else None
        if glass.passes_freezes(book, request):
            return calendar.closure((), (), self.now, begin)
        freezes = concerning((*book.freezes, *calendar.periods(self.freezes)))
        return calendar.closure(freezes, concerning(book.windows), self.now, begin)

    @property
    @abstractmethod
    def contention(self) -> locking.Contention | None:
        """What is in the way of its start, as it needs it for itself; None: nothing is, or its run
        has begun."""

    @property
    @abstractmethod
    def standing(self) -> Refusal | None:
        """Why the standing approval whose votes are among these does not count now."""

    @property
    @abstractmethod
    def subject(self) -> needs.Subject | None:
        """What is asked for, on the targets of the plan; None: there is no plan."""


def plan(facts: Facts) -> Refusal | None:
    """Is the plan the one that was voted on?"""
    return None if facts.unchanged else Refusal("authority.plan", {"id": facts.request.id})


def sealed(facts: Facts) -> Refusal | None:
    """Are its hidden values those that were voted on?"""
    return None if facts.intact else Refusal("authority.sealed", {"id": facts.request.id})


def open_request(facts: Facts) -> Refusal | None:
    """Is the request open?"""
    request = facts.request
    return Refusal("authority.ended", {"id": request.id}) if request.state.final else None


def hold(facts: Facts) -> Refusal | None:
    """Is it free to go on?"""
    return refusal_of_hold(facts.request) if facts.request.hold else None


def refusal_of_hold(request: model.Request) -> Refusal:
    """Why the request is held, as a sentence."""
    key = f"hold.{request.hold}"
    return Refusal(key if key in texts.PHRASES else "hold.other", {"id": request.id})


def command(facts: Facts) -> Refusal | None:
    """Is there still such a command?"""
    if facts.foreign or facts.exists:
        return None
    return Refusal("authority.command", {"id": facts.request.id, "command": facts.command})


def requester(facts: Facts) -> Refusal | None:
    """Is whoever asked still known, and may they still ask for this here? Where the account is
    another person's now, both must be allowed."""
    if facts.foreign:
        return None
    book, request = facts.book, facts.request
    holder = identity.person_of(book, request.account)
    then = book.people.get(request.person)
    shown = {"id": request.id, "command": request.command, "name": request.person}
    if (then is None and holder is None) or (request.account.id and holder is None):
        return Refusal("authority.requester", shown)
    for person in (then, holder):
        if person is not None and not access.may_use(book, person, request.command, request.place):
            return Refusal("authority.right", {**shown, "name": person.name})
    return None


def targets(facts: Facts) -> Refusal | None:
    """May the command still run on its targets, as far as they are left?"""
    plan, request = facts.request.plan, facts.request
    if facts.foreign or plan is None:
        return None
    here = tuple(instance for instance in plan.instances if instance.id not in request.gone)
    return limits.refusal_of_targets(facts.book.commands[facts.command], here)


def mentions(facts: Facts) -> Refusal | None:
    """May it still touch the instances that are named beside its targets?"""
    if facts.foreign:
        return None
    for instance, hidden in facts.mentioned:
        refusal = limits.refusal_of_names(facts.book.commands[facts.command], (instance,))
        if refusal is not None:
            return Refusal("refused.target", {"target": hidden}) if hidden else refusal
    return None


def shown(facts: Facts) -> Refusal | None:
    """Could people read what they approved? Plans of which something hidden decides what they do
    are no longer made; earlier releases put them to the vote."""
    if facts.foreign or not facts.decided_unseen:
        return None
    return Refusal("authority.hidden", {"id": facts.request.id})


def calls(facts: Facts) -> Refusal | None:
    """Can each call be judged by the instances that it acts on, where another engine makes it?"""
    plan = facts.request.plan
    if facts.foreign or plan is None or not plan.away:
        return None
    if limits.unjudged(facts.book.commands[facts.command]) == "allow":
        return None
    return Refusal("authority.unjudged", {"id": facts.request.id})


def values(facts: Facts) -> Refusal | None:
    """Are all values still among those that the configuration allows?"""
    return None if facts.foreign else conditions.refusal_of_value(facts.forbidden_value)


def patterns(facts: Facts) -> Refusal | Verdict | None:
    """Do the patterns of now still let it through, and whom do they add?"""
    if facts.foreign:
        return None
    refusal = facts.screened.refusal
    if refusal is None or "reason" not in refusal.facts:
        return facts.screened
    shown = {"id": facts.request.id, **refusal.facts}
    if refusal.key == "refused.required":
        return Refusal("authority.required", shown)
    return Refusal("authority.forbidden", shown)


def when(facts: Facts) -> Verdict | None:
    """Which further policies are needed, by the tables and the time of now?"""
    if facts.foreign or not facts.book.when:
        return None
    subject = facts.subject
    return needs.judged(facts.book, subject) if subject is not None else None


def votes(facts: Facts, verdict: Verdict) -> Refusal | None:
    """Do the votes on the plan, and on what its run asked, still suffice, by its policies as they
    are now and by those that were added? Those of a standing approval only while it counts. Or
    does break-glass stand in for them, by all of these?"""
    request, cast, suspended = facts.request, facts.votes, facts.standing
    if suspended is not None:
        cast = tuple(vote for vote in cast if vote.via != "standing")
    if request.broken:
        refusal = glass.refusal_of_standing(facts.book, request, verdict.policies)
        if refusal is not None:
            return refusal
    if not facts.foreign:
        request = voting.more(request, facts.screened.policies)
    name = voting.lacking(facts.book, request, cast, facts.foreign)
    if name:
        return suspended or Refusal("authority.votes", {"id": request.id, "policy": name})
    added = set(verdict.policies) - set(request.policy_names)
    whole = voting.more(request, verdict.policies)
    if not added or not voting.lacking(facts.book, whole, cast, facts.foreign):
        return None
    shown = {"policies": sorted(added), "reasons": list(verdict.reasons)}
    return Refusal("authority.more", {"id": request.id, **shown})


def time(facts: Facts) -> Refusal | None:
    """Is it early enough?"""
    if facts.since is None:
        return None
    age, within = facts.now - facts.since, quorum.of(facts.book, facts.request).run_within
    if age <= within:
        return None
    return Refusal("authority.too_late", {"id": facts.request.id, "age": age, "within": within})


CLOSED = ("authority.freeze", "authority.window", "authority.time")
"""The keys of refusals that end by themselves."""


def opening(facts: Facts) -> Refusal | None:
    """Does no freeze, no change window and not the time that was voted on keep it from starting at
    this moment?"""
    closure = facts.closure
    if closure is None:
        return None
    shown = {"id": facts.request.id, "name": closure.period.name, "reason": closure.period.reason}
    if closure.opens is None:
        return Refusal("authority.never", shown)
    until = calendar.shown(closure.opens, facts.book.timezone)
    return Refusal(f"authority.{closure.kind}", {**shown, "time": until})


LOCKED = "lock.waits"
"""The key of the refusal of what waits for its turn."""


def locks(facts: Facts) -> Refusal | None:
    """Does no other request have what it needs for itself?"""
    other = facts.contention
    if other is None:
        return None
    shown = {"number": other.lock.request, "name": other.lock.label}
    if other.mode == "queue":
        return Refusal(LOCKED, shown)
    return Refusal("authority.busy", {"id": facts.request.id, **shown})
