"""The gate at the start against a naive model: everything that it asks, in any combination."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import model, policy, regexes
from bot.policy.calendar import Period, Times
from bot.policy.when import When
from tests import properties
from tests.bot.stage import PLATFORM, TENANT
from tests.bot.test_tally_properties import PEOPLE, VOTES, policies, verdict
from tests.mutations import worlds
from tests.mutations.worlds import Start

HOUR = timedelta(hours=1)
ASKER = "alice"


WRONGS = (
    "asker left",
    "asker without the right",
    "frozen",
    "frozen by people",
    "window shut",
    "late",
    "locked",
    "on hold",
    "target not allowed",
    "forbidden",
    "changed",
)


@dataclass(frozen=True)
class Situation:
    """What is so as a request is to start. ``second`` is needed besides ``first`` where something
    ``adds`` it; each of ``wrongs`` keeps it from starting."""

    first: policy.Policy
    second: policy.Policy
    adds: Literal["nothing", "table", "pattern"]
    votes: Mapping[str, bool]
    wrongs: frozenset[str]


SITUATIONS = st.builds(
    Situation,
    first=policies("any"),
    second=policies("two"),
    adds=st.sampled_from(("nothing", "table", "pattern")),
    votes=st.one_of(st.just(dict.fromkeys(PEOPLE, True)), VOTES),
    wrongs=st.one_of(st.just(frozenset()), st.frozensets(st.sampled_from(WRONGS), max_size=2)),
)


def may_start(case: Situation) -> bool:
    """What the documents say, read naively."""
    needed = [case.first] if case.adds == "nothing" else [case.first, case.second]
    enough = all(verdict(one, ASKER, dict(case.votes)) == "approved" for one in needed)
    return enough and not case.wrongs


@pytest.fixture(scope="module")
def approved(tmp_path_factory: pytest.TempPathFactory) -> Start:
    folder: Path = tmp_path_factory.mktemp("world")
    return worlds.started(folder, worlds.WORLDS["script, alone"])


def built(start: Start, case: Situation) -> Start:
    """The same request, in this situation."""
    plan = start.request.plan
    assert plan is not None
    terms = {**plan.terms, "policies": policy.snapshot((case.first,))}
    plan = dataclasses.replace(plan, terms=terms)
    digest = model.digest(plan)
    body = start.effect.body
    assert isinstance(body, model.StartRun)
    effect = dataclasses.replace(
        start.effect, body=dataclasses.replace(body, plan=plan, digest=digest)
    )
    if "changed" in case.wrongs:
        plan = dataclasses.replace(plan, command="another")
    votes = tuple(
        model.Vote(1, who, model.Account(PLATFORM, TENANT, f"u-{who}"), agrees, digest, start.now)
        for who, agrees in case.votes.items()
    )
    late = timedelta(minutes=61 if "late" in case.wrongs else 59)
    start = dataclasses.replace(start, effect=effect, now=start.now + late)
    hold = "restored" if "on hold" in case.wrongs else ""
    start = start.with_request(plan=plan, digest=digest, hold=hold)
    return with_rows(with_people(start.with_view(votes=votes), case), case)


def with_people(start: Start, case: Situation) -> Start:
    """The file of that moment."""
    book, changes = start.book, dict[str, Any]()
    changes["policies"] = {**book.policies, "any": case.first, "two": case.second}
    if "asker left" in case.wrongs:
        changes["people"] = {who: one for who, one in book.people.items() if who != ASKER}
    if "asker without the right" in case.wrongs:
        changes["roles"] = {**book.roles, "dev": policy.Role("dev", frozenset())}
    if case.adds == "table":
        changes["when"] = (When("two", "a table", commands=("rest*",)),)
    patterns = list(book.patterns)
    if case.adds == "pattern":
        patterns.append(pattern("escalate", "two"))
    if "forbidden" in case.wrongs:
        patterns.append(pattern("refuse"))
    changes["patterns"] = tuple(patterns)
    if "target not allowed" in case.wrongs:
        rule = dataclasses.replace(book.commands["restart"], allowed_targets=("db-*",))
        changes["commands"] = {**book.commands, "restart": rule}
    if "frozen" in case.wrongs:
        changes["freezes"] = (period(start, -1, 1),)
    if "window shut" in case.wrongs:
        changes["windows"] = (period(start, 1, 2),)
    return start.with_book(**changes)


def with_rows(start: Start, case: Situation) -> Start:
    """The store of that moment."""
    frozen = model.Freeze(7, start.now + HOUR, ("ops",), ())
    lock = model.Lock("instance:i-00000001", "web-01", 8, True, start.now - HOUR)
    return start.with_rows(
        frozen=(frozen,) if "frozen by people" in case.wrongs else (),
        held=(lock,) if "locked" in case.wrongs else (),
    )


def pattern(action: Any, named: str = "") -> policy.Pattern:
    return policy.Pattern(regexes.compiled("systemctl"), frozenset({"script"}), action, "n", named)


def period(start: Start, first: int, last: int) -> Period:
    """From and to so many hours from now."""
    ends = ((start.now + hours * HOUR).replace(tzinfo=None) for hours in (first, last))
    return Period("new", Times("UTC", *ends), "new")


@settings(
    max_examples=properties.examples(600),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(SITUATIONS)
def test_it_starts_where_the_naive_model_says_so(approved: Start, case: Situation) -> None:
    refusal = built(approved, case).refusal()
    assert (refusal is None) == may_start(case), refusal
