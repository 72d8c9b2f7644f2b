"""``[[policy.when]]``: which policies are needed besides the usual one, at each moment."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import model, policy, regexes, texts
from bot.policy import needs, screening
from bot.policy.when import Hours, NoHours, When
from tests.bot import run_stage
from tests.bot.refusals import Play, is_said, rule
from tests.properties import examples

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
PROD, STAGING = (("env", "prod"),), (("env", "staging"),)


def at(day: int, clock: str) -> datetime:
    """A time of that week; 0 is Monday."""
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


# ----------------------------------------------------------------------------- hours


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("Mon-Fri 18:00-09:00", [(0, "18:00"), (1, "08:59"), (5, "08:59")], [(0, "08:59")]),
        ("Mon-Fri 18:00-09:00", [(4, "23:59")], [(0, "17:59"), (1, "09:00"), (5, "18:00")]),
        ("sat,SUN", [(5, "00:00"), (6, "23:59")], [(4, "23:59"), (0, "00:00")]),
        ("22:00-06:00", [(2, "22:00"), (3, "05:59")], [(2, "21:59"), (2, "06:00")]),
        ("Fri-Mon 00:00-24:00", [(4, "00:00"), (6, "12:00"), (0, "23:59")], [(1, "00:00")]),
        ("Wed 09:30-10:00", [(2, "09:30")], [(2, "10:00"), (3, "09:30")]),
    ],
)
def test_hours_of_the_week(
    text: str, inside: list[tuple[int, str]], outside: list[tuple[int, str]]
) -> None:
    hours = Hours.read(text)
    assert [one for one in inside if not hours.holds(at(*one))] == []
    assert [one for one in outside if hours.holds(at(*one))] == []


@pytest.mark.parametrize(
    "text",
    ["", "always", "Mon 9:00-10:00", "Mon-Foo", "18:00", "9:00-10:00", "24:00-01:00",
     "10:00-24:30", "10:60-11:00", "08:00-08:00", "Mon 10:00-11:00 12:00-13:00", "Mon, Tue"],
)  # fmt: skip
def test_what_are_no_hours(text: str) -> None:
    with pytest.raises(NoHours):
        Hours.read(text)


# ----------------------------------------------------------------------------- one table


def table(**keys: Any) -> When:
    return When(**({"policy": "two", "reason": "because"} | keys))


def subject(**facts: Any) -> needs.Subject:
    usual: dict[str, Any] = {
        "command": "restart", "group": "ops", "roles": frozenset({"dev"}),
        "risks": frozenset({"medium"}), "arguments": (), "passages": tuple, "targets": (),
        "at": MONDAY,
    }  # fmt: skip
    return needs.Subject(**(usual | facts))


def machines(*tags: model.Tags) -> tuple[model.Instance, ...]:
    return tuple(model.Instance(f"i-{n}", tags=each) for n, each in enumerate(tags))


EITHER = table(more_targets_than=2, tags=(("env", "prod"),), any_of=True)
BOTH = dataclasses.replace(EITHER, any_of=False)


@pytest.mark.parametrize(
    ("targets", "either", "both"),
    [
        (machines(STAGING), False, False),
        (machines(PROD), True, False),
        (machines(STAGING, STAGING, STAGING), True, False),
        (machines(STAGING, STAGING, PROD), True, True),
        ((*machines(PROD), *machines(PROD), *machines(PROD)), True, False),
        ((), False, False),
        (None, False, False),
    ],
)
def test_many_machines_or_any_of_production(
    targets: tuple[model.Instance, ...] | None, either: bool, both: bool
) -> None:
    """The same machine three times is one; and what is not known yet does not hold yet."""
    assert needs.holds(EITHER, subject(targets=targets)) is either
    assert needs.holds(BOTH, subject(targets=targets)) is both


@pytest.mark.parametrize(
    ("globs", "value", "holds"),
    [
        ({"action": ("stop*",)}, "stop-now", True),
        ({"ACTION": ("stop*",)}, ["start", "stop"], True),
        ({"action": ("stop*",)}, {"kind": "stop"}, True),
        ({"action": ("true",)}, True, True),
        ({"action": ("3",)}, 3, True),
        ({"action": ("*",)}, None, False),
        ({"action": ("stop",)}, "STOP", False),
        ({"other": ("*",)}, "stop", False),
        ({"other": ("*",), "action": ("stop",)}, "stop", True),
    ],
)
def test_values_of_parameters(
    globs: Mapping[str, tuple[str, ...]], value: object, holds: bool
) -> None:
    asked = subject(arguments=(("action", value),))
    assert needs.holds(table(values=globs), asked) is holds


def test_a_pattern_is_looked_for_where_the_table_says_in_every_reading() -> None:
    def holds(regex: str, *where: str) -> bool:
        passages = (
            screening.Passage("text", "restart 'we'b-01"),
            screening.Passage("script", "systemctl \\\n  stop x"),
        )
        one = table(regex=regexes.compiled(regex), where=frozenset(where))
        return needs.holds(one, subject(passages=lambda: passages))

    assert holds("web-01", "text")
    assert not holds("web-01", "value", "script")
    assert holds("systemctl stop", "script")


def test_what_cannot_be_told_is_refused_and_not_asked_where_it_makes_no_difference() -> None:
    why = policy.Refusal("refused.hidden", {"problems": "x"})
    one = table(regex=regexes.compiled("x"), where=frozenset({"script"}))
    book = run_stage.book(when=(one,))
    assert needs.judged(book, subject(passages=lambda: why)) == policy.Verdict(why)
    other = dataclasses.replace(book, when=(dataclasses.replace(one, groups=frozenset({"hr"})),))
    assert needs.judged(other, subject(passages=lambda: why)) == policy.Verdict()


# ----------------------------------------------------------------------------- a naive model

NAMES = st.sampled_from(["restart", "run", "db-copy"])
CLOCKS = st.sampled_from([0, 9 * 60, 12 * 60 + 30, 18 * 60, 24 * 60])
HOURS = st.builds(
    Hours, st.frozensets(st.integers(0, 6), min_size=1), CLOCKS, CLOCKS
).filter(lambda one: one.start != one.end and one.start < 24 * 60)  # fmt: skip
TAGS = st.lists(
    st.tuples(st.sampled_from(["env", "owner"]), st.sampled_from(["prod", "prod-2", "x"])),
    unique_by=lambda one: one[0],
).map(lambda tags: tuple(sorted(tags)))
TABLES = st.builds(
    When,
    policy=st.sampled_from(["all", "two", "turn"]),
    reason=st.sampled_from(["a", "b"]),
    commands=st.sampled_from([(), ("restart",), ("r*", "db-?"), ("db-*",)]),
    groups=st.sampled_from([frozenset(), frozenset({"ops"}), frozenset({"ops", "hr"})]),
    roles=st.sampled_from([frozenset(), frozenset({"dev"}), frozenset({"sre", "dev"})]),
    risk=st.sampled_from([frozenset(), frozenset({"high"}), frozenset({"low", "high"})]),
    tags=st.sampled_from([(), (("env", "prod*"),), (("env", "prod"), ("owner", "*"))]),
    more_targets_than=st.sampled_from([None, 0, 1, 3]),
    values=st.sampled_from([{}, {"action": ("stop*",)}, {"a": ("1",), "action": ("go",)}]),
    hours=st.lists(HOURS, max_size=2).map(tuple),
    zone=st.sampled_from(["Asia/Shanghai", "UTC"]),
    any_of=st.booleans(),
)
SUBJECTS = st.builds(
    needs.Subject,
    command=NAMES,
    group=st.sampled_from(["", "ops", "hr"]),
    roles=st.frozensets(st.sampled_from(["dev", "sre"])),
    risks=st.frozensets(st.sampled_from(["low", "high"]), min_size=1),
    arguments=st.lists(
        st.tuples(st.sampled_from(["action", "a"]), st.sampled_from(["go", "stop-x", 1, None]))
    ).map(tuple),
    passages=st.just(tuple),
    targets=st.none()
    | st.lists(st.builds(model.Instance, st.sampled_from(["i-1", "i-2", "i-3", "i-4"]), tags=TAGS))
    .map(tuple),
    at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 2, 1)).map(
        lambda one: one.replace(tzinfo=UTC)
    ),
)  # fmt: skip


def minutes_of_week(hours: Hours) -> Iterator[int]:
    """Every minute of the week that hours hold, counted one by one."""
    length = (hours.end - hours.start) % (24 * 60) or 24 * 60
    for day in hours.days:
        for minute in range(length):
            yield (day * 24 * 60 + hours.start + minute) % (7 * 24 * 60)


def expected(one: When, asked: needs.Subject) -> bool:
    """What a table says, worked out in the plainest way."""
    if one.commands and all(not fnmatchcase(asked.command, glob) for glob in one.commands):
        return False
    if one.groups and asked.group not in one.groups:
        return False
    if one.roles and not any(role in one.roles for role in asked.roles):
        return False
    answers: dict[str, bool] = {}
    ids = None if asked.targets is None else {target.id for target in asked.targets}
    if one.risk:
        answers["risk"] = any(risk in one.risk for risk in asked.risks)
    if one.more_targets_than is not None:
        answers["number"] = ids is not None and len(ids) > one.more_targets_than
    if one.tags:
        answers["tags"] = any(
            fnmatchcase(dict(target.tags)[key], glob)
            for key, glob in one.tags
            for target in asked.targets or ()
            if key in dict(target.tags)
        )
    if one.values:
        answers["values"] = any(
            name in one.values and any(fnmatchcase(str(value), glob) for glob in one.values[name])
            for name, value in asked.arguments
            if value is not None
        )
    if one.hours:
        hour = 8 if one.zone == "Asia/Shanghai" else 0
        local = asked.at + timedelta(hours=hour)
        minute = local.weekday() * 24 * 60 + local.hour * 60 + local.minute
        answers["hours"] = any(minute in set(minutes_of_week(each)) for each in one.hours)
    if not answers:
        return True
    return (any if one.any_of else all)(answers.values())


@settings(max_examples=examples(400), deadline=None)
@given(st.lists(TABLES, max_size=4), SUBJECTS, st.randoms())
def test_the_tables_say_what_the_plainest_reading_of_them_says(
    tables: list[When], asked: needs.Subject, random: Any
) -> None:
    """And their order makes no difference, nor does one that does not hold."""
    book = run_stage.book(when=tuple(tables))
    verdict = needs.judged(book, asked)
    assert verdict.refusal is None
    assert set(verdict.policies) == {one.policy for one in tables if expected(one, asked)}
    mixed = list(tables)
    random.shuffle(mixed)
    assert needs.judged(dataclasses.replace(book, when=tuple(mixed)), asked) == verdict


# ----------------------------------------------------------------------------- at each moment

SWEEP = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      Filters: [{Type: ResourceIds, ResourceIds: [i-00000001, i-00000002]}]
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
  - Name: touch
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: TouchInstance
      Parameters: {InstanceId: '{{ ACS::TaskLoopItem }}'}
    Loop: {Items: '{{ find.ids }}'}
"""
"""Finds its instances while it runs."""


