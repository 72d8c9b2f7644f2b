"""What was approved is judged once more when it starts: by the configuration of that moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import model, policy, store
from bot.model.manifests import RateLimit
from bot.runtime import limits
from tests.bot import run_stage
from tests.bot import stage as stage_
from tests.bot.run_stage import RunStage
from tests.bot.stage import actions, cards, said

State = model.State


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[RunStage]:
    made = RunStage(tmp_path)
    yield made
    made.close()


def change(stage: RunStage, number: int, **fields: object) -> None:
    """Write into a stored request what another part of the bot would."""

    def write(writer: store.Writer) -> None:
        view = writer.view(model.Needs(request=number), stage.clock.now())
        assert view.request is not None
        new = replace(view.request, version=view.request.version + 1, **fields)  # type: ignore[arg-type]
        writer.apply(view, model.Decision(request=new), stage.clock.now())

    stage.loop.run_until_complete(stage.engine.write(write))


def changing(stage: RunStage) -> list[store.Claimed]:
    """Carry everything out but the calls that change something, which are returned in flight."""
    flying = stage.held()
    while reads := [one for one in flying if not isinstance(one.effect.body.what, model.calls.Api)]:
        for one in reads:
            flying.remove(one)
            stage.settle(one, stage.answer(one))
        flying += stage.held()
    return flying


def test_a_held_request_is_not_started_and_its_thread_says_why(stage: RunStage) -> None:
    request = stage.planned("alice", "restart web-01 reason=why")
    stage.approve()
    change(stage, 1, hold="restored")
    done = stage.work()
    assert not [effect for effect in done if isinstance(effect, model.StartRun)]
    assert stage.request(1).state is State.NOT_STARTED
    [told] = [text for text in said(done) if "was not started" in text]
    for part in ("restored backup", "Bob", request.code, "revote 1", "№"):
        assert part in told
    assert cards(done)[-1].tag == "not started"
    assert "request.not_started" in actions(stage)


def test_a_held_template_makes_no_call_and_ends_as_not_started(stage: RunStage) -> None:
    stage.planned("alice", "gate password=hunter2")
    stage.approve()
    stage.work()
    for who in ("bob", "carol"):
        stage.approve(who)
    change(stage, 1, hold="restored")
    done = stage.work()
    assert not stage.made("ActNow")
    assert any("was not started" in text for text in said(done))
    assert stage.request(1).state is State.NOT_STARTED


def test_a_held_loop_waits_says_why_and_goes_on_when_it_may(stage: RunStage) -> None:
    stage.planned("alice", "fleet web-01 web-02 web-03")
    stage.approve()
    first, second = changing(stage)
    stage.settle(first, stage.answer(first))
    change(stage, 1, hold="restored")
    done = stage.work()
    stage.settle(second, stage.answer(second))
    done += stage.work()
    assert len(stage.made("TouchInstance")) == 2
    request = stage.request(1)
    assert request.state is State.WAITING
    assert request.ballot is not None
    assert request.ballot.kind == "held"
    assert any("restored backup" in text for text in said(done))
    change(stage, 1, hold="")
    stage.click("bob", 1, "resume", stage.request(1).code, stage.request(1).card)
    stage.work()
    assert len(stage.made("TouchInstance")) == 3
    assert stage.request(1).state is State.SUCCEEDED


def test_a_call_in_doubt_is_looked_up_though_it_may_not_be_made(stage: RunStage) -> None:
    stage.planned("alice", "restart web-01 reason=why")
    stage.approve()
    [claimed] = [one for one in stage.claim() if isinstance(one.effect.body, model.StartRun)]
    stage.loop.run_until_complete(stage.engine.write(lambda writer: writer.recover()))
    change(stage, 1, hold="restored")
    again = [one for one in stage.claim() if isinstance(one.effect.body, model.StartRun)]
    assert [one.effect.body.lookup for one in again] == [True]
    assert claimed.effect.id == again[0].effect.id


def test_a_policy_is_kept_as_it_was_and_read_back() -> None:
    kept = (
        policy.Policy("two", ("bob", "carol"), "count", 2, remind=timedelta(seconds=90)),
        policy.Policy("any", (), self_approval=True, expires=timedelta(days=1), canary=3),
    )
    snapshot = json.loads(json.dumps(policy.snapshot(kept)))
    assert policy.from_snapshot(snapshot) == kept
    assert model.canonical(snapshot) == model.canonical(policy.snapshot(kept))


def test_what_is_refused_when_it_is_claimed_takes_no_place_in_a_budget() -> None:
    clock = stage_.Clock()
    rate_key = store.RateKey("", "here", "run")
    quotas = limits.RateLimiter([RateLimit("", ("run",), "chat", 1, 60.0)], clock)
    quotas.take(rate_key)
    assert quotas.room(rate_key).count == 0
    quotas.give_back(rate_key)
    assert quotas.room(rate_key).count == 1


def test_a_plan_of_an_earlier_release_in_which_a_hidden_value_is_code_does_not_run(
    stage: RunStage,
) -> None:
    """Such plans are refused now; an open one that was voted on before the upgrade ends, too."""
    stage.planned("alice", "gate password=hunter2")
    stage.put_earlier_plan(1, "gate", run_stage.PASTED, {"password": "x'; id; echo '"})
    stage.approve()
    done = stage.work()
    assert stage.request(1).state is State.NOT_STARTED
    assert not stage.calls
    assert any("hidden value" in text for text in said(done))
