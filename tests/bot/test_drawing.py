"""Cards are drawn when they are sent: what people see is what the store says at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import model
from tests.bot.stage import PLATFORM, TENANT, Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.close()


def shown(stage: Stage) -> list[model.ShowCard | model.UpdateCard]:
    return [one for one in stage.work() if isinstance(one, model.ShowCard | model.UpdateCard)]


def test_a_first_card_that_is_sent_late_asks_nobody_about_what_was_cancelled(stage: Stage) -> None:
    stage.ask("alice", "restart web-01 reason=slow")
    [resolve] = stage.claim()
    stage.settle(resolve, stage.answer(resolve))
    stage.ask("alice", "cancel 1")
    first, *updates = shown(stage)
    assert isinstance(first, model.ShowCard)
    for effect in (first, *updates):
        assert (effect.drawing.tag, effect.drawing.buttons) == ("cancelled", ())
        assert effect.drawing.mentions == ()


def test_a_card_that_does_not_decide_says_so_and_the_one_that_does_stays(stage: Stage) -> None:
    request = stage.planned("alice", "restart web-01 reason=slow")
    stage.click("bob", request.id, "approve", request.code, card="another")
    [update] = shown(stage)
    assert isinstance(update, model.UpdateCard)
    assert (update.ref, update.drawing.buttons) == ("another", ())
    assert "bob" not in update.drawing.tag
    stage.click("bob", request.id, "approve", request.code, card=request.card)
    own = [effect for effect in shown(stage) if isinstance(effect, model.UpdateCard)]
    assert {effect.ref for effect in own} == {request.card}
    assert own[-1].viewers == ("u-bob",)


def test_a_card_that_is_sent_once_more_shows_how_it_is_by_then(stage: Stage) -> None:
    """Nobody could be asked, so the card is a dead letter; by the time that people send it again
    the request has expired."""
    stage.ask("alice", "restart web-01 reason=slow")
    while taken := stage.claim():
        for claimed in taken:
            chat = isinstance(claimed.effect.body, model.ShowCard | model.Say)
            gone = chat and not claimed.effect.body.place.direct
            stage.settle(claimed, model.Refused("gone") if gone else stage.answer(claimed))
    [letter] = stage.read(lambda reader: reader.letters())
    stage.tick(7200)
    stage.work()
    view = model.View(next_request=2, audit_seq=0, installation="")
    decision = model.Decision(redriven=(letter.number,))
    now = stage.clock.now()
    stage.loop.run_until_complete(
        stage.engine.write(lambda writer: writer.apply(view, decision, now))
    )
    [again] = [effect for effect in shown(stage) if isinstance(effect, model.ShowCard)]
    assert (again.drawing.tag, again.drawing.buttons) == ("expired, not run", ())


OUTCOMES = [
    (model.Done(), True),
    (model.Unknown("no answer"), True),
    (model.NotSent("no answer", uncertain=True), True),
    (model.NotSent("never left"), False),
    (model.Refused("gone"), False),
]
"""How a try may end, and whether it may have changed the card."""


@pytest.mark.parametrize(("late", "overwrites"), OUTCOMES)
@pytest.mark.parametrize("moment", ["queued", "in_flight", "done"])
def test_a_card_that_a_try_may_have_overwritten_is_put_right(
    stage: Stage, late: model.Outcome, overwrites: bool, moment: str
) -> None:
    """An older card reaches the platform after a newer one, from a try that was taken over."""
    request = stage.planned("alice", "restart web-01 reason=slow")
    stage.click("bob", request.id, "approve", request.code)
    [older] = [one for one in stage.claim() if isinstance(one.effect.body, model.UpdateCard)]
    stage.loop.run_until_complete(stage.engine.write(lambda writer: writer.recover()))

    def rows() -> dict[int, str]:
        sql = "SELECT id, state FROM outbox WHERE kind = 'update_card'"
        known: dict[int, str] = stage.read(lambda it: dict(it.connection.execute(sql).fetchall()))
        return known

    def ends_late() -> None:
        before = rows()
        assert before[older.effect.id] == moment
        stage.settle(older, late)
        after = rows()
        assert len(after) - len(before) == overwrites
        if moment != "queued":  # else the update that is queued anew takes its place
            assert after.items() >= before.items()

    if moment == "queued":
        ends_late()
    taken = stage.claim()
    if moment == "in_flight":
        ends_late()
    for claimed in taken:
        stage.settle(claimed, stage.answer(claimed))
    stage.work()
    stage.observe(request.id)
    stage.work()
    if moment == "done":
        ends_late()
        assert [one.drawing.tag for one in shown(stage)] == ["succeeded"] * overwrites
    assert set(rows().values()) <= {"done", "dropped"}
    assert "tell.failed" not in [row.action for row in stage.read(lambda it: list(it.chain()))]


def test_what_cannot_be_drawn_is_not_put_to_the_vote_and_nothing_of_it_starts(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **facts: object) -> None:
        raise KeyError("no such phrase")

    monkeypatch.setattr("bot.cards.drawing.request_card", broken)
    monkeypatch.setattr("bot.cards.request_card", broken)
    form = model.FormChanged(
        "form:1", stage.clock.now(), PLATFORM, TENANT, "hire", "inst-1", "approved"
    )
    stage.submit(form)
    stage.ask("alice", "restart web-01 reason=slow")
    bodies = stage.work()
    assert not [one for one in bodies if isinstance(one, model.StartRun | model.ShowCard)]
    stage.tick(130)
    assert stage.request(2).state is model.State.REFUSED
    assert [one for one in stage.work() if isinstance(one, model.Say)], "people are told"