class Company(Play):
    """A company with these tables; ``tags`` are those of its machines, by their names."""

    def __init__(self, folder: Path, *tables: When, **changes: Any) -> None:
        super().__init__(folder)
        self.tags: dict[str, dict[str, str]] = {}
        templates = {**run_stage.TEMPLATES, "sweep": SWEEP}
        rules = {**run_stage.book().commands, **rule("sweep")}
        stage = self.company(templates, when=tables, **{"commands": rules, **changes})
        found = stage.found

        def tagged(body: model.ResolveTargets) -> model.Outcome:
            outcome = found(body)
            assert isinstance(outcome, model.Done)
            listed = [
                {**one, "tags": self.tags.get(one["name"], {})} for one in outcome.data["instances"]
            ]
            return model.Done(data={**outcome.data, "instances": listed})

        stage.found = tagged  # type: ignore[method-assign]

    def request(self, number: int = 1) -> model.Request:
        return self.stage.request(number)

    def state(self, number: int = 1) -> model.State:
        return self.request(number).state


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Any]:
    made: list[Company] = []

    def make(*tables: When, **changes: Any) -> Company:
        made.append(Company(tmp_path, *tables, **changes))
        return made[-1]

    yield make
    for one in made:
        one.close()


PRODUCTION = table(
    reason=texts.Bilingual("production", "生产环境"), tags=(("env", "prod"),), policy="all"
)


