"""Whatever is sent to the bot is answered: with what was asked, or with why it was not taken."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox import play, world
from tests.behaviour.conftest import Scene

KINDS = ("picture", "file", "voice", "video", "card", "forward", "other")
LARK = {
    "picture": ("image", {"image_key": "img_1"}),
    "file": ("file", {"file_key": "f_1", "file_name": "restart web-01.txt"}),
    "voice": ("audio", {"file_key": "f_1", "duration": 2000}),
    "video": ("media", {"file_key": "f_1", "image_key": "img_1"}),
    "card": ("interactive", {"title": "restart web-01", "elements": [[]]}),
    "forward": ("merge_forward", {"content": "Merged and Forwarded Message"}),
    "other": ("vote", {"topic": "restart web-01?", "options": ["1", "2"]}),
}
DINGTALK = {
    "picture": {"msgtype": "picture", "content": {"downloadCode": "c"}},
    "file": {"msgtype": "file", "content": {"downloadCode": "c", "fileName": "restart web-01"}},
    "voice": {"msgtype": "audio", "content": {"downloadCode": "c", "recognition": "help"}},
    "video": {"msgtype": "video", "content": {"downloadCode": "c", "duration": "1"}},
    "card": {"msgtype": "interactiveCard", "content": {}},
    "forward": {"msgtype": "chatRecord", "content": {"chatRecord": "[]"}},
    "other": {"msgtype": "unknownMsgType", "content": {"unknownMsgType": "help"}},
}


async def sent(scene: Scene, what: str, direct: bool) -> None:
    chosen: dict[str, Any] = {"direct": True} if direct else {}
    if scene.platform == "lark":
        kind, content = LARK[what]
        await scene.call("say", user="alice", text="", kind=kind, content=content, **chosen)
    else:
        changes = {"text": None, **DINGTALK[what]}
        await scene.call("say", user="alice", text="", changes=changes, **chosen)


@pytest.mark.parametrize("direct", [True, False], ids=["alone", "in the group"])
async def test_what_holds_no_words_is_answered_with_a_sentence(scene: Scene, direct: bool) -> None:
    alone = {"lark": "Alice", "dingtalk": "alice"}[scene.platform]
    chat = alone if direct else "ops"
    for what in KINDS:
        known = await scene.ids(chat)
        await sent(scene, what, direct)
        told = await scene.told("help", known, chat)
        assert play.has(told["text"], ("只能读文字", "only read words"))
    await scene.settled()
    with scene.reader() as reader:
        rows = [row for row in reader.chain() if row.action == "ask.refused"]
        assert [row.facts["reason"] for row in rows] == ["refused.unread"] * len(KINDS)
    assert await scene.runs() == []


@pytest.mark.parametrize("platform", ["lark"])
async def test_rich_text_that_names_the_bot_only_in_its_content_is_a_request(scene: Scene) -> None:
    known = await scene.ids()
    said = {"tag": "text", "text": " restart web-01 reason=docs"}
    for ident in (world.LARK_BOT, "ou_the_bots_for_another_app"):
        at = {"tag": "at", "user_id": ident, "user_name": "Countersign"}
        content = {"title": "", "content": [[at, said]]}
        changes: dict[str, Any] = {"mentions": []}
        await scene.call(
            "say", user="alice", text="", kind="post", content=content, changes=changes
        )
        card = await scene.new_card("restart", known)
        assert "docs" in card["text"]
        known = await scene.ids()
