"""The adapter against the stand-in of the platform: whole turns, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from adapters import lark
from adapters.lark.chat import Lark
from bot import model
from bot.model import ports
from sandbox import base, world
from sandbox.lark import Lark as Platform
from tests.adapters import lark_loopback as loopback


class Now(ports.Clock):
    def __init__(self, clock: base.Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now(), UTC)


@asynccontextmanager
async def platform() -> AsyncIterator[Platform]:
    party = Platform(base.Clock())
    runner = web.AppRunner(party.app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    party.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield party
    finally:
        await party.close()
        await runner.cleanup()


@asynccontextmanager
async def connected(party: Platform, engine: loopback.Engine, **others: Any) -> AsyncIterator[Any]:
    given: dict[str, Any] = {
        "app_id": world.LARK_APP_ID,
        "app_secret": world.LARK_APP_SECRET,
        "domain": party.base_url,
        "forms": (world.LARK_FORM,),
        "backoff_first": 0.02,
        "backoff_most": 0.1,
    }
    chat = Lark(lark.Settings(**{**given, **others}), Now(party.clock))
    ready = asyncio.Event()
    task = asyncio.create_task(chat.run(engine.submit, ready.set))
    waiting = asyncio.create_task(ready.wait())
    try:
        async with asyncio.timeout(5):
            await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        yield chat
    finally:
        waiting.cancel()
        task.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
        await chat.close()


@pytest.fixture
async def party() -> AsyncIterator[Platform]:
    async with platform() as running:
        yield running


@pytest.fixture
def engine() -> loopback.Engine:
    return loopback.Engine()


async def until(condition: Any, within: float = 5.0) -> Any:
    """Poll for what another task brings about."""
    end = asyncio.get_running_loop().time() + within
    while not (value := condition()):
        assert asyncio.get_running_loop().time() < end, "waited in vain"
        await asyncio.sleep(0.005)
    return value


CARD = model.Card(
    7,
    "abcd1234",
    "Restart web-01",
    "orange",
    "PENDING",
    (model.Block("pre", text="systemctl restart app"),),
    (model.Button("approve", "Approve", "primary"), model.Button("reject", "Reject", "danger")),
    ask_reason="Reason",
    mentions=(model.Account("lark", world.LARK_TENANT, "ou_bob", "Bob"),),
)


async def test_a_reason_that_is_typed_comes_with_the_click(party, engine):
    async with connected(party, engine) as chat:
        await party.say("alice", "restart web-01")
        [asked] = await until(lambda: engine.events)
        shown = await chat.perform(model.ShowCard(asked.place, CARD, "req-7:card"), model.Attempt())
        decided = model.Card(7, "abcd1234", "Restart web-01", "red", "REJECTED", ())
        engine.receipt = model.Receipt("Rejected", "success", decided)
        pressed = await party.click("bob", shown.ref, "reject", reason="not now")
        assert (pressed["code"], pressed["toast"]) == (0, "Rejected")
        assert engine.events[-1].reason == "not now"
        assert (await party.cards())[0]["buttons"] == []
    assert not [c for c in party.journal if c.code not in ("", "0", "200")]


async def test_a_form_that_is_revoked_later_is_told_as_such(party, engine):
    async with connected(party, engine) as chat:
        await until(lambda: party.approvals.subscribed)
        filed = await party.form("alice", {"emp_id": "E123", "role": "devops"}, ("bob", "carol"))
        await until(lambda: len(engine.events) == 2)
        filing, changed = engine.events
        assert filing.status == "changed"
        await party.revert_form(filed["instance"])
        await until(lambda: len(engine.events) == 3)
        assert engine.events[-1].status == "withdrawn"
        fetch = model.FetchForm("lark", changed.tenant, changed.form, changed.instance)
        assert (await chat.perform(fetch, model.Attempt())).data["status"] == "reverted"
        deliveries = await party.deliveries("push.event")
        await until(lambda: all(d.acked for d in party.pushes.deliveries))
        assert len(deliveries) >= 4


async def test_a_recalled_command_is_noticed_and_the_answer_goes_to_the_chat(party, engine):
    async with connected(party, engine) as chat:
        said = await party.say("alice", "restart web-01")
        await until(lambda: engine.events)
        await party.recall(said["message"])
        await until(lambda: len(engine.events) == 2)
        assert engine.events[1].message == said["message"]
        message = model.Message("Void", (model.Block("para", (model.Span("x"),)),), quote="restart")
        outcome = await chat.perform(
            model.Say(engine.events[0].place, message, "k"), model.Attempt()
        )
        assert isinstance(outcome, model.Done)
        told = (await party.transcript())[-1]
        assert told["reply_to"] in ("", None)
        assert "> restart" in told["text"]


async def test_an_approver_who_does_not_exist_does_not_keep_the_card_back(party, engine):
    nobody = model.Account("lark", world.LARK_TENANT, "ou_nobody", "Nobody")
    block = model.Block("para", (model.Span("Nobody", at=nobody),))
    card = model.Card(8, "c", "T", "blue", "", (block,), CARD.buttons, mentions=(nobody,))
    place = model.Place("lark", world.LARK_TENANT, "oc_ops")
    async with connected(party, engine) as chat:
        shown = await chat.perform(model.ShowCard(place, card, "k1"), model.Attempt())
        assert isinstance(shown, model.Done)
        update = await chat.perform(model.UpdateCard(place, card, shown.ref), model.Attempt())
        assert isinstance(update, model.Done)
        message = model.Message("T", (block,), (nobody,))
        assert isinstance(
            await chat.perform(model.Say(place, message, "k2"), model.Attempt()), model.Done
        )
        assert "@Nobody" in (await party.transcript())[-1]["text"]


FILE = model.File("output-7-web-01.txt", "".join(f"line {n} \u202e重启\r\n" for n in range(3000)))


def long_output() -> model.Say:
    place = model.Place("lark", world.LARK_TENANT, "oc_ops")
    message = model.Message("#7", (model.Block("para", (model.Span("web-01"),)),), file=FILE)
    return model.Say(place, message, "say:7")


async def test_a_long_output_arrives_as_a_file_byte_for_byte(party, engine):
    async with connected(party, engine) as chat:
        outcome = await chat.perform(long_output(), model.Attempt())
        assert isinstance(outcome, model.Done)
        words, file = await party.transcript()
        assert "web-01" in words["text"]
        assert file["text"] == f"[file {FILE.name}]\n{FILE.text}"


async def test_a_file_whose_answer_was_lost_arrives_once(party, engine):
    async with connected(party, engine) as chat:
        attempt = model.Attempt()
        assert isinstance(await chat.perform(long_output(), attempt), model.Done)
        await party.fault("im/v1/messages", "lose_answer")
        lost = model.Attempt(parts_done={"say:7#0": "om_1"})
        assert isinstance(await chat.perform(long_output(), lost), model.NotSent | model.Done)
        assert isinstance(await chat.perform(long_output(), lost), model.Done)
        assert len(await party.transcript()) == 2


async def test_where_files_are_not_taken_the_text_comes_in_parts(party, engine):
    async with connected(party, engine) as chat:
        no_scope = {"code": 99991672, "message": "no scope", "status": 400}
        await party.fault("im/v1/files", "error", **no_scope)
        outcome = await chat.perform(long_output(), model.Attempt())
        assert isinstance(outcome, model.Done)
        _, *parts = [entry["text"] for entry in await party.transcript()]
        shown = "\n".join(parts)
        assert [n for n in range(3000) if f"line {n} ⟨U+202E⟩重启" not in shown] == []
