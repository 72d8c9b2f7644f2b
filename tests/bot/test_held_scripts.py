"""A script for more than a hundred machines runs in several calls. Where a later one is refused as
the run may not go on at that moment, the run is held and asks, as the run of a template does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model, policy, store
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import actions, cards, said, words
from tests.bot.test_humans import approve, edit
from tests.bot.test_moment_of_start import later, with_policy, without_person

State = model.State
COUNT = 250


class Fleet(RunStage):
    """``restart all`` runs on 250 machines, in three calls."""

    def found(self, body: model.ResolveTargets) -> model.Outcome:
        if body.targets != ("all",):
            return super().found(body)
        named = [
            {"id": f"i-{n}", "name": f"n-{n}", "region": "here", "status": "Running", "agent": True}
            for n in range(COUNT)
        ]
        return model.Done(data={"instances": named, "unknown": [], "ambiguous": {}})

    def starts(self) -> list[store.Claimed]:
        """The calls of the run that are due now; everything else that is due is carried out."""
        found: list[store.Claimed] = []
        while taken := self.claim():
            for one in taken:
                if isinstance(one.effect.body, model.StartRun):
                    found.append(one)
                else:
                    self.heard.append(one.effect.body)
                    self.settle(one, self.answer(one))
        return found

    heard: list[model.Effect]

    def states(self) -> list[str]:
        return [step.state for step in self.read(lambda reader: reader.steps(1))]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Fleet]:
    rule = policy.CommandRule("any", "high", most_targets=500)
    made = Fleet(tmp_path, run_stage.book(commands={"restart": rule}))
    made.heard = []
    made.planned("alice", "restart all reason=why")
    yield made
    made.close()


def begun(stage: Fleet) -> list[store.Claimed]:
    """The first call was made, the others were throttled."""
    approve(stage, "bob")
    first, *others = stage.starts()
    stage.settle(first, stage.answer(first))
    for one in others:
        stage.settle(one, model.NotSent("Throttling", retry_after=600.0))
    return others


def held(stage: Fleet) -> model.ApprovalStep:
    """Nobody who approved may approve any more, and the throttled calls are due."""
    begun(stage)
    with_policy("any", approvers=("carol",))(stage)
    stage.clock.advance(601)
    assert stage.starts() == []
    ballot = stage.request(1).ballot
    assert ballot is not None
    assert ballot.kind == "held"
    return ballot


def test_the_run_is_held_and_says_why(stage: Fleet) -> None:
    held(stage)
    assert stage.request(1).state is State.WAITING
    assert stage.states() == ["running", "held", "held"]
    told = [text for text in said(stage.heard) if "is on hold" in text]
    assert len(told) == 1, "it asks once, not once for each call"
    assert "no longer suffice" in told[0]
    assert "resume 1" in told[0]
    assert actions(stage).count("run.held") == 1
    card = cards(stage.heard)[-1]
    assert [button.action for button in card.buttons] == ["resume", "stop"]
    assert "may not go on" in words(card)
    assert "▱▱▱▱▱▱▱▱▱▱ 0/250 done" in words(card)


def test_what_runs_is_followed_and_the_run_does_not_end(stage: Fleet) -> None:
    held(stage)
    stage.observe(1)
    assert stage.states() == ["finished", "held", "held"]
    assert stage.request(1).state is State.WAITING
    assert "▰▰▰▰▱▱▱▱▱▱ 100/250 done" in words(cards(stage.work())[-1])


def test_it_goes_on_once_it_may_and_somebody_says_so(stage: Fleet) -> None:
    ballot = held(stage)
    request = stage.request(1)
    answer = stage.click("carol", 1, "resume", ballot.code, request.card).toast
    assert "no longer suffice" in answer, "it may not yet"
    assert stage.starts() == []
    with_policy("any", approvers=("bob", "carol"))(stage)
    stage.click("alice", 1, "resume", ballot.code, request.card)
    assert stage.request(1).ballot is not None, "whoever asked for it does not say so"
    stage.clock.advance(3 * 3600)
    stage.click("carol", 1, "resume", ballot.code, request.card)
    assert stage.request(1).state is State.RUNNING
    again = stage.starts()
    bodies = [one.effect.body for one in again]
    assert [body.step.index for body in bodies if isinstance(body, model.StartRun)] == [1, 2]
    assert not any(body.lookup for body in bodies if isinstance(body, model.StartRun))
    for one in again:
        stage.settle(one, stage.answer(one))
    stage.observe(1)
    assert stage.request(1).state is State.SUCCEEDED
    assert len({step.token for step in stage.read(lambda reader: reader.steps(1))}) == 3


def test_it_is_held_again_where_it_may_not_again(stage: Fleet) -> None:
    ballot = held(stage)
    with_policy("any", approvers=("bob", "carol"))(stage)
    stage.click("carol", 1, "resume", ballot.code, stage.request(1).card)
    without_person("alice")(stage)
    assert stage.starts() == []
    second = stage.request(1).ballot
    assert second is not None
    assert second.code != ballot.code
    assert stage.states() == ["running", "held", "held"]
    stage.click("carol", 1, "stop", second.code, stage.request(1).card)
    stage.starts()
    stage.observe(1, "Terminated", None)
    assert stage.request(1).state is State.CANCELLED


@pytest.mark.parametrize("over", [True, False])
def test_it_can_be_stopped(stage: Fleet, over: bool) -> None:
    ballot = held(stage)
    if over:
        stage.observe(1)
    stage.click("alice", 1, "stop", ballot.code, stage.request(1).card)
    stopped = [one for one in stage.work() if isinstance(one, model.StopRun)]
    assert bool(stopped) is not over
    if not over:
        assert stage.request(1).state is State.RUNNING
        stage.observe(1, "Terminated", None)
    assert stage.request(1).state is State.CANCELLED
    assert stage.request(1).ballot is None


def test_what_was_still_queued_does_not_start_by_itself(stage: Fleet) -> None:
    """One call is refused while another waits longer: on hold, nothing more is started."""
    approve(stage, "bob")
    first, second, third = stage.starts()
    stage.settle(first, stage.answer(first))
    stage.settle(second, model.NotSent("Throttling", retry_after=60.0))
    stage.settle(third, model.NotSent("Throttling", retry_after=600.0))
    book = stage.deployment.book
    with_policy("any", approvers=("carol",))(stage)
    stage.clock.advance(61)
    assert stage.starts() == []
    assert stage.states() == ["running", "held", "held"]
    edit(stage, policies=book.policies)
    stage.clock.advance(600)
    assert stage.starts() == []


def test_an_answer_that_comes_after_the_hold_is_taken(stage: Fleet) -> None:
    approve(stage, "bob")
    first, *others = stage.starts()
    for one in others:
        stage.settle(one, model.NotSent("Throttling", retry_after=60.0))
    with_policy("any", approvers=("carol",))(stage)
    stage.clock.advance(61)
    assert stage.starts() == []
    assert stage.states() == ["started", "held", "held"]
    stage.settle(first, stage.answer(first))
    assert stage.states() == ["running", "held", "held"]
    request = stage.request(1)
    assert request.state is State.WAITING
    assert request.started_at is not None


def test_where_nothing_began_it_is_not_started_and_nobody_hears_of_a_hold(stage: Fleet) -> None:
    """All three are refused in the same moment."""
    approve(stage, "bob")
    with_policy("any", approvers=("carol",))(stage)
    assert stage.starts() == []
    assert stage.request(1).state is State.NOT_STARTED
    assert stage.states() == ["failed"] * 3
    assert not [text for text in said(stage.heard) if "on hold" in text]
    assert "run.held" not in actions(stage)


def test_what_became_too_late_asks(stage: Fleet) -> None:
    begun(stage)
    later(stage)
    stage.clock.advance(601)
    assert stage.starts() == []
    ballot = stage.request(1).ballot
    assert ballot is not None
    stage.click("carol", 1, "resume", ballot.code, stage.request(1).card)
    assert len(stage.starts()) == 2


def test_in_a_restored_store_what_was_held_is_only_looked_up(stage: Fleet) -> None:
    """Somebody may have resumed it after the copy was made."""
    held(stage)
    stage.submit(model.Restored("restored:1", stage.clock.now(), 1))
    assert stage.request(1).ballot is None
    stage.clock.advance(3)
    bodies = [one.effect.body for one in stage.starts()]
    assert [body.lookup for body in bodies if isinstance(body, model.StartRun)] == [True, True]