def test_what_the_targets_carry_adds_a_policy_and_says_why(company: Any) -> None:
    play = company(PRODUCTION, commands=rule("restart"))
    play.tags = {"web-01": {"env": "prod"}}
    play.stage.planned("alice", "restart web-02")
    assert play.request().policy_names == ("any",)
    play.stage.planned("alice", "restart web-01")
    request = play.request(2)
    assert request.policy_names == ("any", "all")
    assert request.escalated == "production (all)"
    assert request.plan.instances[0].tags == (("env", "prod"),)
    for who in ("bob", "carol"):
        play.clicks(who, number=2)
        assert play.state(2) is model.State.PENDING
    play.clicks("erin", number=2)
    play.stage.work()
    assert play.state(2) is model.State.RUNNING


def test_the_reason_is_said_in_the_language_of_the_group(company: Any) -> None:
    group = (policy.Group("chat", "room", "ops", "zh-CN"),)
    play = company(PRODUCTION, commands=rule("restart"), groups=group)
    play.tags = {"web-01": {"env": "prod"}}
    play.stage.planned("alice", "restart web-01")
    assert play.request().escalated == "生产环境（all）"


def test_an_added_policy_that_nobody_could_meet_is_refused_when_it_is_known(company: Any) -> None:
    play = company(PRODUCTION, commands=rule("restart"), policies={
        **run_stage.book().policies, "all": policy.Policy("all", ("alice",))
    })  # fmt: skip
    play.tags = {"web-01": {"env": "prod"}}
    assert is_said("refused.nobody", play.writes("alice", "restart web-01"))
    assert play.state() is model.State.REFUSED


