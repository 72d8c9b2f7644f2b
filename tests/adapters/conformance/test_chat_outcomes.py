"""Each way of telling people something ends in one of four outcomes, and never happens twice."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from bot import model
from bot.model import ports
from tests.adapters.conformance import chat
from tests.adapters.conformance.chat import Stage, Way, Wiring, again, card, until
from tests.adapters.conformance.conftest import PLATFORMS, wired


def called(way: Way) -> bool:
    """Does it call somebody?"""
    return bool(way.api)


def seen(way: Way) -> bool:
    """Does it put something before people?"""
    return way.what != "fetch"


def ways(wanted: Callable[[Way], bool] = called) -> Any:
    """The ways of all platforms that are wanted, as parameters."""
    cases = [
        pytest.param(wiring, way, id=f"{wiring.name}: {way.name}")
        for wiring in PLATFORMS
        for way in wiring.ways
        if wanted(way)
    ]
    return pytest.mark.parametrize(("wiring", "way"), cases)


@contextlib.asynccontextmanager
async def staged(
    wiring: Wiring, way: Way, caplog: pytest.LogCaptureFixture, **settings: Any
) -> AsyncIterator[Stage]:
    """A connected adapter with the settings of the way."""
    with caplog.at_level("DEBUG"):
        async with chat.staged(wiring, **{**way.settings, **settings}) as stage:
            yield stage
    text = chat.logged(caplog.records)
    assert not [secret for secret in wiring.secrets(stage.party) if secret in text]


@ways()
@pytest.mark.parametrize("fault", ["lose_answer", "hang_up", "html", "error"])
async def test_what_may_have_happened_happens_once(
    wiring: Wiring, way: Way, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer was lost, or says nothing: the platform recognises the repetition, or nothing is
    repeated. It is another process that tries again."""
    async with staged(wiring, way, caplog) as stage:
        effect = await stage.effect(way)
        breakdown = way.breakdown or wiring.breakdown
        # more than once, as an HTTP client repeats GET and PUT by itself
        await stage.party.fault(way.api, fault, 9, **breakdown if fault == "error" else {})
        attempt = model.Attempt()
        first = await stage.chat.perform(effect, attempt)
        await stage.party.clear_faults()
        happened = await stage.copies() if seen(way) else 0
        assert happened == (fault == "lose_answer" and seen(way))
        after = stage.adapter()
        second = await after.perform(effect, again(stage, attempt))
        if way.repeatable:
            assert first == model.NotSent(first.reason, uncertain=True)
            assert isinstance(second, model.Done)
        else:
            assert isinstance(first, model.Unknown)
            assert isinstance(second, model.Unknown)
        if seen(way):
            assert await stage.copies() == (1 if way.repeatable else happened)


