"""Cards: which are refused and why, what people see of them, and what a press does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from sandbox import base, world
from sandbox.lark import Lark, cards, markup, state
from tests.sandbox.lark_client import Bot, button, card, decision, encoded, markdown, playing, until


@pytest_asyncio.fixture
async def played() -> AsyncIterator[tuple[Lark, Bot]]:
    async with playing() as both:
        yield both


OPS = state.State(base.Clock()).chat("ops")


def _code(sent: Any) -> int:
    """The sub-code of the refusal, 0 if the card is allowed."""
    try:
        cards.check(cards.parse(sent if isinstance(sent, str) else json.dumps(sent)), OPS)
    except cards.BadCard as bad:
        return bad.code
    return 0


_SUBMIT = button("go", name="go", form_action_type="submit")


def _form(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"tag": "form", "name": "f", "elements": list(elements), **more}


def _column(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"tag": "column_set", "columns": [{"tag": "column", "elements": list(elements)}]}


def _deep(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"tag": "hr"}
    for _ in range(levels):
        inner = _column(inner)
    return inner


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("not json", 200621),
        ("[1]", 200621),
        ("[" * 5000, 200621),
        ({**card(markdown("x")), "schema": "3.0"}, 200621),
        ({**card(markdown("x")), "elements": []}, 200621),
        (card(markdown("x"), config={"update_multi": False}), 200621),
        (card(markdown("x"), config={"wide_screen_mode": True}), 200621),
        (card({"tag": "markdown", "content": "x", "colour": "red"}), 200621),
        (card({"tag": "markdown"}), 200621),
        (card({"tag": "markdown", "content": 7}), 200621),
        (card({"tag": "marquee", "content": "x"}), 200621),
        (card({"tag": "action", "actions": []}), 200861),
        (card({"tag": "note", "elements": []}), 200861),
        (card({"tag": "button", "text": {"tag": "lark_md", "content": "x"}}), 200621),
        (card({"tag": "button", "type": "huge"}), 200621),
        (card(button("x", behaviors=[{"type": "callback", "value": "x"}])), 200621),
        (card(header={"title": {"tag": "plain_text", "content": "x"}, "template": "pink"}), 200621),
        (card(header={"template": "red"}), 200621),
        (card(*[{"tag": "hr"}] * 199), 0),
        (card(*[{"tag": "hr"}] * 200), 11310),
        (card(_form(_SUBMIT)), 0),
        (card(decision()), 0),
        (card(_form()), 200621),
        (card(_form(button("go", name="go", form_action_type="reset"))), 200621),
        (card(_form({"tag": "input"}, _SUBMIT)), 200530),
        (card(_form({"tag": "input", "name": "go"}, _SUBMIT)), 11310),
        (card({"tag": "form", "elements": [_SUBMIT]}), 200621),
        (card(_column(_form(_SUBMIT))), 200621),
        (card(_form(_SUBMIT, {"tag": "table", "columns": [], "rows": []})), 200621),
        (card(_deep(5)), 0),
        (card(_deep(6)), 200621),
        (card(markdown("<at id=ou_bob></at> <at ids=ou_bob,on_carol></at>")), 0),
        (card(markdown("<at id=ou_zed></at>")), 100290),
        (card(markdown("<person id='ou_zed'></person>")), 100290),
        (card({"tag": "person", "user_id": "ou_zed"}), 100290),
        (card(markdown("&#60;at id=ou_zed&#62;")), 0),
        (card(markdown("<at id=all></at>")), 11310),
        (card(markdown("![x](https://a.test/x.png)")), 200570),
        (card({"tag": "hr", "element_id": "1x"}), 11310),
        (card({"tag": "hr", "element_id": "a"}, {"tag": "hr", "element_id": "a"}), 11310),
        ({}, 0),
        ({"elements": [{"tag": "div", "text": {"tag": "plain_text", "content": "x"}, "zz": 1}]}, 0),
        ({"elements": ["x"]}, 200621),
    ],
)
def test_which_cards_are_refused(sent: Any, code: int) -> None:
    assert _code(sent) == code


def test_the_vendors_own_example_of_an_answer_is_allowed() -> None:
    text = {
        "tag": "plain_text",
        "content": "示例文本",
        "text_size": "normal_v2",
        "text_align": "left",
        "text_color": "default",
    }
    sizes = {"normal_v2": {"default": "normal", "pc": "normal", "mobile": "heading"}}
    example = {
        "schema": "2.0",
        "config": {"update_multi": True, "style": {"text_size": sizes}},
        "body": {
            "direction": "vertical",
            "padding": "12px 12px 12px 12px",
            "elements": [{"tag": "div", "text": text, "margin": "0px 0px 0px 0px"}],
        },
        "header": {
            "title": {"tag": "plain_text", "content": "示例标题"},
            "subtitle": {"tag": "plain_text", "content": "示例文本"},
            "template": "blue",
            "padding": "12px 12px 12px 12px",
        },
    }
    assert cards.check(example, OPS).text == "示例标题\n示例文本\n示例文本"


@pytest.mark.parametrize(
    ("source", "text", "mentions", "links"),
    [
        ("**bold** *it* ~~no~~ `a*b`", "bold it no a*b", [], []),
        ("<at id=ou_bob></at> hi", "@Bob hi", ["ou_bob"], []),
        ("<at id='ou_bob'></at>", "@Bob", ["ou_bob"], []),
        ("<at ids=ou_bob,ou_carol></at>", "@Bob @Carol", ["ou_bob", "ou_carol"], []),
        ("<at email=u_bob@x.test></at>", "@Bob", ["ou_bob"], []),
        ("<at id=all></at>", "@所有人", ["all"], []),
        ("<person id='ou_bob' show_name=true></person>", "Bob", [], []),
        ("[a](https://a.test)", "a", [], ["https://a.test"]),
        ("[a](javascript:x)", "a", [], []),
        ("see https://a.test/x.", "see https://a.test/x.", [], ["https://a.test/x"]),
        ("[https://a.test](https://b.test)", "https://a.test", [], ["https://b.test"]),
        ("<https://a.test>", "https://a.test", [], ["https://a.test"]),
        ("<a href='https://a.test'>go</a>", "go", [], ["https://a.test"]),
        ("<link url='https://a.test' icon='x'>go</link>", "go", [], ["https://a.test"]),
        ("<font color='red'>r<text_tag color='blue'>t</text_tag></font>", "rt", [], []),
        ("one<br>two<br/>three", "one\ntwo\nthree", [], []),
        ("&#60;at id=all&#62;&#60;/at&#62;", "<at id=all></at>", [], []),
        ("&#91;a&#93;&#40;https&#58;//a.test&#41;", "[a](https://a.test)", [], []),
        ("&#42;&#42;x&#42;&#42; &#95;y&#95; &sim;", "**x** _y_ ∼", [], []),
        (r"\*x\* \<at id=all> \[a\]", "*x* <at id=all> [a]", [], []),
        ("```\n<at id=all></at>\n# x\n```", "<at id=all></at>\n# x", [], []),
        ("`<at id=all></at>`", "<at id=all></at>", [], []),
        ("# Head\n> quote", "Head\nquote", [], []),
        ("a_b_c i-web_01*", "a_b_c i-web_01*", [], []),
        ("\ue0000\ue001", "0", [], []),
    ],
)
def test_how_markdown_reads(source: str, text: str, mentions: list[str], links: list[str]) -> None:
    read = markup.markdown(source)
    assert (read.text, read.mentions, read.links) == (text, mentions, links)


def test_plain_text_is_never_markup() -> None:
    hostile = "<at id=all></at> [x](https://evil.test) **b** &#60;"
    sent = card({"tag": "div", "text": {"tag": "plain_text", "content": hostile}})
    shown = cards.check(sent, OPS)
    assert shown.text == f"Title\n{hostile}"
    assert (shown.mentions, shown.links) == ([], [])


def test_the_reason_for_a_refusal_says_where() -> None:
    with pytest.raises(cards.BadCard, match=r"ROOT -> body -> elements -> \[1\]\(tag: note\)"):
        cards.check(card({"tag": "hr"}, {"tag": "note"}), OPS)


# ----------------------------------------------------------------------------- pressing


async def _hang(bot: Bot, sent: dict[str, Any]) -> str:
    await bot.join()
    answer = await bot.send(sent, "interactive")
    assert answer["code"] == 0, answer
    return str(answer["data"]["message_id"])


def _answering(answer: Any) -> Any:
    return lambda _: {"code": 200, "data": encoded(answer)}


async def test_a_press_carries_the_form_and_its_answer_changes_the_card(
    played: tuple[Lark, Bot],
) -> None:
    lark, bot = played
    ref = await _hang(bot, card(markdown("decide"), decision()))
    done = card(markdown("rejected <at id=ou_bob></at>"))
    toast = {"type": "success", "content": "ok"}
    bot.answer = _answering({"toast": toast, "card": {"type": "raw", "data": done}})
    result = await lark.click("bob", ref, "reject", reason="not during the freeze, please")
    assert (result["acked"], result["code"], result["error"]) == (True, 0, "")
    assert (result["toast"], result["toast_type"]) == ("ok", "success")
    [event] = bot.got
    assert event["header"]["event_type"] == "card.action.trigger"
    assert len(event["header"]["create_time"]) == 16
    assert event["event"]["operator"]["open_id"] == "ou_bob"
    assert event["event"]["context"] == {"open_message_id": ref, "open_chat_id": "oc_ops"}
    assert event["event"]["action"] == {
        "tag": "button",
        "name": "btn_reject",
        "value": {"action": "reject", "request": 7},
        "form_value": {"reason": "not during the freez"},
        "timezone": "Asia/Shanghai",
    }
    [seen] = await lark.cards()
    assert (seen["text"], seen["history"]) == ("Title\nrejected @Bob", ["Title\ndecide"])
    assert seen["mentions"] == []


async def test_an_outdated_card_can_still_be_pressed(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    ref = await _hang(bot, card(button("approve")))
    assert (await bot.patch(ref, card(markdown("gone"))))["code"] == 0
    with pytest.raises(KeyError, match="no button 'approve'"):
        await lark.click("bob", ref, "approve")
    bot.answer = _answering({})
    assert (await lark.click("bob", ref, "approve", revision=0))["acked"]
    assert (await lark.click("bob", ref, "approve", force=True))["acked"]
    assert [e["event"]["action"]["value"]["action"] for e in bot.got] == ["approve", "approve"]
    assert (await lark.cards())[0]["text"] == "Title\ngone"


async def test_the_client_keeps_people_from_some_presses(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    needed = {"tag": "input", "name": "why", "required": True}
    link = {"tag": "button", "behaviors": [{"type": "open_url", "default_url": "https://a.test"}]}
    ref = await _hang(
        bot,
        card(
            _form(needed, _SUBMIT),
            button("old", disabled=True),
            {**link, "text": {"tag": "plain_text", "content": "Docs"}},
        ),
    )
    with pytest.raises(ValueError, match="required"):
        await lark.click("bob", ref, "go")
    with pytest.raises(ValueError, match="disabled"):
        await lark.click("bob", ref, "old")
    with pytest.raises(ValueError, match="sends nothing"):
        await lark.click("bob", ref, "Docs")
    assert (await lark.cards())[0]["links"] == ["https://a.test"]
    assert bot.got == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"code": 200}, 108002),
        ({"code": 500}, 200671),
        ({"code": 200, "data": "{}"}, 200671),
        ({"code": 200, "data": encoded([1])}, 200672),
        ({"code": 200, "data": encoded({"toasts": {}})}, 200672),
        ({"code": 200, "data": encoded({"toast": {"type": "loud", "content": "x"}})}, 200672),
        ({"code": 200, "data": encoded({"toast": {"type": "info"}})}, 200672),
        ({"code": 200, "data": encoded({"toast": "x"})}, 200672),
        ({"code": 200, "data": encoded({"card": {"type": "raw", "data": "x"}})}, 200672),
        ({"code": 200, "data": encoded({"card": card(markdown("x"))})}, 200672),
        (
            {
                "code": 200,
                "data": encoded({"card": {"type": "raw", "data": card({"tag": "note"})}}),
            },
            200673,
        ),
        ({"code": 200, "data": encoded({"card": {"type": "raw", "data": {}}})}, 200830),
        ({"code": 200, "data": encoded({"toast": {"type": "info", "content": "x"}})}, 0),
        ({"code": 200, "data": "e30="}, 0),
    ],
)
async def test_what_the_client_shows_for_bad_answers(
    played: tuple[Lark, Bot], answer: dict[str, Any], code: int
) -> None:
    lark, bot = played
    ref = await _hang(bot, card(button("approve")))
    bot.answer = lambda _: answer
    result = await lark.click("bob", ref, "approve")
    assert result["code"] == code, result
    assert (await lark.cards())[0]["revision"] == 0


async def test_a_press_is_pushed_once_and_times_out(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    ref = await _hang(bot, card(button("approve")))
    bot.answer = lambda _: None
    pressing = asyncio.create_task(lark.click("bob", ref, "approve"))
    await until(lambda: bot.got)
    assert "card action is lock" in (await bot.patch(ref, card(markdown("x"))))["msg"]
    lark.clock.advance(3)
    result = await pressing
    assert (result["acked"], result["code"]) == (False, 200341)
    lark.clock.advance(30000)
    assert len(bot.got) == 1
    await bot.login()
    assert (await bot.patch(ref, card(markdown("x"))))["code"] == 0
    await bot.leave()
    await until(lambda: not lark.sockets.open())
    assert (await lark.click("bob", ref, "approve", revision=0))["code"] == 200342


async def test_fifty_people_at_once(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    ref = await _hang(bot, card(button("approve"), button("reject")))
    done = card(markdown("decided"))
    bot.answer = _answering({"card": {"type": "raw", "data": done}})
    people = [person.id for person in world.PEOPLE] * 10
    presses = [
        lark.click(who, ref, "approve" if n % 2 else "reject") for n, who in enumerate(people)
    ]
    results = await asyncio.gather(*presses)
    assert all(one["acked"] and one["code"] == 0 for one in results)
    assert len(bot.got) == 50
    assert len({event["event"]["token"] for event in bot.got}) == 50
    [seen] = await lark.cards()
    assert (seen["text"], seen["revision"]) == ("Title\ndecided", 50)


async def test_clicks_may_come_in_card_frames(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    ref = await _hang(bot, card(button("approve")))
    bot.answer = _answering({})
    await lark.fault("push.card", "type_card")
    assert (await lark.click("carol", ref, "approve"))["acked"]
    assert [h.value for h in bot.frames[-1].headers if h.key == "type"] == ["card"]


async def test_user_ids_can_be_withheld(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    ref = await _hang(bot, card(button("approve")))
    bot.answer = _answering({})
    await lark.hide_user_ids()
    await lark.click("carol", ref, "approve")
    await lark.say("carol", "hi")
    await until(lambda: len(bot.got) == 2)
    assert "user_id" not in bot.got[0]["event"]["operator"]
    assert "user_id" not in bot.got[1]["event"]["sender"]["sender_id"]
    assert bot.got[1]["header"]["tenant_key"] == world.LARK_TENANT