def test_a_hidden_value_is_judged_and_not_shown(company: Any) -> None:
    """Also by a table that has to wait for the targets, and with a pattern in the words."""
    secret = table(policy="all", reason="a strong secret", values={"password": ("hunter*",)})
    words = table(
        policy="two",
        reason="a secret in words",
        regex=regexes.compiled("^hunter2$"),
        where=frozenset({"text"}),
    )
    play = company(secret, words)
    play.stage.planned("alice", "gate password=harmless")
    assert play.request().policy_names == ("any",)
    play.stage.planned("alice", "gate password=hunter2")
    request = play.request(2)
    assert request.policy_names == ("any", "all", "two")
    assert "hunter2" not in f"{request.escalated} {request.text} {request.args}"


def test_a_table_added_since_the_vote_asks_again_and_nothing_runs(company: Any) -> None:
    play = company(commands=rule("restart"))
    play.tags = {"web-01": {"env": "prod"}}
    play.stage.planned("alice", "restart web-01")
    play.changed(when=(PRODUCTION,))
    play.clicks("bob")
    told = play.told()
    assert is_said("authority.more", told)
    assert "production" in told
    assert play.state() is model.State.NOT_STARTED
    play.writes("alice", "revote 1")
    assert play.request(2).policy_names == ("any", "all")
    assert play.state(2) is model.State.PENDING


def test_a_need_of_the_vote_stays_when_its_table_is_gone(company: Any) -> None:
    """Nobody takes an agreement away by a change of the file, or of a tag, after the vote began."""
    play = company(PRODUCTION, commands=rule("restart"))
    play.tags = {"web-01": {"env": "prod"}}
    play.stage.planned("alice", "restart web-01")
    play.changed(when=())
    play.tags = {}
    play.clicks("bob")
    assert play.state() is model.State.PENDING


@pytest.mark.parametrize(
    "now",
    [
        dataclasses.replace(PRODUCTION, reason="because of production"),
        dataclasses.replace(PRODUCTION, zone="UTC"),
        dataclasses.replace(PRODUCTION, tags=(("env", "prod*"), ("env", "none"))),
    ],
)
def test_a_cosmetic_change_is_not_asked_again(company: Any, now: When) -> None:
    other = table(policy="two", reason="another", commands=("run",))
    play = company(PRODUCTION, commands=rule("restart"))
    play.tags = {"web-01": {"env": "prod"}}
    play.stage.planned("alice", "restart web-01")
    play.changed(when=(other, now))
    for who in ("bob", "carol", "erin"):
        play.clicks(who)
    play.stage.work()
    assert play.state() is model.State.RUNNING


