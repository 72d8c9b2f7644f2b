"""Whatever is edited in bot.toml between asking, voting and starting: nothing ever runs without
enough people who have no part in it, by the policy that was voted on and by that of now."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import deployment, model, policy
from bot.policy import access, identity
from tests import properties
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import PLATFORM, TENANT

HUMANS = ("alice", "bob", "carol", "erin")
EDITS = ("rename", "swap", "move", "drop", "back", "approver", "mode", "command", "role", "later")
STEP = st.one_of(
    st.tuples(st.just("vote"), st.sampled_from(HUMANS), st.integers(0, 1)),
    st.tuples(st.sampled_from(EDITS), st.sampled_from(HUMANS), st.integers(0, 3)),
    st.tuples(st.just("carry"), st.sampled_from(HUMANS), st.integers(0, 1)),
)
COMMANDS = ("restart web-01 reason=why", "fleet web-01 web-02 web-03", "run web-01 -- uptime")


def account(human: str, which: int) -> str:
    """Each human truly has two accounts, whatever the file says of them."""
    return f"u-{human}" + ("-two" if which else "")


def human_of(name: str) -> str:
    return name.removeprefix("u-").removesuffix("-two")


class World:
    """``stage`` with a file that is edited, and what truly happened: who pressed what, as whom."""

    def __init__(self, made: RunStage) -> None:
        self.stage = made
        self.fresh = itertools.count()
        self.start()

    def start(self) -> None:
        """The file as it is at first, a day later."""
        self.stage.tick(3 * 86400)
        self.stage.work()
        self.stage.tick(3 * 86400)
        self.stage.work()
        book = run_stage.book()
        people = {
            name: dataclasses.replace(
                book.people[name],
                accounts=tuple((PLATFORM, TENANT, account(name, which)) for which in (0, 1)),
            )
            for name in HUMANS
        }
        self.number, self.cast, self.known = 0, list[tuple[str, str]](), set[str]()
        self.flying: list[Any] = []
        self.book = dataclasses.replace(book, people=people)
        self.use()

    def use(self, **changes: Any) -> None:
        self.book = dataclasses.replace(self.book, **changes)
        index = identity.index_accounts(self.book.people)
        self.book = dataclasses.replace(self.book, index=index)
        self.stage.deployment = deployment.Deployment(
            self.book, self.stage.deployment.catalog, "here"
        )

    def person(self, name: str) -> policy.Person | None:
        return identity.person_of(self.book, model.Account(PLATFORM, TENANT, name))

    # ------------------------------------------------------------- what people do

    def ask(self, text: str, human: str) -> bool:
        before = self.last()
        self.stage.ask(human, text)
        self.stage.work()
        self.number, self.asker = self.last(), human
        self.known.add(human)
        if self.number == before:
            return False
        self.policies = tuple(
            self.book.policies[name] for name in self.stage.request(self.number).policies
        )
        return True

    def failed(self) -> list[Any]:
        """Events of this request that could not be decided."""

        def look(reader: Any) -> list[Any]:
            query = "SELECT * FROM audit WHERE request >= ? AND action = 'event.failed'"
            return reader.connection.execute(query, (self.number,)).fetchall()  # type: ignore[no-any-return]

        return self.stage.read(look)  # type: ignore[no-any-return]

    def last(self) -> int:
        found = self.stage.read(lambda reader: reader.recent_requests(1))
        return found[0].id if found else 0

    def vote(self, human: str, which: int) -> None:
        request = self.stage.request(self.number)
        name = account(human, which)
        person = self.person(name)
        count = len(self.stage.read(lambda reader: reader.votes(self.number)))
        event = model.CardAction(
            f"click:{self.stage.number()}", self.stage.clock.now(),
            model.Account(PLATFORM, TENANT, name), self.stage.place(), request.card, "approve",
            self.number, request.code,
        )  # fmt: skip
        self.stage.submit(event)
        if len(self.stage.read(lambda reader: reader.votes(self.number))) > count:
            assert person is not None
            self.cast.append((name, person.id))
            self.known.add(human)

    # ------------------------------------------------------------- what is edited

    def edit(self, kind: str, human: str, which: int) -> None:
        getattr(self, f"edit_{kind}")(human, which)

    def rename(self, names: dict[str, str]) -> None:
        people = {
            names.get(old, old): dataclasses.replace(one, id=names.get(old, old))
            for old, one in self.book.people.items()
        }
        policies = {
            key: dataclasses.replace(one, approvers=tuple(names.get(w, w) for w in one.approvers))
            for key, one in self.book.policies.items()
        }
        self.use(people=people, policies=policies)

    def edit_rename(self, human: str, which: int) -> None:
        person = self.person(account(human, 0))
        if person is not None:
            self.rename({person.id: f"{human}{next(self.fresh)}"})

    def edit_swap(self, human: str, which: int) -> None:
        one, other = self.person(account(human, 0)), self.person(account(HUMANS[which], 0))
        if one is not None and other is not None and one.id != other.id:
            self.rename({one.id: other.id, other.id: one.id})

    def edit_move(self, human: str, which: int) -> None:
        """An account of somebody who had a part in it already is given to somebody else."""
        target = self.person(account(HUMANS[which], 0))
        if human not in self.known or target is None:
            return
        moved = (PLATFORM, TENANT, account(human, which % 2))
        people = {
            name: dataclasses.replace(
                one,
                accounts=tuple(each for each in one.accounts if each != moved)
                + ((moved,) if name == target.id else ()),
            )
            for name, one in self.book.people.items()
        }
        self.use(people=people)

    def edit_drop(self, human: str, which: int) -> None:
        person = self.person(account(human, 0))
        if person is not None:
            people = {name: one for name, one in self.book.people.items() if name != person.id}
            self.use(people=people)

    def edit_back(self, human: str, which: int) -> None:
        """Somebody who was taken out is put back, under the old name or a new one."""
        if any(self.person(account(human, n)) for n in (0, 1)):
            return
        free = which % 2 and human not in self.book.people
        name = human if free else f"{human}{next(self.fresh)}"
        one = dataclasses.replace(
            run_stage.book().people[human],
            id=name,
            accounts=tuple((PLATFORM, TENANT, account(human, n)) for n in (0, 1)),
        )
        self.use(people={**self.book.people, name: one})

    def edit_approver(self, human: str, which: int) -> None:
        person = self.person(account(human, 0))
        for name, one in self.book.policies.items():
            if person is not None:
                kept = tuple(who for who in one.approvers if who != person.id)
                approvers = kept if which % 2 else (*kept, person.id)
                changed = dataclasses.replace(one, approvers=approvers)
                self.use(policies={**self.book.policies, name: changed})

    def edit_mode(self, human: str, which: int) -> None:
        mode: Any = ("any", "count", "all", "count")[which]
        for name in ("any", "two"):
            changed = dataclasses.replace(self.book.policies[name], mode=mode, count=2)
            self.use(policies={**self.book.policies, name: changed})

    def edit_command(self, human: str, which: int) -> None:
        all_ = run_stage.book().commands
        taken = {"restart", "fleet", "run"} if which else set[str]()
        self.use(commands={name: rule for name, rule in all_.items() if name not in taken})

    def edit_role(self, human: str, which: int) -> None:
        roles = run_stage.book().roles
        none = {name: policy.Role(name, frozenset()) for name in roles}
        self.use(roles=none if which else roles)

    def edit_later(self, human: str, which: int) -> None:
        self.stage.clock.advance((10, 1000, 2000, 3601)[which])

    # ------------------------------------------------------------- what must hold

    def carry(self) -> None:
        """What is due leaves; whatever starts something must be allowed at this very moment."""
        while taken := self.stage.claim():
            for claimed in taken:
                body = claimed.effect.body
                starts = isinstance(body, model.StartRun) or (
                    isinstance(body, model.RunCall)
                    and isinstance(body.what, model.calls.Api)
                    and not body.lookup
                )
                if starts and claimed.effect.request == self.number:
                    self.judge(body)
                self.stage.settle(claimed, self.stage.answer(claimed))

    def judge(self, body: Any) -> None:
        request = self.stage.request(self.number)
        assert request.command in self.book.commands
        assert any(self.may_ask(account(self.asker, n)) for n in (0, 1))
        at = body.at if isinstance(body, model.RunCall) else request.approved_at
        now = tuple(policy.policy_of(self.book, name) for name in request.policies)
        assert at is not None
        assert self.stage.clock.now() - at <= min(one.run_within for one in now)
        voted = [(name, then) for name, then in self.cast if human_of(name) != self.asker]
        for one in now:
            humans = {human_of(n) for n, _ in voted if self.holds(n, one)}
            assert len(humans) >= self.needed(one), (one, self.cast)
        for one in self.policies:
            humans = {human_of(name) for name, then in voted if then in one.approvers}
            assert len(humans) >= self.needed(one), (one, self.cast)

    def holds(self, name: str, one: policy.Policy) -> bool:
        person = self.person(name)
        return person is not None and person.id in one.approvers

    def may_ask(self, name: str) -> bool:
        person = self.person(name)
        command = self.stage.request(self.number).command
        return person is not None and access.may_use(self.book, person, command)

    def needed(self, one: policy.Policy) -> int:
        """At least so many, by hand: an approver may be the requester under another name."""
        return {"any": 1, "count": one.count}.get(one.mode, 1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = RunStage(tmp_path_factory.mktemp("world"))
    yield World(made)
    made.close()


@settings(
    max_examples=properties.examples(40),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    text=st.sampled_from(COMMANDS),
    asker=st.sampled_from(HUMANS[:3]),
    steps=st.lists(STEP, min_size=2, max_size=14),
)
def test_nothing_runs_without_enough_people_who_have_no_part_in_it(
    world: World, text: str, asker: str, steps: list[tuple[str, str, int]]
) -> None:
    world.start()
    if not world.ask(text, asker):
        return
    for kind, human, which in steps:
        if kind == "vote":
            world.vote(human, which)
        elif kind == "carry":
            world.carry()
        else:
            world.edit(kind, human, which)
    world.carry()
    assert not world.failed()
