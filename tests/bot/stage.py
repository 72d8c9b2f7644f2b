"""A stage for the core: real store, real engine, a virtual clock, an outside that the test plays.

Nothing runs by itself: a test submits events, claims effects and settles them one by one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot import cards as cards_
from bot import core, deployment, model, policy, regexes, store
from bot.model import ports
from bot.policy import identity
from bot.runtime import engine, scheduler, usage
from tests import stores
from tests.bot import catalogs, event_shapes

COMMANDS = Path(__file__).resolve().parents[2] / "commands"
PLATFORM, TENANT, CHAT = "chat", "corp", "room"
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def person(name: str, *roles: str) -> policy.Person:
    return policy.Person(name, name.title(), ((PLATFORM, f"u-{name}"),), frozenset(roles))


def book(**changes: object) -> policy.Book:
    """A small company: alice asks, bob, carol and erin approve, dave has no role."""
    people = {
        p.id: p
        for p in (
            person("alice", "dev"),
            person("bob", "sre"),
            person("carol", "sre"),
            person("erin", "sre"),
            person("dave"),
        )
    }
    approvers = ("bob", "carol", "erin")
    fields: dict[str, object] = {
        "people": people,
        "roles": {
            "dev": policy.Role("dev", frozenset({"restart", "provision"})),
            "sre": policy.Role("sre", frozenset({"*"})),
        },
        "policies": {
            "any": policy.Policy("any", approvers),
            "all": policy.Policy("all", approvers, mode="all"),
            "turn": policy.Policy("turn", approvers, mode="sequence"),
            "two": policy.Policy("two", approvers, mode="count", count=2, code_required=True),
            "form": policy.Policy("form", approvers, form_counts=True),
        },
        "groups": (policy.Group(PLATFORM, CHAT, "ops", "en"),),
        "commands": {
            "restart": policy.CommandRule("any", "medium"),
            "provision": policy.CommandRule("any", "low", targets=("web-01",)),
            "run": policy.CommandRule("two", "critical"),
        },
        "forms": (
            policy.FormRule(
                PLATFORM, "hire", "provision", {"emp_id": "emp_id", "role": "role"}, "ops", "form"
            ),
        ),
        "patterns": (
            policy.Pattern(
                regexes.compiled(r"rm -rf /"),
                frozenset({"script", "text"}),
                "refuse",
                "deletes all",
            ),
            policy.Pattern(
                regexes.compiled(r"everyone"), frozenset({"text"}), "escalate", "it is big", "all"
            ),
            policy.Pattern(
                regexes.compiled(r"in turn"), frozenset({"text"}), "escalate", "it is slow", "turn"
            ),
        ),
        "tenants": {PLATFORM: frozenset({TENANT})},
        "locale": "en",
        "index": identity.index_accounts(people),
        "asks_per_minute": 1000,
    }
    return policy.Book(**(fields | changes))  # type: ignore[arg-type]


INSTANCES = {
    f"web-{n:02}": {
        "id": f"i-{n:08}",
        "name": f"web-{n:02}",
        "region": "here",
        "status": "Running",
        "agent": True,
    }
    for n in range(1, 4)
}


class Clock(ports.Clock):
    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class Everything:
    """A quota that lets everything go."""

    def room(self, rate_key: store.RateKey) -> store.Allowance:
        return store.Allowance(1000)

    def take(self, rate_key: store.RateKey) -> None:
        """Nothing is counted."""

    def give_back(self, rate_key: store.RateKey) -> None:
        """Nothing is counted."""


class Stage:
    """Wraps the engine so that a synchronous test can drive it."""

    def __init__(
        self, folder: Path, the_book: policy.Book | None = None, commands: Path = COMMANDS
    ) -> None:
        self.clock = Clock()
        of = the_book or book()
        away = [name for name, rule in of.commands.items() if rule.engine == "oos"]
        self.deployment = deployment.Deployment(of, catalogs.of(commands, away), "here")
        self.shape_faults: list[str] = []
        self.stored: dict[str, dict[str, object]] = {}
        """What is kept in the cloud, by its name or id: as ``FetchDefinition`` answers."""
        self.loop = asyncio.new_event_loop()
        self.path = folder / "stage.db"
        self.store = stores.opened(self.path)
        self.used = usage.Counter(of.quotas)
        self.engine = engine.Engine(
            self.store,
            self.reading,
            self.clock,
            judge=lambda effect, view, now: core.refusal_of_claim(
                self.deployment, effect, view, now
            ),
            used=self.used,
        )
        self.loop.run_until_complete(self._start())
        self.count = 0

    def reading(self, event: model.Event) -> model.Reading:
        """As the core does; and what becomes events must be as the docs say."""
        reading = core.read(self.deployment, event)

        def decide(view: model.View, now: datetime) -> model.Decision:
            decision = reading.decide(view, now)
            self.shape_faults += event_shapes.faults_of(self.deployment, view, decision, now)
            return decision

        return model.Reading(reading.needs, decide)

    async def _start(self) -> None:
        self.engine.start()

    def draw(
        self, effect: model.StoredEffect, view: model.View
    ) -> model.ShowCard | model.UpdateCard:
        return cards_.draw(self.deployment.as_of(self.clock.now(), view.archive), effect, view)

    def close(self) -> None:
        self.loop.run_until_complete(self.engine.close())
        self.store.close()
        self.loop.close()
        assert not self.shape_faults, "\n".join(self.shape_faults)

    def submit(self, event: model.Event) -> model.Receipt:
        return self.loop.run_until_complete(self.engine.submit(event))

    def number(self) -> str:
        self.count += 1
        return str(self.count)

    # ------------------------------------------------------------- what people do

    def account(self, who: str) -> model.Account:
        return model.Account(PLATFORM, TENANT, f"u-{who}", who.title())

    def place(self, message: str = "") -> model.Place:
        return model.Place(PLATFORM, TENANT, CHAT, message)

    def ask(self, who: str, text: str, quoted: str = "") -> model.MessageReceived:
        number = self.number()
        event = model.MessageReceived(
            f"msg:{number}",
            self.clock.now(),
            self.account(who),
            self.place(f"m{number}"),
            text,
            quoted=quoted,
        )
        self.submit(event)
        return event

    def click(
        self, who: str, request: int, action: str, code: str, card: str = "", reason: str = ""
    ) -> model.Receipt:
        event = model.CardAction(
            f"click:{self.number()}",
            self.clock.now(),
            self.account(who),
            self.place(),
            card,
            action,
            request,
            code,
            reason,
        )
        return self.submit(event)

    # ------------------------------------------------------------- what the outside does

    def claim(self) -> tuple[store.Claimed, ...]:
        """What is due, taken out; again where all that was due was refused at that moment."""
        while True:
            claims = self.loop.run_until_complete(self.engine.claim(Everything(), self.draw))
            if claims.effects or not claims.refused:
                return claims.effects

    def settle(self, claimed: store.Claimed, outcome: model.Outcome) -> None:
        self.submit(claimed.effect.completed(self.clock.now(), outcome))

    def answer(self, claimed: store.Claimed) -> model.Outcome:
        """What a healthy outside answers."""
        match claimed.effect.body:
            case model.ResolveTargets(targets=targets):
                found = [INSTANCES[t] for t in targets if t in INSTANCES]
                lost = [t for t in targets if t not in INSTANCES]
                return model.Done(data={"instances": found, "unknown": lost, "ambiguous": {}})
            case model.FetchDefinition(names=names):
                known = [
                    {"name": name, "version": "", **self.stored[name]}
                    for name, _ in names
                    if name in self.stored
                ]
                lost = [name for name, _ in names if name not in self.stored]
                return model.Done(data={"definitions": known, "missing": lost})
            case model.StartRun(step=step):
                return model.Done(ref=f"t-{step.token}")
            case model.FetchForm():
                return model.Done(
                    data={
                        "status": "approved",
                        "title": "New hire",
                        "originator": "u-alice",
                        "approvers": ["u-bob"],
                        "fields": {"emp_id": "E123", "role": "devops"},
                    }
                )
            case body:
                return model.Done(ref=f"ref-{body.kind}-{claimed.effect.request}")

    def work(self) -> list[model.Effect]:
        """Let the outside carry out everything that is due; returns what it was given."""
        done: list[model.Effect] = []
        while taken := self.claim():
            for claimed in taken:
                done.append(claimed.effect.body)
                self.settle(claimed, self.answer(claimed))
        return done

    def observe(self, request: int, status: str = "Success", code: int | None = 0) -> None:
        """The far end is polled: every instance of every running step ended alike."""
        for step in self.read(lambda reader: reader.steps(request)):
            if step.invocation:
                results = tuple(
                    model.InstanceResult(instance, status, code, f"output of {instance}")
                    for instance in step.instances
                )
                event = model.InvocationPolled(
                    f"seen:{self.number()}", self.clock.now(), request, step.invocation, results
                )
                self.submit(event)

    def tick(self, seconds: float) -> None:
        """Time passes, and due timers fire."""
        self.clock.advance(seconds)
        now = self.clock.now()
        for due in self.read(lambda reader: list(reader.timers_due(now))):
            self.submit(
                model.TimerDue(
                    f"timer:{due.request}:{due.kind}:{due.due_at}", now, due.request, due.kind
                )
            )

    def remove_texts(self, days: int = 30) -> None:
        """Let the janitor do what it does where texts are kept for so many days."""
        span = timedelta(days=days)
        ticker = scheduler.Ticker(self.clock)
        janitor = scheduler.Janitor(self.engine, self.clock, ticker, texts=span)
        self.loop.run_until_complete(janitor.tidy(self.clock.now()))

    # ------------------------------------------------------------- what can be seen

    def read(self, look):  # type: ignore[no-untyped-def]
        with self.store.reading() as reader:
            return look(reader)

    def request(self, number: int) -> model.Request:
        found = self.read(lambda reader: reader.request(number))
        assert found is not None
        return found  # type: ignore[no-any-return]

    def planned(self, who: str, text: str) -> model.Request:
        """A request that was asked for and waits for its votes."""
        self.ask(who, text)
        self.work()
        newest = self.read(lambda reader: reader.recent_requests(1))[0]
        assert newest.state is model.State.PENDING, newest.note
        return newest  # type: ignore[no-any-return]

    def planned_or_said(self, who: str, text: str) -> model.Request | str:
        """A request that waits for its votes; or what was said in place of it."""
        self.ask(who, text)
        told = said(self.work())
        newest = self.read(lambda reader: reader.recent_requests(1))
        found = newest[0] if newest else None
        return found if found is not None and found.state is model.State.PENDING else told[-1]


def words(message: model.Message | model.Card) -> str:
    """Everything that a message or card says, as one string."""
    parts = [message.title]
    for block in message.blocks:
        parts += [span.text for span in block.spans] + [block.text]
        parts += [label + " " + "".join(s.text for s in spans) for label, spans in block.rows]
    if isinstance(message, model.Card):
        parts.append(message.note)
    return "\n".join(parts)


def said(effects: Iterable[model.Effect]) -> list[str]:
    """What is said in words, a text each."""
    return [words(effect.message) for effect in effects if isinstance(effect, model.Say)]


def cards(effects: Iterable[model.Effect]) -> list[model.Card]:
    """The cards that are shown or renewed."""
    shown = (model.ShowCard, model.UpdateCard)
    return [effect.card for effect in effects if isinstance(effect, shown)]


def actions(stage: Stage) -> list[str]:
    """What the audit log holds, the oldest first."""
    return [row.action for row in stage.read(lambda reader: list(reader.chain()))]
