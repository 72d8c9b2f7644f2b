"""Whatever names and numbers come from outside: the store takes them, and tells them apart."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot import model, store
from bot.store import codec
from bot.store.sql import letters, names, statements
from tests import stores
from tests.bot import rig

RANDOM = random.Random(1)


def long(letters: int) -> str:
    """A text of three bytes a letter that nothing can compress."""
    return "".join(chr(RANDOM.randrange(0x4E00, 0x9FFF)) for _ in range(letters))


LONG = long(1024)
NAMES = ("a", LONG, LONG + "b", "b" + LONG, LONG[:300], "a\0", "a\ufffd", "\0a", ":" * 3000, "%_\\")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def writer(path: Path) -> Iterator[store.sql.writer.Writer]:
    """In a transaction."""
    with stores.opened(path) as opened:
        assert opened.writer is not None
        opened.writer.begin()
        yield opened.writer
        opened.writer.commit()
    assert not stores.findings(path)


async def test_events_chats_and_messages_by_any_name(path: Path) -> None:
    """Each is taken once, and none stops the bot."""
    events = [
        replace(
            rig.asked(name),
            account=replace(rig.ALICE, id=f"u{name}"),
            place=rig.place(f"m{name}", chat=f"c{name}"),
            text=f"restart {name}",
        )
        for name in NAMES
    ]
    async with rig.running(path) as r:
        for again in (False, True):
            for event in events:
                receipt = await r.engine.submit(event)
                assert (receipt.tone, receipt.duplicate) == ("success", again)
        for number, event in enumerate(events, 1):
            needs = model.Needs(platform="chat", message=event.place.message)
            view = await r.engine.write(lambda w, n=needs: w.view(n, rig.START))  # type: ignore[misc]
            assert view.request is not None
            assert (view.request.id, view.request.place) == (number, event.place)
            clicker = replace(rig.BOB, id=event.account.id)
            click = replace(rig.clicked(number, number, account=clicker), reason="a\0b")
            assert (await r.engine.submit(click)).tone == "success"
    of_rig = {"vote", "approval", "end"}  # its core puts no votes on record
    assert not [one for one in stores.findings(path) if one.kind not in of_rig]


@pytest.mark.parametrize("number", [1 << 63, 10**30, -(10**30), -1])
async def test_a_number_of_no_request_is_noted_once(path: Path, number: int) -> None:
    async with rig.running(path) as r:
        assert (await r.engine.submit(rig.clicked(1, number))).tone == "error"
        assert (await r.engine.submit(rig.clicked(1, number))).duplicate
        assert (await r.engine.submit(rig.asked(2))).tone == "success"
        assert r.audit_actions() == ["event.failed", "asked"]


async def test_half_of_a_character_is_replaced_and_the_rest_is_taken(path: Path) -> None:
    async with rig.running(path) as r:
        odd = replace(rig.asked("\ud800"), text="restart \udfff")
        for event in (odd, rig.asked(2)):
            assert (await r.engine.submit(event)).tone == "success"
        assert r.rows("SELECT id FROM events ORDER BY id") == [("ask-2",), ("ask-\ufffd",)]


def test_the_bus_tells_events_and_their_letters_apart(writer: store.sql.writer.Writer) -> None:
    named = [(source, id_, mark) for source in NAMES for id_ in NAMES[:5] for mark in ("", LONG)]
    for source, id_, mark in named:
        event = model.CloudEvent(id_, source, "t", rig.START, mark=mark)
        about = {"source": source, "id": id_, "type": "t", "mark": mark}
        letter = model.Deliver("rule", 0, model.ToHttp("there"), None, about)
        effect = model.NewEffect(letter.key, letter.key, letter)
        decision = model.Decision(published=(event, event), effects=(effect, effect))
        writer.apply(writer.view(model.Needs(), rig.START), decision, rig.START)
    count = "SELECT COUNT(*), COUNT(DISTINCT key) FROM outbox"
    assert writer.connection.execute(count).fetchone() == (len(named), len(named))
    assert writer.connection.execute("SELECT COUNT(*) FROM bus").fetchone() == (len(named),)
    for source, id_, mark in named[::7]:
        event = model.CloudEvent(id_, source, "t", rig.START, mark=mark)
        (letter_,) = letters.letters_of(writer.connection, event, 5)
        assert letter_.deliver.event["source"] == source
        assert letter_.deliver.event["id"] == id_
        assert letters.marks(writer.connection, source, id_, [mark, "other"]) == {mark}


def test_what_a_sender_called_alike_is_no_event_of_ours(writer: store.sql.writer.Writer) -> None:
    """Upper and lower case are told apart where the bot's own events of a person are removed."""
    for source in ("countersign/ops", "Countersign/ops", "countersign", "countersign0"):
        event = model.CloudEvent("1", source, "t", rig.START, subject="1")
        letters.publish(writer.connection, event, 0)
    writer.connection.execute(statements.EVENTS_DELETE, ('["1"]',))
    rows = writer.connection.execute("SELECT source FROM bus ORDER BY source").fetchall()
    assert rows == [("Countersign/ops",), ("countersign",), ("countersign0",)]


def test_lanes_by_any_name_go_one_by_one(writer: store.sql.writer.Writer) -> None:
    """And what one effect put on record of its parts is known to the next of its lane."""

    class Room:
        def room(self, rate_key: store.RateKey) -> store.Allowance:
            return store.Allowance(1000)

        def take(self, rate_key: store.RateKey) -> None: ...

        def give_back(self, rate_key: store.RateKey) -> None: ...

    effects = [rig.say(f"{n}{name}", f"{name}", chat=name) for n in "12" for name in NAMES]
    view = writer.view(model.Needs(), rig.START)
    writer.apply(view, model.Decision(effects=tuple(effects)), rig.START)
    first = writer.claim(rig.START, Room()).effects
    assert [one.effect.body for one in first] == [one.body for one in effects[: len(NAMES)]]
    assert writer.claim(rig.START, Room()).effects == ()
    for one in first:
        assert writer.note(one.effect.id, 1, "part\0", f"ref\0{one.effect.id}")
        writer.settle(one.effect.id, model.Done("ref\0", {"\0": "\0"}), codec.ms(rig.START))
    second = writer.claim(rig.START, Room()).effects
    assert [one.effect.body for one in second] == [one.body for one in effects[len(NAMES) :]]
    for old, new in zip(first, second, strict=True):
        (ref,) = new.attempt.parts_done.values()
        assert ref.endswith(str(old.effect.id))


TEXTS = st.text(st.sampled_from("a:\0\x1f文\ufffd\U0010ffff"), max_size=900)


@given(TEXTS, TEXTS, TEXTS)
@example(LONG, "x" * 900, "y" * 900)
@example("x" * 200 + ":" + "y" * 600, "文" * 900, "")
def test_a_bounded_name_is_short_and_stays_as_it_is(one: str, other: str, begin: str) -> None:
    short = names.bounded(one)
    assert len(short.encode()) <= names.LONGEST
    assert "\0" not in short
    assert names.bounded(short) == short
    assert (short == names.bounded(other)) == (one == other)
    joint = f"{begin}:{one}"
    if len(names.bounded(begin + ":")) + len(short) < 200:
        assert names.bounded(joint).startswith(names.bounded(f"{begin}:"))
