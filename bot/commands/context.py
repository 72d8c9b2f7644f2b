"""What a command is told: who asks, where, and what the store shows to a query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot import model, policy, texts
from bot.commands import approvals, deliveries, frozen, needs, registry, reports, usages
from bot.commands.answers import Reply
from bot.policy import access, calendar, glass, oncall, quorum

MOST_NAMED = 4


class Output(Protocol):
    """What one instance printed, or one output of a template (``instance`` is ""). ``words``: how
    it ended. ``dropped``: bytes that the platform did not keep."""

    @property
    def name(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def instance(self) -> str: ...
    @property
    def words(self) -> str: ...
    @property
    def dropped(self) -> int: ...


class Sheets(Protocol):
    """How a request looks where nothing of it is left out: see ``bot.cards.sheets``."""

    def plan(self, request: model.Request, locale: str) -> tuple[model.Block, ...]: ...
    def targets(self, request: model.Request, locale: str) -> tuple[model.Block, ...]: ...
    def results(
        self, request: model.Request, results: Sequence[model.InstanceResult], locale: str
    ) -> tuple[model.Block, ...]: ...
    def outputs(
        self,
        request: model.Request,
        results: Sequence[model.InstanceResult],
        archive: model.Archive | None,
        locale: str,
    ) -> Sequence[Output]: ...


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, where, and what the store shows to a query."""

    book: policy.Book
    catalog: registry.Catalog
    person: policy.Person
    account: model.Account
    place: model.Place
    locale: str
    view: model.View
    now: datetime
    sheets: Sheets | None = None

    def say(self, key: str, **facts: object) -> str:
        """A phrase of ``bot.texts`` in the locale of this chat."""
        return texts.say(self.locale, key, **facts)

    def outcome(self, status: str) -> str:
        """How one instance ended, in words; an unknown status stays as it is."""
        key = f"result.{status}"
        return self.say(key) if key in texts.PHRASES else status

    def action(self, action: str) -> str:
        """What an entry of the audit log says was done, in words, with the action's own name."""
        key = f"audit.action.{action}"
        return f"{self.say(key)} ({action})" if key in texts.PHRASES else action

    def name(self, person: str) -> str:
        """What people call a person; an id that is not in the book stays an id."""
        known = self.book.people.get(person)
        return known.name if known else person

    def may_use(self, word: str) -> bool:
        """May this person ask for this command here? Questions and votes are open to everybody
        known (a vote is judged when it is cast) but for those ``by_role``; these and operations go
        by role, and by this chat."""
        command = self.catalog.find(word)
        if command is None or (
            command.kind == "operation" and command.name not in self.book.commands
        ):
            return False
        by_role = command.by_role or command.kind == "operation"
        return not by_role or access.may_use(self.book, self.person, command.name, self.place)

    def may_vote(self, request: model.Request) -> bool:
        """Is this person in the electorate of the request, whether or not they voted already?"""
        needed, _ = quorum.ballot_of(self.book, request)
        return self.person.id in quorum.electorate(needed)

    def may_see(self, request: model.Request) -> bool:
        """Own requests, those to vote on now or by the plan, those of which this person may break
        the glass, those that were asked in this very chat, and those of a group in which this
        person may ask for the same."""
        at = request.place
        return (
            request.person == self.person.id
            or self.may_vote(request)
            or self.person.id in quorum.of(self.book, request).approvers
            or glass.may_break(self.book, request, self.person, self.now)
            or self.at_home(request)
            or (not at.direct and access.may_use(self.book, self.person, request.command, at))
        )

    def at_home(self, request: model.Request) -> bool:
        """Is this the chat in which the request was asked?"""
        home = (request.place.platform, request.place.tenant, request.place.chat)
        return home == (self.place.platform, self.place.tenant, self.place.chat)

    def may_tell(self, request: model.Request) -> bool:
        """May this chat read what the request runs and what it printed? Its own may, and a direct
        chat of somebody who may see it: what was said in one chat is not carried into a group."""
        return self.at_home(request) or self.place.direct

    @property
    def request(self) -> model.Request | None:
        """The request that is asked about; None: it is not there, or must not be seen."""
        request = self.view.request
        return request if request is not None and self.may_see(request) else None

    def no_request(self, number: int) -> Reply:
        """What is said of a request that is not there or must not be seen: the same of both."""
        text = self.say("request.none" if number else "request.which", number=number)
        return Reply(text, (model.Block("para", (model.Span(text),)),))

    def elsewhere(self, request: model.Request) -> Reply:
        """What is said of one that this person may see, but not here."""
        text = self.say("request.elsewhere", number=request.id)
        return Reply(text, (model.Block("para", (model.Span(text),)),))

    def plan(self, request: model.Request) -> tuple[model.Block, ...]:
        """Everything that a vote on the request is about."""
        return self.sheets.plan(request, self.locale) if self.sheets else ()

    def targets(self, request: model.Request) -> tuple[model.Block, ...]:
        """Every instance of the request."""
        return self.sheets.targets(request, self.locale) if self.sheets else ()

    def results(self, request: model.Request) -> tuple[model.Block, ...]:
        """What became of every instance of the request."""
        results = self.view.results
        return self.sheets.results(request, results, self.locale) if self.sheets else ()

    def outputs(self, request: model.Request) -> Sequence[Output]:
        """What the request printed, all that is kept of it."""
        if self.sheets is None:
            return ()
        return self.sheets.outputs(request, self.view.results, self.view.archive, self.locale)

    def waiting_for(self, request: model.Request) -> tuple[str, ...]:
        """The people whose vote a request waits for; none of one on hold."""
        asks = request.ballot is not None and request.ballot.voted
        if request.hold or not (asks or request.state is model.State.PENDING):
            return ()
        needed, digest = quorum.ballot_of(self.book, request)
        shown = dict.fromkeys((*self.view.votes, *self.view.listing_votes))
        own = (vote for vote in shown if vote.request == request.id)
        return quorum.tally(needed, quorum.votes_on(digest, own)).waiting_for

    def needs(self, request: model.Request, waits: bool = False) -> tuple[needs.Need, ...]:
        """What a request needs that is voted on now, policy by policy; nothing is where nobody
        votes. ``waits``: also what one had that was approved and has not begun."""
        voted = request.state is model.State.PENDING or (request.ballot and request.ballot.voted)
        if not voted and not (waits and request.scheduled and not request.broken):
            return ()
        votes = (vote for vote in self.view.votes if vote.request == request.id)
        return needs.needs_of(self.book, request, votes, self.locale)

    def remaining(self, request: model.Request) -> timedelta | None:
        """How long votes are still taken on what is asked now; None: for as long as it takes."""
        asks = request.ballot
        until = request.expires_at if asks is None else asks.expires_at
        return until - self.now if until is not None else None

    def hold(self, request: model.Request) -> str:
        """Why a request is on hold, as a sentence; "": it is not."""
        if not request.hold or request.state.final:
            return ""
        key = f"hold.{request.hold}"
        return self.say(key if key in texts.PHRASES else "hold.other", id=request.id)

    def opening(self, request: model.Request) -> str:
        """For how long, or for whom, a request still has to wait, and why; "": it has not to."""
        opening, lock_wait = request.opening, request.lock_wait
        if request.hold or (opening is None and lock_wait is None):
            return ""
        if lock_wait is not None:
            return self.say("lock.waits", number=lock_wait.holder, name=lock_wait.label)
        assert opening is not None
        time = calendar.shown(opening.at, self.book.timezone)
        facts = {"name": opening.name, "reason": opening.reason, "time": time}
        return self.say(f"opening.{opening.kind}", **facts)

    def on_call(self) -> tuple[tuple[str, str], ...]:
        """Each rota by its name, with who is on call now, until when, and who is next."""
        rotas = self.book.oncall.rotas.items()
        return tuple((name, self._turns(name) + self._calendar(rota)) for name, rota in rotas)

    def _calendar(self, rota: oncall.Rota | oncall.CalendarRota) -> str:
        """What is wrong with the calendar of a rota; "": nothing, or it has none."""
        if not isinstance(rota, oncall.CalendarRota):
            return ""
        calendar = rota.calendar
        if calendar is None or calendar.read_at is None:
            return self.say("oncall.never")
        text = self.say("oncall.unknown", titles=calendar.unknown) if calendar.unknown else ""
        if calendar.fault:
            text += self.say("oncall.stale", span=self.now - calendar.read_at)
        return text

    def _turns(self, name: str) -> str:
        roster = self.book.oncall
        turn = roster.turn(name, self.now)
        names = quorum.names(self.book, turn.people)
        text = self.say("oncall.now", names=names) if names else self.say("oncall.nobody")
        if any(who in self.book.absences.known for who in turn.people):
            text += self.say("oncall.away")
        if turn.end is None:
            return text
        text += self.say("oncall.until", time=calendar.shown(turn.end, roster.rotas[name].zone))
        following = quorum.names(self.book, roster.on_call(name, turn.end))
        key = "oncall.next" if following else "oncall.next.nobody"
        return f"{text} · {self.say(key, names=following)}"

    def freezes(self) -> tuple[frozen.Frozen, ...]:
        """What is frozen now."""
        return tuple(frozen.frozen(self.book, self.view.archive, self.now, self.locale))

    def delays(self, request: model.Request) -> list[tuple[str, tuple[model.Span, ...]]]:
        """Why nothing of a request goes on now, as rows; none: it may."""
        label = "card.opening" if request.lock_wait is None else "card.queued"
        reasons = (("card.hold", self.hold(request)), (label, self.opening(request)))
        return [(self.say(key), (model.Span(text),)) for key, text in reasons if text]

    def glass_rows(self, request: model.Request) -> list[tuple[str, tuple[model.Span, ...]]]:
        """Who had a request started without its votes, as rows; none: nobody had."""
        text = self.glass(request)
        return [(self.say("card.glass"), (model.Span(text),))] if text else []

    def glass(self, request: model.Request) -> str:
        """Who had a request started without its votes and why, and what came of that, as a
        sentence; "": nobody had."""
        broken = request.glass
        if broken is None:
            return ""
        key = f"card.glass.{broken.outcome or 'open'}"
        outcome = self.say(key, time=calendar.shown(broken.until, self.book.timezone))
        facts = {"name": self.name(broken.by.person), "reason": broken.reason or "–"}
        return f"{self.say('card.glass.by', **facts)} · {outcome}"

    def standing(self) -> tuple[approvals.Approval, ...]:
        """The standing approvals that are in force, of those that may be told of here."""
        archive = self.view.archive
        rows = archive.standing_in_force(self.now, approvals.MOST) if archive is not None else ()
        mine = [one for one in rows if self.may_see(one.request) and self.may_tell(one.request)]
        return tuple(approvals.approval(self.book, one, self.locale) for one in mine)

    def in_use(self) -> tuple[model.InUse, ...]:
        """What requests that this person may see have or wait for, and which others do."""
        visible = {one.id for one in self.view.listing if self.may_see(one)}
        names = {lock.name for lock in self.view.locks if lock.request in visible}
        return model.in_use(lock for lock in self.view.locks if lock.name in names)

    def removed(self, request: model.Request) -> str:
        """Why the texts of a request are gone, as a sentence; "": they are there."""
        return texts.removed(self.locale, request.removed)

    def gone(self, request: model.Request) -> Reply:
        """What is said in place of what was removed."""
        title = f"#{request.id} {self.what(request)}"
        return Reply(title, (model.Block("para", (model.Span(self.removed(request)),)),))

    def what(self, request: model.Request) -> str:
        """A request in a few words: its command and the instances, by name."""
        if request.plan is not None:
            targets = [instance.name or instance.id for instance in request.plan.instances]
        else:
            command = self.catalog.find(request.command)
            parameter = command.parameter("targets") if command else None
            targets = _named(request.args.get(parameter.name if parameter else "targets"))
        named = " ".join(targets[:MOST_NAMED])
        if len(targets) > MOST_NAMED:
            named += f" +{len(targets) - MOST_NAMED}"
        return f"{request.command} {named}".strip()

    def subject(self, letter: model.Letter) -> str:
        """What a letter is about: the rule that made it, or the request whose end it tells."""
        return deliveries.subject(self.locale, letter)

    def target(self, letter: model.Letter) -> str:
        """Where a letter goes, in a few words."""
        return deliveries.target(self.locale, self.book, letter.deliver)

    def contents(self, letter: model.Letter) -> str:
        """What a letter says, without the values that are never shown."""
        to = letter.deliver.to
        command = self.catalog.find(to.command) if isinstance(to, model.ToCommand) else None
        return deliveries.contents(letter.deliver, command.hidden if command else frozenset())

    def why(self, letter: model.Letter) -> str:
        """Why a letter was not delivered."""
        return texts.reason(self.locale, letter.code, letter.reason)

    def report(self) -> reports.Sheet:
        """The numbers of the month that was asked about, in words."""
        assert self.view.report is not None
        return reports.sheet(self.locale, self.book, self.view.report)

    def usage(self) -> tuple[model.Block, ...]:
        """What is used of the quotas of this month, a line for each platform that has one."""
        return tuple(
            model.Block(
                "para",
                (model.Span(usages.line(self.locale, quota, self.view.usage, self.now)),),
            )
            for quota in self.book.quotas.values()
        )

    def state(self, request: model.Request) -> str:
        """The word for a request's state, and whether it is on hold."""
        word = self.say(f"state.{request.word}")
        return f"{word} · {self.say('state.on_hold')}" if self.hold(request) else word


def _named(targets: Any) -> list[str]:
    """Targets as people typed them, also where they are the JSON of OOS."""
    words: list[str] = []
    for one in [targets] if isinstance(targets, Mapping) else targets or ():
        if not isinstance(one, Mapping):
            words.append(str(one))
            continue
        parts = {str(key).casefold(): part for key, part in one.items()}
        ids, tags = parts.get("resourceids") or (), parts.get("tags") or ()
        words += [str(each) for each in ids]
        words += [
            f"tag:{tag.get('Key')}={tag.get('Value')}" for tag in tags if isinstance(tag, Mapping)
        ]
        if not ids and not tags:
            words.append(str(parts.get("type", "?")))
    return words
