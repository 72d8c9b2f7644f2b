"""A decision in the making: collects what one event changes, so that each rule reads as prose."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Literal

from bot import audit, cards, model, policy, redact, texts
from bot.commands import api
from bot.deployment import Deployment
from bot.oos.template import model as oos
from bot.oos.template import parse
from bot.policy import identity, quorum

VOTE_TIMERS = ("ballot", "ballot_expires")
BATCH_TIMER = "batch"
"""The kind of the due time at which a request takes over the votes cast on the card of another."""
ENDINGS = (
    "expire", "remind", "plan", "definition", "overdue", "lost", "wake", "progress", "opening",
    "countdown", "people", BATCH_TIMER, *VOTE_TIMERS,
)  # fmt: skip


@functools.lru_cache(maxsize=1024)
def parsed(text: str, name: str) -> oos.Template:
    """The template of a text that was checked when it was loaded."""
    return parse.parse(text, name, name)


class DecisionBuilder:
    """``request``, ``votes``, ``steps`` and ``results`` show the state as changed so far; ``held``
    is why its run may not go on, in words."""

    def __init__(self, deployment: Deployment, view: model.View, now: datetime) -> None:
        self.deployment, self.view, self.now = deployment.as_of(now, view.archive), view, now
        self.request = view.request
        self.votes = view.votes
        self.steps = {step.index: step for step in view.steps}
        self.results = {result.instance: result for result in view.results}
        self.effects: list[model.NewEffect] = []
        self.entries: list[model.AuditEntry] = []
        self.timers: list[model.Timer] = []
        self.cleared: list[str] = []
        self.dropped: list[str] = []
        self.journal: list[model.JournalRow] = []
        self.sources: dict[str, str] = {}
        self.published: list[model.CloudEvent] = []
        self.untold: list[int] = []
        self.links: list[model.FormLink] = []
        self.freezes: list[model.Freeze] = []
        self.absences: list[model.Absence] = []
        self.noted: Mapping[str, object] = {}
        self.spoken = ""
        self.carried = False
        self.held = ""
        self.closed: model.Request | None = None
        self.reopened = False
        self.locks: tuple[model.Lock, ...] | None = None
        self.calendars: list[model.Calendar] = []
        self.regrouped: dict[int, model.Request] = {}
        self.standing: model.StandingApproval | None = None

    def asked_by(
        self, person: policy.Person, account: model.Account, place: model.Place, locale: str
    ) -> api.Context:
        """Who asks, where, and what a command is shown."""
        return api.Context(
            book=self.deployment.book,
            catalog=self.deployment.catalog,
            person=person,
            account=account,
            place=place,
            locale=locale,
            view=self.view,
            now=self.now,
            sheets=cards.Sheets(self.deployment, redact.covered),
        )

    # ------------------------------------------------------------- the request

    @property
    def it(self) -> model.Request:
        """The request, where there must be one."""
        assert self.request is not None
        return self.request

    @property
    def thread(self) -> model.Place:
        """Where the request is told of: under the message that asked, or under the card, once the
        bot has taken that message back."""
        under = self.it.card if self.it.recall == "done" and self.it.card else ""
        return replace(self.it.place, message=under) if under else self.it.place

    @property
    def context(self) -> Mapping[str, Any]:
        """What was noted of the request when its instances were looked up; of one that needs no
        look, what was noted just now, whatever effect it may come from."""
        if self.noted or self.view.effect is None:
            return self.noted
        return self.view.effect.context

    def template(self, name: str, digest: str) -> oos.Template:
        """A template, as the text of this digest has it. LookupError: neither a command nor the
        store has it."""
        loaded = self.deployment.catalog.template(digest)
        if loaded is not None:
            return loaded
        text = self.text(digest)
        if text is None:
            raise LookupError(f"the template {name} ({digest[:12]}) is not in the store")
        return parsed(text, name)

    def text(self, digest: str) -> str | None:
        """A template's text, kept just now or before; None: it is not in the store."""
        if digest in self.sources:
            return self.sources[digest]
        return self.view.archive.source(digest) if self.view.archive is not None else None

    def library(self, templates: Mapping[str, str]) -> dict[str, oos.Template]:
        """Every template of a plan, by its name, as it was when it was voted on."""
        return {name: self.template(name, digest) for name, digest in templates.items()}

    @property
    def locale(self) -> str:
        """The language to answer in: ``spoken`` where a person writes, else the request's own."""
        return self.spoken or self.it.locale

    def create(self, request: model.Request) -> None:
        """A new request; votes, steps and results of another are not its own."""
        if self.view.request is not None and self.view.request.id != request.id:
            self.votes, self.steps, self.results = (), {}, {}
        self.request = request

    def take_over(self, old: DecisionBuilder) -> None:
        """Let what was decided of the request that the store showed be part of this decision, which
        makes another one."""
        self.closed = old.request
        self.effects += old.effects
        self.dropped += old.dropped
        self.entries += old.entries
        self.regrouped |= old.regrouped

    def change(self, **fields: Any) -> None:
        """Change the request; its version grows once for the whole decision."""
        old = self.view.request
        own = old is not None and old.id == self.it.id
        version = old.version + 1 if own and old is not None else self.it.version
        self.request = replace(self.it, version=version, **fields)

    def peers(self) -> tuple[model.Request, ...]:
        """The other requests that are told of by the same card, as changed so far."""
        others = (self.regrouped.get(one.id, one) for one in self.view.batch)
        return tuple(one for one in others if one.batch and one.batch == self.it.batch)

    def beside(self, other: model.Request) -> DecisionBuilder:
        """A builder for another request of the batch; what it changes is no part of this decision
        by itself."""
        rest = (self.it, *(one for one in self.view.batch if one.id != other.id))
        view = replace(
            self.view, request=other, votes=(), steps=(), results=(), batch=rest, batch_votes=()
        )
        return DecisionBuilder(self.deployment, view, self.now)

    def finish(self, state: model.State, by: str = "", **fields: object) -> None:
        """Bring the request to a final state: it asks nothing any more, and its timers are
        forgotten."""
        stepped = self.lag().total_seconds() if self.it.approved_at else 0.0
        fields |= {"ended_at": self.now, "stepped": stepped, "ballot": None}
        fields |= {"opening": None, "counted_at": None, "lock_wait": None}
        fields |= {"on_call": (), "away": ()}
        self.change(state=state, ended_by=by or self.it.ended_by, **fields)
        self.cleared.extend(ENDINGS)

    def lag(self) -> timedelta:
        """By how much the machine's clock was set since the request was approved."""
        return self.view.shift - timedelta(seconds=self.it.shift)

    def passed(self) -> None:
        """What its run asks was agreed to; with the agreement that the plan itself took, it stands
        for that from now on."""
        ballot = self.it.ballot
        assert ballot is not None
        self.change(passed=(ballot,) if ballot.whole else (*self.it.passed, ballot))

    def current_view(self) -> model.View:
        """What the store showed, with the votes and steps as changed so far."""
        return replace(self.view, votes=self.votes, steps=tuple(self.steps.values()))

    def ballot(self) -> tuple[quorum.Quorum, tuple[model.Vote, ...]]:
        """Whose agreement the request needs now, and the votes on that."""
        needed, digest = quorum.ballot_of(self.deployment.book, self.it)
        return needed, quorum.votes_on(digest, self.votes)

    def tally(self) -> quorum.Tally:
        """How the votes stand on what is asked now."""
        return quorum.tally(*self.ballot())

    def vote(self, vote: model.Vote) -> None:
        """Add a vote, with all the accounts that its person holds now, and those for whom they
        stand in."""
        book = self.deployment.book
        held, behalf = identity.accounts_held(book, vote.person), book.absences
        vote = replace(vote, accounts=held, on_behalf=behalf.represented(vote.person))
        self.votes = (*self.votes, vote)
        self.change()

    def step(self, step: model.Step) -> None:
        self.steps[step.index] = step

    def result(self, result: model.InstanceResult) -> None:
        self.results[result.instance] = result

    @property
    def name(self) -> str:
        """What the keys of the request's effects are made of: random, so that a number that is
        given out again in a restored store never meets an old key. Requests of earlier releases
        have the store's id and their number."""
        return self.it.nonce or f"{self.view.installation}:{self.it.id}"

    # ------------------------------------------------------------- what leaves

    def enter(self, actor: str, action: str, /, **facts: object) -> int:
        """Add an audit entry; returns the number it will have."""
        request = self.request.id if self.request else 0
        seed = f"{self.view.salt}:{len(self.entries)}"
        salt = hashlib.sha256(seed.encode()).hexdigest()[:32] if self.view.salt else ""
        self.entries.append(model.AuditEntry(actor, action, request, facts, salt))
        return self.view.audit_seq + len(self.entries)

    def stamp(self) -> str:
        """The newest entry as chats print it, "SEQ:HASH": with it anybody can later prove that
        nothing up to there was changed or cut off."""
        hash_, seq = self.view.audit_hash, self.view.audit_seq
        at = audit.iso(self.now.replace(microsecond=self.now.microsecond // 1000 * 1000))
        for entry in self.entries:
            seq += 1
            facts = audit.canonical_facts(audit.split(entry)[0])
            hash_ = audit.digest(hash_, seq, at, entry.actor, entry.action, entry.request, facts)
        return f"{seq}:{hash_[: audit.STAMPED]}"

    def queue(self, key: str, lane: str, body: model.Effect, **options: Any) -> None:
        request = self.request.id if self.request else 0
        self.effects.append(model.NewEffect(key, lane, body, request, **options))

    def take_back(self, prefix: str) -> None:
        """Let nothing whose key begins so leave that has not left yet: queued now, or before."""
        self.effects = [each for each in self.effects if not each.key.startswith(prefix)]
        self.dropped.extend(sorted(key for key in self.view.unsent if key.startswith(prefix)))

    def answer(
        self, event: model.MessageReceived, text: str, title: str = "", locale: str = ""
    ) -> None:
        """Answer a message directly, mentioning who wrote it."""
        mentions = (event.account,) if event.account.id else ()
        message = cards.sentence(title, text, mentions, quote=event.text)
        self.reply(event, message)

    def reply(self, event: model.MessageReceived, message: model.Message) -> None:
        key = f"say:{event.id}"
        body = model.Say(event.place, message, self.fresh(key))
        self.effects.append(model.NewEffect(key, key, body))

    def fresh(self, key: str) -> str:
        """A key as platforms get it. A row keeps its own, so that a repeated try is recognised;
        what is decided again, in a store that was put back, is something new to them."""
        return f"{key}:{self.view.nonce}" if self.view.nonce else key

    def tell(
        self,
        what: str,
        message: model.Message,
        final: str = "",
        spare: model.Spare | None = None,
    ) -> None:
        """Say something in the request's thread; ``what`` names it and makes it happen once.
        ``final``: the audit stamp of how the request ended, which is never given up: where it
        cannot be said, it is told another way. ``spare``: it may be left out as this."""
        key = f"say:{self.name}:{what}"
        context = {"final": final} if final else spared(spare)
        body = model.Say(self.thread, message, self.fresh(key), fixed=bool(final))
        self.queue(key, f"chat:{self.it.id}", body, context=context)

    def tell_sentence(
        self, what: str, key: str, mentions: tuple[model.Account, ...] = (), **facts: object
    ) -> None:
        self.tell(what, self.sentence(key, mentions, **facts))

    def sentence(
        self, key: str, mentions: tuple[model.Account, ...] = (), **facts: object
    ) -> model.Message:
        """A message of one sentence about the request: the phrase ``key``."""
        request = self.it
        facts = {"id": request.id, "command": request.command, **facts}
        text = texts.say(request.locale, key, **facts)
        return cards.sentence(cards.title_of(request), text, mentions, quote=request.text)

    def asker(self) -> tuple[model.Account, ...]:
        """The requester's account, where it can be mentioned in the thread."""
        account = self.it.account
        return (account,) if account.platform == self.it.place.platform and account.id else ()

    def card(self, request: model.Request | None = None) -> model.Card:
        """The request's card as it stands now, or that of the one that the store showed."""
        if request is not None:
            return cards.card_of(self.deployment, replace(self.view, request=request))
        results = tuple(self.results.values())
        batch = tuple(self.regrouped.get(one.id, one) for one in self.view.batch)
        view = replace(self.current_view(), request=self.it, results=results, batch=batch)
        return cards.card_of(self.deployment, view)

    def card_key(self) -> str:
        """How the keys of everything begin that is done with the request's card."""
        return f"card:{self.name}"

    def show_card(self, number: int = 1) -> None:
        """Send the request's card, or the next one where nobody knows whether the last arrived."""
        self.card()  # what cannot be drawn is not put to the vote, and nothing of it starts
        key = self.card_key() + (f":card{number}" if number > 1 else "")
        body = model.ShowCard(self.thread, None, self.fresh(key))
        self.queue(key, f"chat:{self.it.id}", body, context={"card": number})

    def update_card(self, spare: model.Spare | None = None) -> None:
        """Let everybody's card tell the state as it is when that is sent; older updates are
        overtaken, also within this very decision. ``spare``: it may be left out as this, unless
        one that it overtakes may not."""
        host = self.host()
        if self.it.plan is None or host is None:
            return
        key = f"{self.card_key()}:v{self.it.version}"
        needed = any(effect.key == key and not effect.context for effect in self.effects)
        self.effects = [effect for effect in self.effects if effect.key != key]
        body, context = model.UpdateCard(host.place), {} if needed else spared(spare)
        lane = f"chat:{host.id}"
        self.effects.append(
            model.NewEffect(key, lane, body, host.id, replaces=True, context=context)
        )

    def host(self) -> model.Request | None:
        """The request on whose card this one stands; None: it is not known any more."""
        if self.it.leads or self.it.batch is None:
            return self.it
        lead = self.it.batch.lead
        return next((one for one in self.view.batch if one.id == lead), None)

    def remind(self, kind: str, after: timedelta, keep: bool = False) -> None:
        self.timers.append(model.Timer(self.it.id, kind, self.now + after, keep))

    # ------------------------------------------------------------- the end

    def receipt(
        self,
        toast: str = "",
        tone: Literal["success", "info", "warning", "error"] = "info",
        card: bool | model.Card = False,
    ) -> model.Decision:
        """The decision, with what is answered at once: ``card`` is what the clicked card becomes,
        True for the request's own as it stands now."""
        subject = self.closed or self.request
        own = card is True and subject is not None and subject.plan is not None
        shown = self.card(self.closed) if own else card if isinstance(card, model.Card) else None
        changed = self.request if self.request is not self.view.request else None
        steps = tuple(step for step in self.steps.values() if step not in self.view.steps)
        results = tuple(
            result for result in self.results.values() if result not in self.view.results
        )
        return model.Decision(
            receipt=model.Receipt(texts.plain(toast), tone, shown),
            request=changed,
            votes=self.votes[len(self.view.votes) :],
            steps=steps,
            results=results,
            effects=tuple(self.effects),
            drop_effects=tuple(self.dropped),
            timers=(*self.timers, *self._follow_ups()),
            clear_timers=tuple(dict.fromkeys(self.cleared)),
            audit=tuple(self.entries),
            journal=tuple(self.journal),
            sources=self.sources,
            published=tuple(self.published),
            untold=tuple(self.untold),
            links=tuple(self.links),
            freezes=tuple(self.freezes),
            absences=tuple(self.absences),
            closed=self.closed,
            reopened=self.reopened,
            locks=self.locks,
            calendars=tuple(self.calendars),
            regrouped=tuple(self.regrouped.values()),
            standing=self.standing,
        )

    def _follow_ups(self) -> list[model.Timer]:
        """When the others of a batch look at what was decided on the one whose card it is: now."""
        before, now = self.view.request, self.closed or self.request
        if before is None or now is None or before.batch is None or not before.leads:
            return []
        votes = self.votes[len(self.view.votes) :] if self.closed is None else ()
        if before.state is not model.State.PENDING or (now.state is before.state and not votes):
            return []
        return [model.Timer(number, BATCH_TIMER, self.now) for number in before.batch.members[1:]]


def spared(what: model.Spare | None) -> dict[str, str]:
    """The context of an effect that may be left out as this; None: it may not."""
    return {} if what is None else {model.SPARE: what}


def refusal_text(locale: str, refusal: policy.Refusal, **more: object) -> str:
    """A refusal as a sentence."""
    return texts.say(locale, refusal.key, **{**refusal.facts, **more})


def reason_of(locale: str, outcome: model.Outcome) -> str:
    """Why it did not come about, in words."""
    code, reason = getattr(outcome, "code", ""), getattr(outcome, "reason", "")
    return texts.reason(locale, code, reason)


def approvers_of(votes: tuple[model.Vote, ...]) -> list[str]:
    return [vote.person for vote in votes if vote.approve]
