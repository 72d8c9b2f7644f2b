"""The console as a platform: its real server, real sockets, and an engine that the test plays."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapters.console import Settings, history
from adapters.console.chat import Console
from bot import model
from bot.model import ports
from tests.adapters.conformance.chat import Engine, card, connected, logged, message, until

TOKENS = {name: f"token-of-{name}-0123456789" for name in ("alice", "bob")}
GROUP = model.Place("console", "console", "ops")
NEVER = model.Attempt()


class Clock(ports.Clock):
    def __init__(self) -> None:
        self.time = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        self.time += timedelta(milliseconds=1)
        return self.time


class House:
    """A console with its file and its engine; ``adapter`` is another one, as after a restart."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.engine = Clock(), Engine()
        self.settings = Settings(
            TOKENS,
            socket=str(folder / "console.sock"),
            keep=50,
            file=folder / "history.jsonl",
            chats=("ops",),
        )
        self.chat = self.adapter()

    def adapter(self, **settings: Any) -> Console:
        return Console(replace(self.settings, **settings), self.clock)

    async def ask(
        self, method: str, path: str, who: str = "alice", body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        known = {"Authorization": f"Bearer {TOKENS.get(who, who)}", **headers}
        connector = aiohttp.UnixConnector(self.settings.socket)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"http://localhost{path}", json=body, headers=known) as answer,
        ):
            return answer.status, json.loads(await answer.text())

    async def said(self, who: str = "alice", after: str = "") -> list[dict[str, Any]]:
        status, page = await self.ask("GET", f"/v1/events?after={after}", who)
        assert status == 200, page
        entries: list[dict[str, Any]] = page["entries"]
        return entries

    async def say(self, who: str = "alice", **body: Any) -> Any:
        status, entry = await self.ask("POST", "/v1/messages", who, {"chat": "ops", **body})
        assert status == 200, entry
        return entry


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    async with connected(made.chat, made.engine):
        yield made


def done(outcome: model.Outcome) -> str:
    assert isinstance(outcome, model.Done), outcome
    return outcome.ref


# ----------------------------------------------------------------------------- a whole turn


async def test_asked_shown_clicked_changed_and_read_by_somebody_who_comes_later(
    house: House,
) -> None:
    entry = await house.say(text="restart web-01")
    [event] = house.engine.events
    place = replace(GROUP, message=entry["id"])
    assert event == model.MessageReceived(
        f"console:msg:{entry['id']}",
        datetime.fromisoformat(entry["at"]),
        model.Account("console", "console", "alice"),
        place,
        "restart web-01",
    )
    ref = done(await house.chat.perform(model.ShowCard(place, card("script"), "k"), NEVER))
    house.engine.receipt = model.Receipt("Counted", "success")
    body = {"card": ref, "revision": 0, "action": "approve", "reason": " as agreed "}
    assert await house.ask("POST", "/v1/clicks", "bob", body) == (
        200,
        {"toast": "Counted", "tone": "success"},
    )
    pressed = house.engine.events[-1]
    assert isinstance(pressed, model.CardAction)
    assert (pressed.account.id, pressed.card, pressed.action) == ("bob", ref, "approve")
    assert (pressed.request, pressed.code, pressed.reason) == (7, "c0de1234", "as agreed")
    await house.chat.perform(model.UpdateCard(place, card("over", ()), ref), NEVER)
    await house.chat.perform(model.Say(place, message("it ran"), "s"), NEVER)
    asked, shown, outcome = await house.said("bob")
    assert (asked["author"], asked["text"]) == ("alice", "restart web-01")
    assert (shown["author"], shown["kind"], shown["reply_to"]) == (None, "card", asked["id"])
    assert ("over" in shown["text"], shown["buttons"], shown["revision"]) == (True, [], 1)
    assert (outcome["text"], outcome["reply_to"]) == ("it ran", asked["id"])