@ways(lambda way: called(way) and seen(way))
async def test_an_answer_that_comes_too_late_is_a_lost_one(
    wiring: Wiring, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    """The platform does it while nobody waits for it any more."""
    async with staged(wiring, way, caplog) as stage:
        effect = await stage.effect(way)
        hurried = stage.adapter(call_timeout=0.05)
        await stage.party.fault(way.api, "slow", seconds=0.08)
        for _ in range(20):  # on a busy machine it may be the token that is late
            late = await hurried.perform(effect, model.Attempt())
            if not isinstance(late, model.NotSent) or late.uncertain:
                break
        assert late == (
            model.NotSent(late.reason, uncertain=True)
            if way.repeatable
            else model.Unknown(late.reason, late.token)
        )
        assert "TimeoutError" in late.reason
        for _ in range(1000):
            if await stage.copies():
                break
            await asyncio.sleep(0.003)
        second = await stage.chat.perform(effect, again(stage))
        assert isinstance(second, model.Done if way.repeatable else model.Unknown)
        assert await stage.copies() == 1


@ways(lambda way: seen(way) and way.repeatable)
async def test_the_same_effect_twice_is_one_message(
    wiring: Wiring, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    """The same key twice, from two processes, is one message; another key is another one."""
    async with staged(wiring, way, caplog) as stage:
        effect = await stage.effect(way)
        first = await stage.chat.perform(effect, model.Attempt())
        other = stage.adapter()
        second = await other.perform(effect, model.Attempt(number=2))
        assert isinstance(first, model.Done)
        assert isinstance(second, model.Done)
        assert second.ref == first.ref
        assert await stage.copies() == 1
        third = await stage.chat.perform(await stage.effect(way, "mark2"), model.Attempt())
        assert isinstance(third, model.Done)
        assert third.ref != first.ref
        assert (await stage.copies(), await stage.copies("mark2")) == (1, 1)


@ways()
async def test_a_no_is_refused_in_the_platform_s_words(
    wiring: Wiring, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    """With its code and a sentence, at once, and nothing is sent elsewhere in its place."""
    async with staged(wiring, way, caplog) as stage:
        effect = await stage.effect(way)
        no = way.refusal or wiring.refusal
        await stage.party.fault(way.api, "error", **no)
        calls, said = len(await stage.party.calls()), len(await stage.said())
        outcome = await stage.chat.perform(effect, model.Attempt())
        assert isinstance(outcome, model.Refused), outcome
        assert outcome.code == str(no["code"])
        assert str(no["message"]) in outcome.reason
        made = [call["api"] for call in (await stage.party.calls())[calls:]]
        others = ("push.", "ack", "ws", wiring.token)
        assert [api for api in made if not api.startswith(others)] == [way.api]
        assert len(await stage.said()) == said


@ways()
async def test_throttled_is_not_sent_and_says_when_to_come_again(
    wiring: Wiring, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(wiring, way, caplog) as stage:
        effect = await stage.effect(way)
        await stage.party.fault(way.api, "throttle", seconds=7)
        outcome = await stage.chat.perform(effect, model.Attempt())
        assert isinstance(outcome, model.NotSent), outcome
        assert outcome.retry_after >= 1.0
        assert not outcome.uncertain
        if seen(way):
            assert await stage.copies() == 0
        assert isinstance(await stage.chat.perform(effect, model.Attempt(2)), model.Done)
        if seen(way):
            assert await stage.copies() == 1


@ways()
async def test_where_nobody_listens_nothing_was_sent(
    wiring: Wiring, way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    async with staged(wiring, way, caplog) as stage:
        effect = await stage.effect(way)
        nowhere = "http://127.0.0.1:9"
        astray = wiring.chat(nowhere, stage.clock, **way.settings)
        if not isinstance(effect, model.FetchForm) and effect.place.webhook:
            webhook = effect.place.webhook.replace(stage.party.base_url, nowhere)
            effect = dataclasses.replace(
                effect, place=dataclasses.replace(effect.place, webhook=webhook)
            )
        outcome = await astray.perform(effect, model.Attempt())
        await astray.close()
        assert outcome == model.NotSent(outcome.reason)


# ----------------------------------------------------------------------------- in parts


async def test_a_long_message_arrives_whole_in_order_and_once(stage: Stage) -> None:
    """However often it is held up between its parts, for however long, and by whichever process it
    is sent: what the platform has forgotten is still on record."""
    place = (await stage.asked()).place
    lines = [f"line {number} {'x' * 80}" for number in range(900)]
    effect = model.Say(
        place, model.Message("Result", (model.Block("pre", text="\n".join(lines)),)), "long"
    )
    way = stage.wiring.way("reply")
    if called(way):
        await stage.party.fault(way.api, "lose_answer", after=1)
        await stage.party.fault(way.api, "throttle", after=2)
    attempt, tries, forgets = model.Attempt(), 0, 4000.0
    while not isinstance(outcome := await stage.chat.perform(effect, attempt), model.Done):
        tries += 1
        assert isinstance(outcome, model.NotSent), outcome
        assert tries < 20
        pause = max(outcome.retry_after, 2.0)
        stage.chat = stage.adapter()
        if outcome.uncertain or attempt.uncertain:
            attempt = again(stage, attempt)
        else:
            attempt = model.Attempt(2, parts_done=dict(attempt.parts_done))
            pause, forgets = max(pause, forgets), 0.0
        stage.party.clock.advance(pause)
    entries = await stage.said()
    assert len(entries) > 2 <= tries or not called(way)
    text = "\n".join(entry["text"] for entry in entries)
    assert re.findall(r"line \d+ x+", text) == lines


@wired
async def test_what_a_card_cannot_hold_is_told_whole_and_before_it(stage: Stage) -> None:
    """Nobody shall be asked about what could not be read."""
    place = (await stage.asked()).place
    script = "\n".join(f"echo {number} of the whole" for number in range(2500))
    effect = model.ShowCard(place, card(script), "k")
    api = stage.wiring.way("reply").api
    await stage.party.fault(api, "throttle")
    attempt = model.Attempt()
    assert isinstance(await stage.chat.perform(effect, attempt), model.NotSent)
    assert not await stage.party.cards(chat.OPS)
    stage.chat = stage.adapter()
    kept = model.Attempt(2, parts_done=attempt.parts_done)
    while not isinstance(outcome := await stage.chat.perform(effect, kept), model.Done):
        assert isinstance(outcome, model.NotSent), outcome
        stage.party.clock.advance(max(outcome.retry_after, 2.0))
    *texts, shown = await stage.said()
    assert shown["kind"] == "card"
    assert {entry["kind"] for entry in texts} == {"message"}
    assert "left out here; the whole text is in the messages above" in shown["text"]
    lines = "\n".join(entry["text"] for entry in texts).split("\n")
    assert [line for line in lines if line.startswith("echo ")] == script.split("\n")
    before = len(await stage.said())
    voted = model.UpdateCard(place, card(script), outcome.ref)
    stage.party.clock.advance(60)
    assert isinstance(await stage.chat.perform(voted, kept), model.Done)
    assert len(await stage.said()) == before, "the same plan is not told again with every vote"


@wired
async def test_without_its_whole_text_a_card_is_not_shown(stage: Stage) -> None:
    place = (await stage.asked()).place
    effect = model.ShowCard(place, card("x" * 60_000), "k")
    way = stage.wiring.way("reply")
    await stage.party.fault(way.api, "error", **way.refusal or stage.wiring.refusal)
    outcome = await stage.chat.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert await stage.said() == []


@pytest.mark.parametrize("ref", ["", "nothing"])
async def test_an_update_of_a_card_that_was_never_shown_is_refused(stage: Stage, ref: str) -> None:
    place = (await stage.asked()).place
    outcome = await stage.chat.perform(model.UpdateCard(place, card("x"), ref), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert outcome.reason


# ----------------------------------------------------------------------------- who we are


@wired
async def test_a_token_is_fetched_once_by_many_and_again_when_it_is_refused(stage: Stage) -> None:
    place = (await stage.asked()).place
    shown = await stage.chat.perform(model.ShowCard(place, card("x"), "k"), model.Attempt())
    assert isinstance(shown, model.Done)
    tokens = len(await stage.party.calls(stage.wiring.token))
    assert tokens == 1
    await stage.party.expire_token()
    stage.party.clock.advance(2)
    update = model.UpdateCard(place, card("y"), shown.ref)
    outcomes = await asyncio.gather(
        *(stage.chat.perform(update, model.Attempt()) for _ in range(4))
    )
    assert all(isinstance(outcome, model.Done) for outcome in outcomes)
    assert len(await stage.party.calls(stage.wiring.token)) == tokens + 1
    stage.party.clock.advance(7200)
    assert isinstance(await stage.chat.perform(update, model.Attempt()), model.Done)
    assert len(await stage.party.calls(stage.wiring.token)) == tokens + 2


@wired
async def test_a_token_that_cannot_be_had_is_not_the_effect_s_end(wiring: Wiring) -> None:
    """Not by a wrong secret, which may be mended, and not by a platform that is out of order."""
    async with chat.staged(wiring) as stage:
        place = (await stage.asked()).place
        effect = model.ShowCard(place, card("mark1"), "k")
        mistaken = stage.adapter(**wiring.wrong)
        outcome = await mistaken.perform(effect, model.Attempt())
        assert isinstance(outcome, model.NotSent)
        assert wiring.keys in outcome.reason
        assert not outcome.uncertain
        fresh = stage.adapter()
        await stage.party.fault(wiring.token, "hang_up")
        outcome = await fresh.perform(effect, model.Attempt())
        assert outcome == model.NotSent(outcome.reason)
        assert isinstance(await fresh.perform(effect, model.Attempt(2)), model.Done)
        assert await stage.copies() == 1


@wired
async def test_a_wrong_secret_ends_the_connection_with_what_to_check(wiring: Wiring) -> None:
    async with chat.served(wiring) as party:
        stage = Stage(wiring, party, **wiring.wrong)
        with pytest.raises(ports.BadCredentials) as raised:
            async with chat.connected(stage.chat, stage.engine):
                pass
    assert wiring.keys in str(raised.value)


# ----------------------------------------------------------------------------- forms


@wired
async def test_a_form_is_noticed_listed_and_read(stage: Stage) -> None:
    wiring = stage.wiring
    if wiring.name == "lark":
        await until(lambda: stage.party.approvals.subscribed)
    begin = stage.clock.now()
    fields = {"emp_id": "E123", "role": "devops"}
    made = await stage.party.form("alice", fields, ("bob", "carol"))
    await until(lambda: len(stage.engine.events) == 2)
    changed = stage.engine.events[-1]
    assert isinstance(changed, model.FormChanged)
    assert (changed.status, changed.form) == ("approved", wiring.form)
    assert changed.instance == made["instance"]
    fetch = model.FetchForm(wiring.name, changed.tenant, changed.form, changed.instance)
    outcome = await stage.chat.perform(fetch, model.Attempt())
    assert isinstance(outcome, model.Done)
    assert outcome.data["status"] == "approved"
    people = {name: wiring.account(name).id for name in ("alice", "bob", "carol")}
    assert outcome.data["originator"] == people["alice"]
    assert outcome.data["approvers"] == [people["bob"], people["carol"]]
    assert {**outcome.data["fields"], **fields} == outcome.data["fields"]
    listed = await stage.chat.perform(
        model.ListForms(wiring.name, changed.tenant, wiring.form, begin, stage.clock.now()),
        model.Attempt(),
    )
    assert isinstance(listed, model.Done)
    assert listed.data == {"instances": [made["instance"]]}


@pytest.mark.parametrize("instance", ["nothing", "no/such?#&"])
async def test_a_form_that_is_not_there_is_refused(stage: Stage, instance: str) -> None:
    tenant = stage.wiring.account("alice").tenant
    fetch = model.FetchForm(stage.wiring.name, tenant, stage.wiring.form, instance)
    outcome = await stage.chat.perform(fetch, model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert outcome.code == "no_form"
