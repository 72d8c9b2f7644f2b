"""Policies with stages: one human in one seat, in whatever order people vote."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model, policy
from bot.cards import request_card
from bot.policy import quorum
from tests.bot import configured
from tests.bot.configured import SMALL, Loader
from tests.bot.run_stage import RunStage
from tests.bot.stage import INSTANCES, PLATFORM, TENANT, actions, cards, said
from tests.bot.test_humans import approve, edit, moved

State = model.State
SRE = policy.Stage(("bob", "carol", "erin"), named=("role:sre",))
TWO_SRE = dataclasses.replace(SRE, mode="count", count=2)
DBA = policy.Stage(("carol", "dave"), named=("role:dba",))
BOTH = policy.Policy("any", stages=(SRE, DBA))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return configured.Loader(tmp_path)


def asks(stage: RunStage, rule: policy.Policy, who: str = "alice") -> None:
    edit(stage, policies=stage.deployment.book.policies | {"any": rule})
    stage.planned(who, "restart web-01 reason=why")


def waits(stage: RunStage) -> bool:
    return stage.request(1).state is State.PENDING


def test_one_human_fills_one_seat_however_many_they_fit(stage: RunStage) -> None:
    asks(stage, BOTH)
    approve(stage, "carol")
    assert waits(stage)
    assert "already" in approve(stage, "carol")
    approve(stage, "dave")
    assert not waits(stage)


def test_who_fits_two_stages_counts_where_it_helps(stage: RunStage) -> None:
    asks(stage, BOTH)
    approve(stage, "carol")
    needed = quorum.of(stage.deployment.book, stage.request(1))
    votes = stage.read(lambda reader: reader.votes(1))
    assert set(quorum.tally(needed, votes).waiting_for) == {"bob", "erin", "dave"}
    approve(stage, "bob")
    assert not waits(stage)


def test_two_names_of_one_human_fill_no_two_seats(stage: RunStage) -> None:
    asks(stage, BOTH)
    approve(stage, "bob")
    moved(stage, (PLATFORM, "u-bob"), "carol")
    assert "already" in approve(stage, "carol")
    assert waits(stage)
    approve(stage, "dave")
    assert not waits(stage)


def test_in_sequence_a_later_stage_waits_and_is_told_so(stage: RunStage) -> None:
    last = policy.Stage(("carol",), named=("carol",))
    asks(stage, policy.Policy("any", stages=(TWO_SRE, last), order="sequence"))
    assert "turn" in approve(stage, "carol")
    approve(stage, "bob")
    assert "turn" in approve(stage, "carol")
    approve(stage, "erin")
    assert waits(stage)
    approve(stage, "carol")
    assert not waits(stage)


def test_the_card_tells_how_each_stage_stands(stage: RunStage) -> None:
    asks(stage, policy.Policy("any", stages=(TWO_SRE, DBA)))
    approve(stage, "bob")
    done = stage.work()
    texts = [span.text for b in cards(done)[-1].blocks for _, spans in b.rows for span in spans]
    assert "1/2 sre · 0/1 dba" in texts


def test_the_requester_is_in_no_stage(stage: RunStage) -> None:
    asks(stage, policy.Policy("any", stages=(SRE, DBA)), "carol")
    assert "own" in approve(stage, "carol")
    approve(stage, "bob")
    approve(stage, "erin")
    assert waits(stage)
    approve(stage, "dave")
    assert not waits(stage)


def test_a_form_that_counts_satisfies_all_stages(stage: RunStage) -> None:
    rule = dataclasses.replace(BOTH, name="form", form_counts=True)
    needed = quorum.Quorum(stage.deployment.book, (rule,))
    account = model.Account(PLATFORM, TENANT, "u-dave")
    vote = model.Vote(1, "dave", account, True, "d", stage.clock.now(), via="form")
    assert quorum.tally(needed, (vote,)).verdict == "approved"


def test_stages_are_kept_in_the_plan_and_hold_beside_those_of_now(stage: RunStage) -> None:
    asks(stage, BOTH)
    plan = stage.request(1).plan
    assert plan is not None
    kept = json.loads(json.dumps(plan.terms["policies"]))
    assert policy.from_snapshot(kept)[0].stages == BOTH.stages
    edit(stage, policies=stage.deployment.book.policies | {"any": policy.Policy("any", ("bob",))})
    approve(stage, "bob")
    assert waits(stage)
    approve(stage, "dave")
    assert not waits(stage)


def test_what_a_policy_without_stages_leaves_in_a_plan_is_what_it_was() -> None:
    kept = policy.snapshot((policy.Policy("p", ("ann",)),))
    assert kept == {
        "p": {
            "approvers": ["ann"], "mode": "any", "count": 1, "self_approval": False,
            "form_counts": False, "code_required": False, "expires": 1800.0, "remind": 600.0,
            "canary": 0, "run_within": 3600.0,
        }
    }  # fmt: skip
    assert policy.from_snapshot(kept) == (policy.Policy("p", ("ann",)),)


def test_more_people_than_the_stages_need_agree_where_so_many_must(stage: RunStage) -> None:
    request = dataclasses.replace(
        asked_within(stage), least=3, ballot=model.ApprovalStep("k", "canary", "t", "d")
    )
    needed, digest = quorum.ballot_of(stage.deployment.book, request)
    assert digest == "d"
    assert quorum.needed(needed, needed.policies[0]) == 3
    assert needed.policies[0].stages[:2] == BOTH.stages


def asked_within(stage: RunStage) -> model.Request:
    asks(stage, BOTH)
    return stage.request(1)


# ----------------------------------------------------------------------------- rejections


VETO = policy.Policy("any", ("bob", "carol", "erin"), rejections=2)


def reject(stage: RunStage, who: str) -> str:
    request = stage.request(1)
    return stage.click(who, 1, "reject", request.code, request.card).toast


def test_so_many_people_reject_as_the_policy_says(stage: RunStage) -> None:
    asks(stage, VETO)
    assert "1 of 2 rejections" in reject(stage, "bob")
    assert waits(stage)
    assert "already" in approve(stage, "bob"), "one vote each: who rejected has not approved"
    texts = [span.text for b in cards(stage.work())[-1].blocks for _, s in b.rows for span in s]
    assert "1 of 2" in texts
    reject(stage, "carol")
    assert stage.request(1).state is State.REJECTED


def test_one_rejection_of_two_does_not_keep_others_from_approving(stage: RunStage) -> None:
    asks(stage, VETO)
    reject(stage, "bob")
    approve(stage, "carol")
    assert stage.request(1).state not in (State.PENDING, State.REJECTED)


def test_where_fewer_may_vote_all_of_them_reject(stage: RunStage) -> None:
    asks(stage, dataclasses.replace(VETO, approvers=("bob", "erin")), "bob")
    reject(stage, "erin")
    assert stage.request(1).state is State.REJECTED


def test_a_policy_that_takes_fewer_rejections_rejects_beside_one_that_takes_more(
    stage: RunStage,
) -> None:
    asks(stage, VETO)
    once = dataclasses.replace(VETO, rejections=1)
    edit(stage, policies=stage.deployment.book.policies | {"any": once})
    reject(stage, "bob")
    assert stage.request(1).state is State.REJECTED


# ----------------------------------------------------------------------------- who is left


def reloaded(stage: RunStage, rule: policy.Policy) -> list[str]:
    """The configuration is reloaded with this policy; what is said then."""
    change = model.ConfigurationRead(
        f"configuration:{stage.number()}", stage.clock.now(), "countersign", "signal", "a", "b",
        changed=("policy.any.stages",),
    )  # fmt: skip
    stage.submit(change)
    edit(stage, policies=stage.deployment.book.policies | {"any": rule})
    stage.tick(1)
    return said(stage.work())


def test_who_leaves_a_stage_is_missed_at_once_and_told_once(stage: RunStage) -> None:
    asks(stage, BOTH)
    approve(stage, "bob")
    stage.work()
    gone = dataclasses.replace(BOTH, stages=(SRE, dataclasses.replace(DBA, approvers=())))
    (text,) = [text for text in reloaded(stage, gone) if "enough people" in text]
    assert "dba must bring 1 approval, and there is nobody (1 missing)" in text
    assert waits(stage)
    assert stage.request(1).unreachable
    shown = cards_text(stage)
    assert "Too few approvers" in shown
    assert "dba" in shown
    assert not any("enough people" in text for text in reloaded(stage, gone))
    reloaded(stage, BOTH)
    assert not stage.request(1).unreachable
    assert "Too few approvers" not in cards_text(stage)
    approve(stage, "dave")
    assert not waits(stage)
    entries = [action for action in actions(stage) if action.endswith("reachable")]
    assert entries == ["request.unreachable", "request.reachable"]


def cards_text(stage: RunStage) -> str:
    book, request = stage.deployment, stage.request(1)
    card = request_card(book, request, stage.read(lambda reader: reader.votes(1)))
    return str([block.rows for block in card.blocks])


def test_a_rejection_that_leaves_too_few_is_told(stage: RunStage) -> None:
    asks(stage, dataclasses.replace(VETO, approvers=("bob", "carol"), mode="all"))
    reject(stage, "bob")
    assert any("not enough people can approve it now" in text for text in said(stage.work()))
    assert waits(stage)


# ----------------------------------------------------------------------------- owners


OWNED = policy.Policy("any", stages=(SRE, policy.Stage(("tag:owner",), named=("tag:owner",))))


def tagged(monkeypatch: pytest.MonkeyPatch, **owners: str) -> None:
    """The instances carry these owners."""
    known = {name.replace("_", "-"): owner for name, owner in owners.items()}
    for name, facts in INSTANCES.items():
        tags = {"owner": known[name]} if name in known else {}
        monkeypatch.setitem(INSTANCES, name, {**facts, "tags": tags})


def test_the_owner_by_the_tag_of_the_target_agrees(
    stage: RunStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagged(monkeypatch, web_01="dave")
    asks(stage, OWNED)
    approve(stage, "bob")
    assert waits(stage)
    approve(stage, "carol")
    assert waits(stage), "she is an SRE, and owns nothing"
    approve(stage, "dave")
    assert not waits(stage)
    plan = stage.request(1).plan
    assert plan is not None
    (kept,) = policy.from_snapshot(plan.terms["policies"])  # type: ignore[arg-type]
    assert kept.stages[1].approvers == ("dave",)


def test_each_owner_of_several_targets_agrees_where_all_must(
    stage: RunStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagged(monkeypatch, web_01="dave", web_02="erin")
    every = policy.Policy("any", ("tag:owner",), mode="all")
    edit(stage, policies=stage.deployment.book.policies | {"any": every})
    stage.planned("alice", "restart web-01 web-02 reason=why")
    approve(stage, "dave")
    assert waits(stage)
    approve(stage, "erin")
    assert not waits(stage)


@pytest.mark.parametrize(
    ("owner", "said_"),
    [
        ("nobody", "The tag owner=nobody of web-01 names nobody here"),
        ("", "web-01 has no tag owner"),
        ("bob", "must bring 2 approvals of different people"),
    ],
)
def test_an_owner_who_cannot_agree_refuses_the_request_as_it_is_planned(
    stage: RunStage, monkeypatch: pytest.MonkeyPatch, owner: str, said_: str
) -> None:
    tagged(monkeypatch, web_01=owner)
    alone = dataclasses.replace(OWNED, stages=(policy.Stage(("bob",)), OWNED.stages[1]))
    edit(stage, policies=stage.deployment.book.policies | {"any": alone})
    stage.ask("alice", "restart web-01 reason=why")
    assert any(said_ in text for text in said(stage.work()))
    assert stage.request(1).state is State.REFUSED


def test_the_requester_who_owns_the_target_does_not_agree_to_it(
    stage: RunStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagged(monkeypatch, web_01="alice")
    edit(stage, policies=stage.deployment.book.policies | {"any": OWNED})
    stage.ask("alice", "restart web-01 reason=why")
    assert any("and besides yourself there is nobody" in text for text in said(stage.work()))


# ----------------------------------------------------------------------------- configuration


PEOPLE = SMALL + "".join(
    f'[[person]]\nid = "{who}"\ndingtalk = "u-{who}"\nroles = ["{role}"]\n'
    for who, role in (("cid", "sre"), ("dan", "dba"), ("eve", "sre"))
)
ROLES = "".join(f'[role.{role}]\ncommands = ["restart"]\n' for role in ("sre", "dba", "none"))


def small(rule: str) -> str:
    return PEOPLE.replace('approvers = ["ben"]', rule) + ROLES


def test_stages_of_the_file_become_those_of_the_policy(load: Loader) -> None:
    rule = (
        'order = "sequence"\nstages = [{ approvers = ["role:sre"], mode = "count", count = 2 },\n'
    )
    made = load(small(rule + '{ approvers = ["role:dba", "ben"] }]')).book.policies["p"]
    assert made.stages == (
        policy.Stage(("cid", "eve"), "count", 2, ("role:sre",)),
        policy.Stage(("dan", "ben"), "any", 1, ("role:dba", "ben")),
    )
    assert (made.order, made.approvers) == ("sequence", ())
    assert made.people == ("cid", "eve", "dan", "ben")


def test_owners_by_tag_are_found_out_when_it_is_planned(load: Loader) -> None:
    owned = '[{ approvers = ["ben"] }, { approvers = ["tag:owner"], mode = "all" }]'
    made = load(small(f"stages = {owned}")).book.policies["p"]
    assert made.by_tag
    assert made.stages[1] == policy.Stage(("tag:owner",), "all", 1, ("tag:owner",))


@pytest.mark.parametrize(
    ("rule", "place", "said"),
    [
        ('mode = "any"', "policy.p.approvers", "Name people or roles, or write stages"),
        ('approvers = ["ben"]\nstages = [{ approvers = ["cid"] }]', "policy.p.approvers",
         "a policy has either"),
        ('mode = "all"\nstages = [{ approvers = ["cid"] }]', "policy.p.mode", "in each stage"),
        ('approvers = ["ben"]\norder = "sequence"', "policy.p.order", "no use without stages"),
        ('approvers = ["ben"]\nrejections = 2', "policy.p.rejections", "only 1 approver (ben)"),
        ('approvers = ["tag:"]', "policy.p.approvers", "names no tag"),
        ('stages = [{ approvers = ["cidd"] }]', "policy.p.stages.approvers",
         "did you mean cid"),
        ('stages = [{ approvers = ["dba"] }]', "policy.p.stages.approvers",
         'write "role:dba"'),
        ('stages = [{ mode = "any" }]', "policy.p.stages.approvers", "missing"),
        ('stages = [{ approvers = ["cid"], mode = "count" }]', "policy.p.stages",
         "count is missing"),
        ('stages = [{ approvers = ["role:none"] }]', "policy.p.stages.approvers",
         "names nobody"),
        ('stages = [{ approvers = ["cid"] }, { approvers = ["cid"] }]', "policy.p.stages",
         "stages 1 and 2 need 2 different people, but there is only 1 (cid)"),
        ('stages = [{ approvers = ["role:dba"] }, { approvers = ["role:sre", "dan"], mode = "all" '
         "}]", "policy.p.stages",
         "stages 1 and 2 need 4 different people, but there are only 3 (dan, cid, eve)"),
        ('stages = [{ approvers = ["ben"] }, { approvers = ["ann"] }]', "command.restart.policy",
         "stage 2 needs 1 different people, but there is nobody"),
    ],
)  # fmt: skip
def test_stages_that_can_never_be_filled_are_faults(
    load: Loader, rule: str, place: str, said: str
) -> None:
    text = small(rule)
    if place.startswith("command"):
        text = text.replace('commands = ["restart"]', "commands = []").replace(
            "[role.dev]\ncommands = []", '[role.dev]\ncommands = ["restart"]'
        )
    faults = {fault.mark.path: fault.message for fault in load.faults(text)}
    assert said in faults[place], faults