async def test_a_reply_names_what_it_answers_and_a_direct_chat_is_ones_own(house: House) -> None:
    ref = done(await house.chat.perform(model.ShowCard(GROUP, card("x"), "k"), NEVER))
    await house.say("bob", text="approve", reply_to=ref)
    assert isinstance(house.engine.events[-1], model.MessageReceived)
    assert house.engine.events[-1].quoted == ref
    await house.say(chat="@alice", text="help")
    assert house.engine.events[-1].place == replace(
        GROUP, chat="alice", message=house.engine.events[-1].place.message, direct=True
    )
    alone = model.Place("console", "console", "alice", direct=True)
    await house.chat.perform(model.Say(alone, message("for you"), "s"), NEVER)
    assert [e["text"] for e in await house.said() if e["chat"] == "@alice"] == ["help", "for you"]
    assert not [e for e in await house.said("bob") if e["chat"] == "@alice"]
    status, _ = await house.ask("POST", "/v1/messages", "bob", {"chat": "@alice", "text": "me too"})
    assert status == 403


# ----------------------------------------------------------------------------- once, and not lost


async def test_the_same_effect_is_one_message_also_after_a_restart(house: House) -> None:
    say, show = model.Say(GROUP, message("hello"), "s"), model.ShowCard(GROUP, card("x"), "c")
    refs = [done(await house.chat.perform(effect, NEVER)) for effect in (say, show)]
    again = model.Attempt(2, uncertain=True, uncertain_since=house.clock.now())
    for chat in (house.chat, house.adapter()):
        assert [done(await chat.perform(effect, again)) for effect in (say, show)] == refs
    assert len(await house.said()) == 2


async def test_what_cannot_be_looked_up_any_more_is_not_repeated(house: House) -> None:
    began = house.clock.now()
    again = model.Attempt(2, uncertain=True, uncertain_since=began)
    for number in range(60):
        await house.chat.perform(model.Say(GROUP, message(f"{number}"), f"s{number}"), NEVER)
    outcome = await house.chat.perform(model.Say(GROUP, message("0"), "s0"), again)
    assert isinstance(outcome, model.Unknown)
    lost = house.adapter(file=house.settings.file.with_name("other.jsonl"))
    outcome = await lost.perform(model.Say(GROUP, message("1"), "s59"), again)
    assert isinstance(outcome, model.Unknown)
    fresh = model.Attempt(2, uncertain=True, uncertain_since=house.clock.now())
    done(await house.chat.perform(model.Say(GROUP, message("new"), "s99"), fresh))


async def test_a_message_is_acknowledged_only_once_it_is_taken(house: House) -> None:
    body = {"chat": "ops", "text": "restart web-01", "id": "one"}
    house.engine.gate = asyncio.Event()
    asking = asyncio.create_task(house.ask("POST", "/v1/messages", body=body))
    await until(lambda: house.engine.events)
    assert not asking.done()
    house.engine.gate.set()
    assert (await asking)[0] == 200
    assert (await house.ask("POST", "/v1/messages", body=body))[0] == 200
    assert (len(house.engine.events), len(await house.said())) == (1, 1)


@pytest.mark.parametrize("problem", [ports.Closed(), RuntimeError("no memory")])
async def test_what_was_not_taken_is_handed_over_again_at_the_next_start(
    house: House, problem: Exception
) -> None:
    house.engine.problem = problem
    body = {"chat": "ops", "text": "restart web-01", "id": "one"}
    status, answer = await house.ask("POST", "/v1/messages", body=body)
    assert (status >= 500, "send it again" in answer["error"]) == (True, True)
    house.engine.problem = None
    later = Engine()
    async with connected(house.adapter(socket=house.settings.socket), later):
        assert [event.id for event in later.events] == [house.engine.events[0].id]
    third = Engine()
    async with connected(house.adapter(), third):
        assert third.events == []