def test_tags_that_changed_since_the_vote_ask_again_where_targets_are_looked_up_again(
    company: Any,
) -> None:
    play = company(PRODUCTION)
    play.stage.planned("alice", "fleet targets=web-01,web-02")
    play.tags = {"web-02": {"env": "prod"}}
    play.clicks("bob")
    assert is_said("say.drift.tags", play.told())
    request = play.request()
    assert (request.state, request.policy_names) == (model.State.PENDING, ("any", "all"))
    assert not play.stage.made("TouchInstance")
    for who in ("bob", "carol", "erin"):
        play.clicks(who)
    play.stage.work()
    assert len(play.stage.made("TouchInstance")) == 2


def test_tags_that_make_no_difference_are_not_asked_again(company: Any) -> None:
    play = company(PRODUCTION)
    play.stage.planned("alice", "fleet targets=web-01")
    play.tags = {"web-01": {"env": "staging", "owner": "erin"}}
    play.clicks("bob")
    play.stage.work()
    assert len(play.stage.made("TouchInstance")) == 1


def test_hours_are_those_of_the_start_and_a_run_that_has_begun_goes_on(company: Any) -> None:
    """The clock of the stage stands at 9:00 UTC, which is 17:00 in Shanghai."""
    evening = table(policy="all", reason="evening", hours=(Hours.read("18:00-09:00"),))
    play = company(evening)
    play.stage.planned("alice", "restart web-01")
    play.stage.planned("alice", "fleet targets=web-01")
    play.clicks("bob", number=2)
    held = play.stage.held()
    play.stage.clock.advance(2 * 3600)
    for claimed in held:
        play.stage.settle(claimed, play.stage.answer(claimed))
    play.stage.work()
    assert play.state(2) is model.State.SUCCEEDED
    play.stage.clock.advance(-3600 + 1)
    play.stage.planned("alice", "restart web-02")
    assert play.request(3).policy_names == ("any", "all")


def test_what_a_template_finds_while_it_runs_is_held_to_the_votes(company: Any) -> None:
    """By the tags that are looked up for it."""
    play = company(PRODUCTION)
    play.tags = {"web-02": {"env": "prod"}}
    play.stage.planned("alice", "sweep")
    assert play.request().policy_names == ("any",)
    play.clicks("bob")
    told = play.told()
    assert is_said("bounds.more", told)
    assert play.state() is model.State.FAILED
    assert [one["InstanceId"] for one in play.stage.made("TouchInstance")] == ["i-00000001"]


def test_so_is_the_number_of_them_over_the_whole_run(company: Any) -> None:
    play = company(table(policy="all", reason="many", more_targets_than=1))
    play.stage.planned("alice", "sweep")
    play.clicks("bob")
    assert is_said("bounds.more", play.told())
    assert len(play.stage.made("TouchInstance")) == 1


def test_what_was_voted_on_by_all_that_its_calls_need_goes_on(company: Any) -> None:
    every = table(policy="all", reason="a sweep", commands=("sweep",))
    play = company(PRODUCTION, every)
    play.tags = {"web-01": {"env": "prod"}, "web-02": {"env": "prod"}}
    play.stage.planned("alice", "sweep")
    for who in ("bob", "carol", "erin"):
        play.clicks(who)
    play.stage.work()
    assert play.state() is model.State.SUCCEEDED
    assert len(play.stage.made("TouchInstance")) == 2


def test_a_tag_that_nobody_had_asked_for_is_not_taken_for_missing(company: Any) -> None:
    """A call that is under way when a table is added was queued without the tag that decides."""
    play = company(table(policy="all", reason="owned", tags=(("owner", "nobody"),)))
    play.tags = {"web-01": {"env": "prod"}, "web-02": {"env": "prod"}}
    play.stage.planned("alice", "sweep")
    play.clicks("bob")
    [select] = play.stage.held()
    play.stage.settle(select, play.stage.answer(select))
    for claimed in play.stage.claim():
        assert not isinstance(claimed.effect.body, model.RunCall)
        play.stage.settle(claimed, play.stage.answer(claimed))
    play.changed(when=(PRODUCTION,))
    assert is_said("bounds.unknown", play.told())
    assert not play.stage.made("TouchInstance")
