"""The gate: which conditions hold when, in which order, and what comes of several."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from datetime import UTC, datetime
from typing import Any

import pytest

from bot import model, policy
from bot.policy import conditions, gate, planning, starting

MOMENTS = (policy.ASK, policy.PLAN, policy.APPROVE, policy.START, policy.CALL)
MODULES = tuple(pkgutil.iter_modules(policy.__path__))
BESIDE = {
    f"bot.policy.{name}"
    for name in (
        "access",
        "calendar",
        "delegation",
        "gate",
        "glass",
        "identity",
        "ladder",
        "limits",
        "locking",
        "model",
        "oncall",
        "quorum",
        "quota",
        "screening",
        "standing",
        "humans",
        "owners",
        "seats",
        "snapshots",
        "verdicts",
        "voting",
        "needs",
        "when",
    )
}
"""Modules of the policy that hold no conditions, but what conditions ask."""
NO = policy.Refusal("refused.alone")
NOTHING = policy.Verdict()
MORE = policy.Verdict(policies=("sre",), reasons=("it is big",))


def judge(*answers: policy.Refusal | policy.Verdict | None) -> tuple[policy.Verdict, list[int]]:
    """What the gate says when its conditions answer so, and which of them were asked."""
    asked: list[int] = []

    def condition(number: int) -> Any:
        def answer(facts: None) -> policy.Refusal | policy.Verdict | None:
            asked.append(number)
            return answers[number]

        return answer

    moment: gate.Moment[None] = gate.Moment("test", tuple(map(condition, range(len(answers)))))
    return policy.evaluate(moment, None), asked


def test_the_first_refusal_is_the_verdict_and_nothing_more_is_asked() -> None:
    assert judge(None, NO, MORE) == (policy.Verdict(NO), [0, 1])
    assert judge(policy.Verdict(NO), None) == (policy.Verdict(NO), [0])


def test_policies_add_up_and_stand_in_a_later_refusal() -> None:
    other = policy.Verdict(policies=("dba", "sre"), reasons=("it is slow",))
    assert judge(MORE, None, other)[0] == policy.Verdict(
        None, ("sre", "dba"), ("it is big", "it is slow")
    )
    assert judge(MORE, NO)[0] == dataclasses.replace(MORE, refusal=NO)


def test_an_agreement_sees_the_policies_that_were_called_for_before_it() -> None:
    seen: list[tuple[str, ...]] = []

    def agreement(facts: None, verdict: policy.Verdict) -> policy.Refusal | None:
        seen.append(verdict.policies)
        return NO

    moment: gate.Moment[None] = gate.Moment("test", (lambda facts: MORE, gate.Agreement(agreement)))
    assert policy.evaluate(moment, None).refusal == NO
    assert seen == [("sre",)]


def test_every_condition_stands_in_the_table() -> None:
    table = [
        getattr(condition, "judge", condition)
        for moment in MOMENTS
        for condition in moment.conditions
    ]
    helpers = {starting.refusal_of_hold, conditions.refusal_of_value}
    rooms = (importlib.import_module(f"bot.policy.{each.name}") for each in MODULES)
    for module in (each for each in rooms if each.__name__ not in BESIDE):
        functions = {
            function
            for _, function in inspect.getmembers(module, inspect.isfunction)
            if function.__module__ == module.__name__ and not function.__name__.startswith("_")
        }
        loose = functions - set(table) - helpers
        assert not loose, f"{module.__name__}: {loose} stand in no moment of the gate"


def test_what_keeps_a_run_from_starting_is_judged_when_it_is_approved_but_for_votes_and_time() -> (
    None
):
    """And but for the calendar: what is frozen may be voted on."""
    later = [
        condition for condition in policy.START.conditions
        if condition not in policy.APPROVE.conditions
    ]  # fmt: skip
    assert later == [
        starting.plan, starting.sealed, starting.shown, gate.Agreement(starting.votes),
        starting.time, starting.opening, starting.locks,
    ]  # fmt: skip
    kept = [one for one in policy.START.conditions if one in policy.APPROVE.conditions]
    assert kept == list(policy.APPROVE.conditions)


# ----------------------------------------------------------------------------- planning

WEB = model.Instance("i-1", "web-01", "here", "Running")
DB = model.Instance("i-2", "db-01", "here", "Running")
RULE = policy.CommandRule("any", "low", (), ("web-*",), 2)
BOOK = policy.Book({}, {}, {}, (), {"restart": RULE})


def facts_of(targets: planning.Targets | None, book: policy.Book = BOOK) -> planning.Facts:
    """A plan whose targets were just looked up."""
    now = datetime(2026, 1, 5, tzinfo=UTC)
    place, account = model.Place("chat", "corp", "room"), model.Account("chat", "corp", "u-1")
    request = model.Request(
        id=1, state=model.State.PLANNING, version=1, command="restart", args={}, person="alice",
        account=account, place=place, locale="en", text="", policy="any", policies=("any",),
        risk="low", created_at=now, expires_at=now,
    )  # fmt: skip
    return planning.Facts(book, now, "restart", place, request, targets)


@pytest.mark.parametrize(
    ("targets", "key"),
    [
        (planning.Targets((WEB,)), ""),
        (None, ""),
        (planning.Targets(), "refused.no_match"),
        (planning.Targets((WEB,), unknown=("web-9",)), "refused.unknown_targets"),
        (
            planning.Targets(unknown=("web-9",), near=("web-01",)),
            "refused.unknown_targets_near",
        ),
        (planning.Targets(ambiguous={"web": ("i-1", "i-3")}), "refused.ambiguous_target"),
        (planning.Targets((DB,)), "refused.target"),
        (planning.Targets((WEB,), mentions=(DB,)), "refused.target"),
        (planning.Targets(mentions=(WEB,), selected=False), ""),
        (planning.Targets(mentions=(WEB,), selected=True), "refused.no_match"),
        (
            planning.Targets((WEB, dataclasses.replace(WEB, region="there"))),
            "refused.several_regions",
        ),
        (planning.Targets((dataclasses.replace(WEB, status="Stopped"),)), "refused.not_running"),
        (planning.Targets((dataclasses.replace(WEB, agent=False),)), "refused.no_agent"),
        (planning.Targets((dataclasses.replace(WEB, agent=False),), scripted=False), ""),
        (planning.Targets((WEB, WEB, WEB)), "refused.too_many_targets"),
    ],
)
def test_what_is_planned_runs_on_what_was_found_or_says_why_not(
    targets: planning.Targets | None, key: str
) -> None:
    refusal = policy.evaluate(policy.PLAN, facts_of(targets)).refusal
    assert (refusal.key if refusal else "") == key


def test_a_plan_whose_command_is_gone_is_refused_before_all_else() -> None:
    gone = facts_of(planning.Targets(), policy.Book({}, {}, {}, (), {}))
    facts = dataclasses.replace(gone, failure="too late")
    refusal = policy.evaluate(policy.PLAN, facts).refusal
    assert refusal == policy.Refusal("refused.not_enabled", {"command": "restart"})