async def test_a_client_that_comes_again_gets_what_it_missed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, changed = asyncio.Event(), history.History.changed

    async def noted(self: history.History) -> None:
        asked.set()
        await changed(self)

    monkeypatch.setattr(history.History, "changed", noted)
    await house.say(text="one")
    _, page = await house.ask("GET", "/v1/events")
    waiting = asyncio.create_task(
        house.ask("GET", f"/v1/events?after={page['cursor']}&wait=5", "alice")
    )
    await asked.wait()
    assert not waiting.done()
    ref = done(await house.chat.perform(model.ShowCard(GROUP, card("now"), "k"), NEVER))
    _, news = await waiting
    assert [entry["id"] for entry in news["entries"]] == [ref]
    assert await house.said(after=news["cursor"]) == []
    for number in range(60):
        await house.chat.perform(model.Say(GROUP, message("x"), f"s{number}"), NEVER)
    _, late = await house.ask("GET", f"/v1/events?after={page['cursor']}")
    assert (late["missed"], len(late["entries"])) == (True, 50)
    _, lost = await house.ask("GET", "/v1/events?after=00000000:1")
    assert lost["missed"], "a cursor of a history that is gone"


async def test_a_cursor_outlives_the_bot(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with connected(house.chat, house.engine):
        await house.say(text="one")
        _, page = await house.ask("GET", "/v1/events")
        await house.say(text="two")
    async with connected(house.adapter(), Engine()):
        assert [entry["text"] for entry in await house.said(after=page["cursor"])] == ["two"]
        assert [entry["text"] for entry in await house.said()] == ["one", "two"]


async def test_a_card_that_is_not_kept_any_more_is_shown_anew(house: House) -> None:
    ref = done(await house.chat.perform(model.ShowCard(GROUP, card("old", ()), "k"), NEVER))
    for number in range(60):
        await house.chat.perform(model.Say(GROUP, message("x"), f"s{number}"), NEVER)
    assert done(await house.chat.perform(model.UpdateCard(GROUP, card("new"), ref), NEVER)) == ref
    assert (await house.said())[-1]["id"] == ref
    outcome = await house.chat.perform(model.UpdateCard(GROUP, card("new"), "never"), NEVER)
    assert isinstance(outcome, model.Refused)


async def test_a_card_with_buttons_outlives_any_number_of_messages(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    ref = done(await house.chat.perform(model.ShowCard(GROUP, card("plan"), "k"), NEVER))
    for number in range(60):
        await house.say("bob", chat="@bob", text=f"{number}")
    body = {"card": ref, "revision": 0, "action": "approve"}
    assert (await house.ask("POST", "/v1/clicks", body=body))[0] == 200
    assert [each["text"] for each in await house.said("bob")][-1] == "59"
    for number in range(60):
        show = model.ShowCard(GROUP, card(f"{number}"), f"c{number}")
        newest = done(await house.chat.perform(show, NEVER))
    cards = [each["id"] for each in await house.said()]
    assert (len(cards), cards[-1], ref in cards) == (50, newest, False)
    [first, *_] = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert f"card {ref} of request #" in first
    assert "approve" in first
    status, answer = await house.ask("POST", "/v1/clicks", body=body)
    assert (status, "with the number and the code" in answer["error"]) == (409, True)


async def test_a_card_that_was_shown_anew_is_new_after_a_restart_too(house: House) -> None:
    ref = done(await house.chat.perform(model.ShowCard(GROUP, card("old", ()), "k"), NEVER))
    for number in range(60):
        await house.chat.perform(model.Say(GROUP, message("x"), f"s{number}"), NEVER)
    await house.chat.perform(model.UpdateCard(GROUP, card("new", ()), ref), NEVER)
    again = history.History(house.settings.file, 50, house.clock.now())
    now = house.clock.now()
    for number in range(49):
        await again.add(history.Entry("", 0, 0, now, now, "ops", "", f"t{number}", "message", "x"))
    assert ref in again.entries


async def test_the_folder_is_on_disk_before_the_history_counts_as_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds: list[bool] = []
    monkeypatch.setattr(
        os, "fsync", lambda each: kinds.append(stat.S_ISDIR(os.fstat(each).st_mode))
    )
    history.History(house.settings.file, 50, house.clock.now())
    assert kinds == [False, True]


async def test_a_history_that_is_a_folder_is_told_in_a_sentence(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.settings.file.mkdir()
    with pytest.raises(ports.CannotListen, match=r"history\.jsonl \(Is a directory\)"):
        async with connected(house.chat, house.engine):
            pass


def test_a_line_that_a_crash_cut_off_is_dropped_and_another_file_put_aside(tmp_path: Path) -> None:
    file, now = tmp_path / "history.jsonl", datetime(2026, 11, 30, tzinfo=UTC)
    kept = history.History(file, 10, now)
    entry = history.Entry("", 0, 0, now, now, "ops", "", "k", "message", "hello")
    asyncio.run(kept.add(entry))
    with file.open("ab") as torn:
        torn.write(b'{"id":"half')
    again = history.History(file, 10, now)
    assert [each.text for each in again.entries.values()] == ["hello"]
    assert again.head.history == kept.head.history
    file.write_bytes(b"[bot]\nname = 'x'\n")
    anew = history.History(file, 10, now)
    assert anew.entries == {}
    assert anew.head.history != kept.head.history
    assert (tmp_path / "history.jsonl.unreadable").read_bytes().startswith(b"[bot]")


async def test_a_disk_that_takes_nothing_loses_nothing(house: House) -> None:
    await house.say(text="before")
    house.settings.file.unlink()
    house.settings.file.mkdir()
    outcome = await house.chat.perform(model.Say(GROUP, message("x"), "s"), NEVER)
    assert isinstance(outcome, model.NotSent)
    assert not outcome.uncertain
    status, _ = await house.ask("POST", "/v1/messages", body={"chat": "ops", "text": "x"})
    assert (status, len(house.engine.events)) == (503, 1)
    house.settings.file.rmdir()
    done(await house.chat.perform(model.Say(GROUP, message("x"), "s"), model.Attempt(2)))
    kept = history.History(house.settings.file, 50, house.clock.now())
    assert [entry.text for entry in kept.entries.values()] == ["before", "x"]


# ----------------------------------------------------------------------------- recalls


async def test_what_is_taken_back_is_not_in_the_file_any_more(house: House) -> None:
    entry = await house.say(text="set password=hunter2")
    place = replace(GROUP, message=entry["id"])
    assert b"hunter2" in house.settings.file.read_bytes()
    done(await house.chat.perform(model.Recall(place), NEVER))
    assert b"hunter2" not in house.settings.file.read_bytes()
    [shown] = await house.said()
    assert (shown["recalled"], shown["text"]) == (True, "")
    fixed = model.Say(place, message("the outcome"), "s", fixed=True)
    assert isinstance(await house.chat.perform(fixed, NEVER), model.Refused)
    done(await house.chat.perform(replace(fixed, fixed=False), NEVER))


async def test_an_outcome_was_sent_though_what_it_answers_was_taken_back_since(
    house: House,
) -> None:
    entry = await house.say(text="restart web-01")
    place = replace(GROUP, message=entry["id"])
    fixed = model.Say(place, message("the outcome"), "s", fixed=True)
    ref = done(await house.chat.perform(fixed, NEVER))
    await house.chat.perform(model.Recall(place), NEVER)
    again = model.Attempt(2, uncertain=True, uncertain_since=house.clock.now())
    assert done(await house.chat.perform(fixed, again)) == ref


async def test_people_take_back_their_own_messages_alone(house: House) -> None:
    entry = await house.say(text="restart web-01")
    assert (await house.ask("POST", "/v1/recalls", "bob", {"message": entry["id"]}))[0] == 404
    assert (await house.ask("POST", "/v1/recalls", body={"message": entry["id"]}))[0] == 200
    event = house.engine.events[-1]
    assert isinstance(event, model.MessageRecalled)
    assert (event.message, event.by) == (entry["id"], "author")


# ----------------------------------------------------------------------------- who, and what


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer nobody"}, 401),
        ({"Authorization": ""}, 401),
        ({"Authorization": f"Basic {TOKENS['alice']}"}, 401),
        ({"Authorization": f"Bearer {TOKENS['alice']} "}, 200),
        ({"Origin": "http://localhost"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost.evil.example:1"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "192.0.2.7:17310"}, 403),
        ({"Host": "127.0.0.2:17310"}, 200),
        ({"Host": "[::1]:17310"}, 200),
    ],
)
async def test_only_who_has_a_token_gets_in(
    house: House, headers: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert (await house.ask("GET", "/v1/me", **headers))[0] == status
    assert not [token for token in TOKENS.values() if token in caplog.text]
    assert house.engine.events == []


@pytest.mark.parametrize("between", [b"\x01: Bearer ", b" : Bearer ", b": Bearer " + b"x" * 20_000])
async def test_no_header_gets_into_the_log(
    house: House, between: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    token = TOKENS["alice"].encode()
    head = b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization"
    with caplog.at_level(logging.DEBUG):
        reader, writer = await asyncio.open_unix_connection(house.settings.socket)
        writer.write(head + between + token + b"\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.0 400")
        writer.close()
    assert "token-of" not in logged(caplog.records)
    assert "xxxx" not in logged(caplog.records)


async def test_a_token_that_two_people_have_is_nobodys(tmp_path: Path) -> None:
    house = House(tmp_path)
    chat = house.adapter(tokens={"alice": TOKENS["alice"], "bob": TOKENS["alice"]})
    async with connected(chat, house.engine):
        assert (await house.ask("GET", "/v1/me"))[0] == 401


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("messages", {"chat": "ops", "text": "x" * 20_000}, 413, "16 KB"),
        ("messages", {"chat": "ops", "text": "x" * 80_000}, 413, "Too Large"),
        ("messages", {"chat": "ops", "text": " \n"}, 400, "nothing in it"),
        ("messages", {"chat": "\x1b[2J", "text": "x"}, 400, "name of a chat"),
        ("messages", {"chat": "ops"}, 400, "text"),
        ("messages", {"chat": "ops", "text": 7}, 400, "text"),
        ("messages", {"chat": "ops", "text": "x", "at": "now"}, 400, "at"),
        ("messages", {"chat": "ops", "text": "x", "id": "../x"}, 400, "id"),
        ("messages", {"chat": "ops", "text": "x", "reply_to": "gone"}, 409, "kept here"),
        ("messages", ["ops", "x"], 400, ""),
        ("clicks", {"card": "gone", "revision": 0, "action": "approve"}, 409, "kept here"),
        ("clicks", {"card": "gone", "revision": "0", "action": "approve"}, 400, "revision"),
        ("nothing", {}, 404, ""),
    ],
)
async def test_what_makes_no_sense_is_answered_with_a_sentence(
    house: House, path: str, body: Any, status: int, words: str
) -> None:
    answered, answer = await house.ask("POST", f"/v1/{path}", body=body)
    assert answered == status, answer
    assert words in answer["error"]
    assert house.engine.events == []


@pytest.mark.parametrize("query", ["after=x", "after=1", "wait=soon", "wait=-1", "wait=nan"])
async def test_a_query_that_makes_no_sense_is_told(house: House, query: str) -> None:
    assert (await house.ask("GET", f"/v1/events?{query}"))[0] == 400


async def test_a_chat_has_any_name_that_a_group_may_have(house: House) -> None:
    for name in ("ops room", "会" * 256):
        await house.say(chat=name, text="x")
    for name in ("", " ops", "会" * 257, "a\nb"):
        status, _ = await house.ask("POST", "/v1/messages", body={"chat": name, "text": "x"})
        assert status == 400, name


async def test_a_click_means_the_card_as_it_was_seen(house: House) -> None:
    first, second = card("one"), replace(card("two"), code="beef5678")
    ref = done(await house.chat.perform(model.ShowCard(GROUP, first, "k"), NEVER))
    await house.chat.perform(model.UpdateCard(GROUP, replace(first, note="1 of 2"), ref), NEVER)
    await house.chat.perform(model.UpdateCard(GROUP, second, ref), NEVER)
    codes = []
    for revision in (0, 1):
        body = {"card": ref, "revision": revision, "action": "approve"}
        assert (await house.ask("POST", "/v1/clicks", body=body))[0] == 200
        event = house.engine.events[-1]
        assert isinstance(event, model.CardAction)
        codes.append(event.code)
    assert codes == ["c0de1234", "beef5678"]
    for change in ({"revision": 2}, {"revision": -1}, {"action": "stop"}):
        body = {"card": ref, "revision": 0, "action": "approve", **change}
        assert (await house.ask("POST", "/v1/clicks", body=body))[0] == 409
    assert len(house.engine.events) == 2


async def test_a_click_of_which_the_answer_was_lost_is_the_same_event(house: House) -> None:
    ref = done(await house.chat.perform(model.ShowCard(GROUP, card("x"), "k"), NEVER))
    body = {"card": ref, "revision": 0, "action": "approve", "id": "c1"}
    for who in ("bob", "bob", "alice"):
        await house.ask("POST", "/v1/clicks", who, body)
    ids = [event.id for event in house.engine.events]
    assert ids[0] == ids[1] != ids[2], "an id is a person's own"


async def test_control_characters_are_named_wherever_they_stand(house: House) -> None:
    hostile = "a\x1b[2J\x07\r\nb \u202egnp.exe\ud800"
    await house.say(text=hostile[:-1])
    assert isinstance(house.engine.events[-1], model.MessageReceived)
    assert "\x1b[2J" in house.engine.events[-1].text, "the bot reads what was written"
    house.engine.receipt = model.Receipt(hostile)
    blocks = (
        model.Block("para", (model.Span(hostile), model.Span(hostile, "code"))),
        model.Block("facts", rows=((hostile, (model.Span(hostile, at=None),)),)),
        model.Block("pre", text=hostile),
        model.Block("quote", text=hostile),
    )
    button = model.Button("approve", hostile, confirm=hostile)
    shown = replace(
        card("x"), blocks=blocks, title=hostile, note=hostile, buttons=(button,), ask_reason=hostile
    )
    ref = done(await house.chat.perform(model.ShowCard(GROUP, shown, "k"), NEVER))
    file = model.File(hostile, hostile)
    said = model.Message(hostile, blocks, quote=hostile, file=file)
    done(await house.chat.perform(model.Say(GROUP, said, "s"), NEVER))
    body = {"card": ref, "revision": 0, "action": "approve"}
    _, toast = await house.ask("POST", "/v1/clicks", body=body)

    def strings(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for each in value.values() for text in strings(each)]
        if isinstance(value, list):
            return [text for each in value for text in strings(each)]
        return [value] if isinstance(value, str) else []

    for text in strings([await house.said(), toast]):
        assert not [char for char in text if not char.isprintable() and char != "\n"], text
    assert "⟨U+001B⟩" in json.dumps(await house.said(), ensure_ascii=False)


async def test_what_is_not_this_machine_s_own_is_not_listened_on(tmp_path: Path) -> None:
    house = House(tmp_path)
    chat = house.adapter(listen="0.0.0.0:0", socket="")
    with pytest.raises(ports.CannotListen, match=r"0\.0\.0\.0:0"):
        async with connected(chat, house.engine):
            pass


async def test_many_who_wait_are_let_go_when_the_bot_stops(tmp_path: Path) -> None:
    house = House(tmp_path)
    async with connected(house.chat, house.engine):
        waiting = [asyncio.create_task(house.ask("GET", "/v1/events?wait=60")) for _ in range(17)]
        refused, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result()[0] for task in refused] == [429]
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert [answer[0] for answer in answers if isinstance(answer, tuple)].count(200) == 16


async def test_forms_there_are_none(house: House) -> None:
    fetch = model.FetchForm("console", "console", "f", "i")
    assert await house.chat.perform(fetch, NEVER) == model.Refused(
        "the console has no forms", "no_form"
    )
    span = (house.clock.now(), house.clock.now())
    listed = model.ListForms("console", "console", "f", *span)
    assert await house.chat.perform(listed, NEVER) == model.Done(data={"instances": []})
