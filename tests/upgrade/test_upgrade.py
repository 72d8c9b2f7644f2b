"""A store that an earlier release wrote, with requests in every state: the present code reads all
of it, goes on with what was open or puts it to the vote again and says why, and runs nothing that
was not voted on."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot import audit, model, store
from bot.store import codec
from tests import postgres as servers
from tests import stores
from tests.bot import run_stage
from tests.bot.stage import words

State = model.State
STORES = sorted((Path(__file__).parents[1] / "payloads" / "stores").glob("*.sql"))
PENDING = (13, 14, 15)
"""Requests that wait for votes on their plan; one of the votes that 14 needs is in."""
WAITING = {9: "pause", 10: "approval"}
GOING = (11, 12, 16, 17, 18)
"""Requests that were approved, and run or are about to."""
ENDED = {
    1: State.SUCCEEDED,
    2: State.FAILED,
    3: State.REJECTED,
    4: State.CANCELLED,
    5: State.EXPIRED,
    6: State.UNKNOWN,
    7: State.REFUSED,
    8: State.SUCCEEDED,
}


class Upgraded(run_stage.RunStage):
    """The stage on a store of an earlier release. ``starts`` counts the scripts that were started,
    by their client token, ``said`` what was said and shown, by request."""

    def __init__(self, folder: Path, dump: Path) -> None:
        name = folder / "stage.db"
        file = folder / "moved.db" if stores.in_database(name) else name
        with sqlite3.connect(file) as connection:
            connection.executescript(dump.read_text(encoding="utf-8"))
            newest = connection.execute("SELECT MAX(at) FROM audit").fetchone()[0]
        connection.close()
        if file != name:
            now = codec.at(newest)
            store.transfer(store.Place(file), store.Place(stores.location(name)), now, 10)
        super().__init__(folder)
        self.count = 1000
        self.clock.time = codec.at(newest) + timedelta(minutes=1)
        self.starts: Counter[tuple[int, str]] = Counter()
        self.said: dict[int, str] = {}
        self.loop.run_until_complete(self.engine.write(lambda writer: writer.recover()))

    def answer(self, claimed):  # type: ignore[no-untyped-def]
        effect, body = claimed.effect, claimed.effect.body
        if isinstance(body, model.StartRun):
            self.starts[effect.request, body.step.token] += 1
        shown = getattr(body, "message", None) or getattr(body, "card", None)
        if isinstance(shown, model.Message | model.Card):
            self.said[effect.request] = self.said.get(effect.request, "") + words(shown)
        return super().answer(claimed)

    def settle_everything(self) -> None:
        """Let the outside answer, and every script end well."""
        self.work()
        for request in self.read(lambda reader: reader.open_requests()):
            if request.state is State.RUNNING:
                self.observe(request.id)
        self.work()

    def agree(self, number: int) -> None:
        """Everybody who may says yes, on the card as it stands at that moment."""
        for who in ("bob", "carol", "erin"):
            request = self.request(number)
            asks = request.ballot is not None and request.ballot.voted
            if request.state is State.PENDING or asks:
                self.click(who, number, "approve", request.code, request.card)
                self.work()


DATABASE = "moved to PostgreSQL"
PLACES = {path.stem: path for path in STORES} | {DATABASE: STORES[0]}


@pytest.fixture(params=PLACES)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Upgraded]:
    """Each store in a file, as it was; the oldest also moved to a database."""
    with contextlib.ExitStack() as open_:
        if request.param == DATABASE and not stores.POSTGRES:
            server: servers.Server = request.getfixturevalue("postgres")
            url = open_.enter_context(server.database())
            open_.enter_context(stores.placed(tmp_path / "stage.db", url))
        made = Upgraded(tmp_path, PLACES[request.param])
        open_.callback(made.close)
        yield made


def test_everything_that_was_stored_can_be_read(scene: Upgraded) -> None:
    with scene.store.reading() as reader:
        assert not audit.verify(reader.chain(), reader.audit_head())
        for number in range(1, 20):
            request = reader.request(number)
            assert request is not None
            reader.votes(number), reader.steps(number)
            if request.plan is not None:
                assert model.digest(request.plan) == request.digest, number
    for (body,) in stores.rows(scene.path, "SELECT body FROM outbox"):
        codec.decode(codec.effect, str(body))


def test_what_had_ended_stays_as_it_ended(scene: Upgraded) -> None:
    scene.settle_everything()
    assert {number: scene.request(number).state for number in ENDED} == ENDED


def test_what_was_not_voted_on_does_not_run(scene: Upgraded) -> None:
    scene.settle_everything()
    scene.settle_everything()
    for number in PENDING:
        assert scene.request(number).state is State.PENDING
        assert not [key for key in scene.starts if key[0] == number]
    for number, kind in WAITING.items():
        ballot = scene.request(number).ballot
        assert ballot is not None
        assert ballot.kind == kind
    assert not scene.made("ActNow")


def test_what_was_asked_for_is_planned_and_put_to_the_vote(scene: Upgraded) -> None:
    scene.settle_everything()
    request = scene.request(19)
    assert request.state is State.PENDING
    assert request.code in scene.said[19]


@pytest.mark.parametrize("number", [*PENDING, 19])
def test_what_was_pending_is_voted_on_and_runs_once(scene: Upgraded, number: int) -> None:
    scene.settle_everything()
    scene.agree(number)
    scene.settle_everything()
    assert scene.request(number).state is State.SUCCEEDED, scene.request(number)
    assert all(count == 1 for count in scene.starts.values())


def test_what_waited_within_a_run_goes_on_or_says_why_not(scene: Upgraded) -> None:
    """The run of 10 gives a hidden value to a field that may decide what is done: nobody could read
    it before they voted, so it ends with the reason."""
    scene.settle_everything()
    scene.agree(10)
    scene.click("alice", 9, "resume", scene.request(9).code, scene.request(9).card)
    scene.click("bob", 9, "resume", scene.request(9).code, scene.request(9).card)
    scene.settle_everything()
    assert scene.request(9).state is State.SUCCEEDED
    assert scene.request(10).state is State.NOT_STARTED
    assert "hidden value" in scene.said[10]
    assert len(scene.made("ActNow")) == 1


def test_what_was_approved_runs_once_or_is_put_to_the_vote_again(scene: Upgraded) -> None:
    scene.settle_everything()
    for number in GOING:
        request = scene.request(number)
        if request.state is State.PENDING:
            assert request.code in scene.said[number]
        else:
            assert request.state is State.SUCCEEDED, (number, request.state, request.note)
    assert all(count == 1 for count in scene.starts.values()), scene.starts


def test_nothing_that_was_open_is_lost(scene: Upgraded) -> None:
    """Whatever happens next, each ends or waits for people, and its thread says so."""
    scene.settle_everything()
    scene.tick(7200)
    scene.settle_everything()
    scene.tick(7200)
    scene.settle_everything()
    for number in range(9, 20):
        request = scene.request(number)
        assert request.state.final or request.state is State.WAITING, (number, request.state)
        assert request.state is State.WAITING or scene.said.get(number), number


def test_cards_that_were_stored_drawn_are_sent(scene: Upgraded) -> None:
    """A first card as it was drawn; updates as the requests are by now."""
    query = "SELECT body FROM outbox WHERE state IN ('queued', 'in_flight') AND kind = 'show_card'"
    first = [codec.decode(codec.effect, str(body)) for (body,) in stores.rows(scene.path, query)]
    work = scene.work()
    assert all(effect in work for effect in first)
    for number in (16, 17, 18):
        assert scene.said[number]
    if first:  # only the newest of these stores holds one
        assert scene.request(20).card
        scene.agree(20)
        scene.settle_everything()
        assert scene.request(20).state is State.SUCCEEDED
