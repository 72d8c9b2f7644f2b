"""What rules say in chats, and what they ask the clerk for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot import model
from bot.model import ports
from bot.runtime import chat_target, command_target
from tests.bot import rig
from tests.bot.stage import CHAT, PLATFORM, TENANT, book, words

NAMED = {"source": "hr", "id": "1", "type": "t"}
OPS = {"platform": PLATFORM, "tenant": TENANT, "chat": CHAT}


@dataclass
class Chat:
    """Takes everything, and remembers it."""

    name: str = PLATFORM
    said: list[tuple[model.Say, bool]] = field(default_factory=list)

    async def run(self, submit: ports.Submit, ready: Any) -> None:
        ready()

    async def perform(self, effect: ports.ChatEffect, attempt: model.Attempt) -> model.Outcome:
        assert isinstance(effect, model.Say)
        self.said.append((effect, attempt.uncertain))
        return model.Done("m-1")

    async def close(self) -> None:
        self.said.clear()


def deliver(body: Any, **changes: Any) -> model.Deliver:
    made = model.Deliver("on-call", 0, model.ToGroup(**OPS), body, NAMED)
    return replace(made, **changes)


async def say(effect: model.Deliver, doubt: bool = False) -> tuple[model.Outcome, Chat]:
    chat = Chat()
    outcome = await chat_target.ChatTarget(book, {PLATFORM: chat}).perform(
        effect, model.Attempt(uncertain=doubt)
    )
    return outcome, chat


async def test_a_text_is_said_in_the_group_line_by_line_with_people_called() -> None:
    to = model.ToGroup(**OPS, mentions=("bob", "gone", "alice"))
    outcome, chat = await say(deliver("Run failed\n\n  web-01: **exit 1**  \n", to=to), doubt=True)
    assert outcome == model.Done("m-1")
    [(said, doubt)] = chat.said
    assert doubt
    assert said.place == model.Place(PLATFORM, TENANT, CHAT)
    assert said.key == "deliver:hr:1:on-call:0"
    assert words(said.message).splitlines()[0] == "Run failed"
    assert ["".join(s.text for s in block.spans) for block in said.message.blocks] == [
        "Bob gone Alice",
        "Run failed",
        "web-01: **exit 1**",
    ]
    assert [account.id for account in said.message.mentions] == ["u-bob", "u-alice"]


async def test_a_thread_is_that_of_the_request() -> None:
    place = model.Place(PLATFORM, TENANT, "elsewhere", "m-7", "t-7")
    _, chat = await say(deliver("done", to=model.ToThread(), place=place))
    assert chat.said[0][0].place == place


@pytest.mark.parametrize("body", [{"a": ["会签"]}, 7, None])
async def test_what_is_no_text_is_shown_as_json(body: Any) -> None:
    outcome, chat = await say(deliver(body))
    assert isinstance(outcome, model.Done)
    [block] = chat.said[0][0].message.blocks
    assert block.kind == "pre"
    assert block.text.replace("\n", "").replace(" ", "") in ('{"a":["会签"]}', "7", "null")
    assert chat.said[0][0].message.title == "on-call"


@pytest.mark.parametrize("body", ["", " \n\t\n"])
async def test_nothing_is_said_of_an_empty_text(body: str) -> None:
    outcome, chat = await say(deliver(body))
    assert isinstance(outcome, model.Refused)
    assert chat.said == []


async def test_a_platform_that_is_gone_refuses() -> None:
    outcome, chat = await say(deliver("x", to=model.ToGroup("gone", TENANT, CHAT)))
    assert outcome == model.Refused("gone is not configured in bot.toml", "not_configured")
    assert chat.said == []


# ----------------------------------------------------------------------------- the clerk

ASKS = model.Deliver(
    "hire",
    1,
    model.ToCommand("provision", "ops", PLATFORM, rules=("hire",)),
    {"emp_id": "E1"},
    {"source": "hr:approval", "id": "1", "type": "t"},
)


@pytest.mark.parametrize(
    ("receipt", "outcome"),
    [
        (model.Receipt("7", "success"), model.Done("7")),
        (model.Receipt("7", "success", duplicate=True), model.Done("7")),
        (model.Receipt("no such group", "error"), model.Refused("no such group")),
    ],
)
async def test_the_receipt_is_the_outcome(receipt: model.Receipt, outcome: model.Outcome) -> None:
    seen: list[model.Event] = []

    async def submit(event: model.Event) -> model.Receipt:
        seen.append(event)
        return receipt

    assert (
        await command_target.CommandTarget(submit, rig.Clock()).perform(ASKS, model.Attempt())
        == outcome
    )
    assert seen == [
        model.CommandRequested(
            id="ordered:deliver:hr%3Aapproval:1:hire:1",
            at=rig.START,
            rule="hire",
            cause="hr:approval 1",
            command="provision",
            values={"emp_id": "E1"},
            person="",
            group="ops",
            platform=PLATFORM,
            rules=("hire",),
        )
    ]


async def test_while_the_bot_shuts_down_nothing_was_asked() -> None:
    async def submit(event: model.Event) -> model.Receipt:
        raise ports.Closed("the bot is shutting down")

    outcome = await command_target.CommandTarget(submit, rig.Clock()).perform(ASKS, model.Attempt())
    assert outcome == model.NotSent("the bot is shutting down")


def test_a_name_is_one_delivery_s_alone() -> None:
    """Whatever colons stand in sources, ids and names of rules."""
    seen = {
        model.Deliver(rule, target, model.ToHttp(""), None, {"source": source, "id": id_}).key
        for source in ("a", "a:b", "a%3Ab")
        for id_ in ("c", "b:c", "c:d")
        for rule in ("d", "c:d", "d:0")
        for target in (0, 1)
    }
    assert len(seen) == 54
