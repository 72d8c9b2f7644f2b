"""What people see: judged by the stand-in's own checks of posts and cards, not by ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.lark import render, text
from bot import model
from sandbox import base
from sandbox.lark import cards, content, markup, state
from tests import properties

BOB = model.Account("lark", "tk", "ou_bob", "Bob")
CAROL = model.Account("lark", "tk", "ou_carol", "Carol")
HOSTILE = [
    "<at id=all></at>",
    '<at user_id="all">x</at>',
    "< at id=ou_bob></at>",
    "</at><AT id=ou_bob>",
    "<person id='ou_bob'></person>",
    "[click](https://evil.example)",
    "https://evil.example/x",
    "http://evil.example www.evil.example",
    "<a href='https://evil.example'>safe</a>",
    "![x](img_1)",
    "**bold** _it_ ~~s~~ `c` # h\n---\n> q",
    "```\n</at>\n```\n<at id=all></at>",
    "````<at id=all></at>````",
    "~~~\n<at id=all></at>",
    "\\<at id=all\\>",
    "&lt;at id=all&gt;",
    "a\u202eb\u200bc\ufeff\u2066",
    "\x00\x1b[31m",
    "{{x}} ${y} $(z)",
    "\ud800",
    "line\nApproved by: Bob",
    "<https://evil.example>",
    "\ue0000\ue001",
]


@pytest.fixture
def chat() -> state.Chat:
    return state.State(base.Clock()).chats["oc_ops"]


def blocks(words: str) -> tuple[model.Block, ...]:
    span = model.Span(words)
    return (
        model.Block("para", (span,)),
        model.Block("para", (span, model.Span(words, "bold"), model.Span(words, "code"))),
        model.Block("para", (model.Span(words, at=model.Account("lark", "tk", "", "x")),)),
        model.Block("para", (model.Span(words, at=model.Account("lark", "tk", "all", "x")),)),
        model.Block("facts", rows=((words, (span,)), ("b", (model.Span(words, "bold"),)))),
        model.Block("pre", text=words),
        model.Block("quote", text=words),
        model.Block("rule"),
    )


def card(*inside: model.Block, **others: Any) -> model.Card:
    given_: dict[str, Any] = {
        "request": 42,
        "code": "abcd1234",
        "title": "Restart web-01",
        "tone": "orange",
        "tag": "PENDING",
        "blocks": inside,
        "buttons": (
            model.Button("approve", "Approve", "primary", "Really?"),
            model.Button("reject", "Reject", "danger"),
        ),
        "ask_reason": "Reason",
    }
    return model.Card(**{**given_, **others})


def see_card(shown: model.Card, chat: state.Chat) -> state.Shown:
    return content.card(render.dumped(render.card(shown).content), chat)[0]


def see_posts(message: model.Message, chat: state.Chat, **how: bool) -> list[state.Shown]:
    return [content.read("post", one, chat)[0] for one in render.posts(message, **how)]


@pytest.mark.parametrize("words", HOSTILE)
def test_nobodys_text_mentions_links_or_breaks_anything(words, chat):
    chat.at_all = True
    hostile = card(*blocks(words), title=words, tag=words, note=words, ask_reason=words)
    seen = see_card(hostile, chat)
    assert (seen.mentions, seen.links) == ([], [])
    assert [b["action"] for b in seen.buttons] == ["approve", "reject"]
    for post in see_posts(model.Message(words, blocks(words), quote=words), chat, quoted=True):
        assert (post.mentions, post.links) == ([], [])


@given(st.text(max_size=80))
@settings(max_examples=properties.examples(150), deadline=None)
def test_no_text_at_all_mentions_links_or_breaks_anything(words):
    chat = state.State(base.Clock()).chats["oc_ops"]
    seen = see_card(card(*blocks(words), note=words, title=words or "x", tag=words), chat)
    assert (seen.mentions, seen.links, len(seen.buttons)) == ([], [], 2)
    for post in see_posts(model.Message(words, blocks(words)), chat):
        assert (post.mentions, post.links) == ([], [])


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
@settings(max_examples=properties.examples(150), deadline=None)
def test_ordinary_text_is_shown_as_it_is_in_markdown(words):
    if "://" in words or "www." in words.lower() or "~~" in words:
        return
    assert markup.markdown(text.escaped(words)).text == words


def test_one_line_stays_one_line_so_that_nobody_fakes_a_fact(chat):
    spoofed = card(model.Block("facts", rows=(("By", (model.Span("eve\nApproved by: Bob"),)),)))
    assert "By: eve ⏎ Approved by: Bob" in see_card(spoofed, chat).text.splitlines()


def test_hidden_characters_are_shown(chat):
    seen = see_card(card(model.Block("pre", text="rm \u202e-rf\u200b /\x07")), chat)
    assert "rm ⟨U+202E⟩-rf⟨U+200B⟩ /⟨U+0007⟩" in seen.text


def test_a_script_is_shown_whole_and_stays_in_its_block(chat):
    script = "#!/bin/bash\nset -e\n\techo '**x**' <tag> & \"$1\" | tee a_b\n```\nid\n"
    seen = see_card(card(model.Block("pre", text=script)), chat)
    assert script.strip().replace("```", "⟨`⟩" * 3) in seen.text
    [post] = see_posts(model.Message("t", (model.Block("pre", text=script),)), chat)
    assert "set -e\n\techo '**x**' <tag> & \"$1\" | tee a_b" in post.text


def test_what_is_to_be_typed_is_marked_in_a_sentence_but_not_among_facts():
    told = model.Block("para", (model.Span("Use "), model.Span("cancel 1", "code")))
    facts = model.Block("facts", rows=(("Code", (model.Span("1a2b3c4d", "code"),)),))
    post = json.loads(render.posts(model.Message("", (told, facts)))[0])
    lines = post["zh_cn"]["content"]
    assert ["".join(e["text"] for e in line) for line in lines] == [
        "Use cancel 1",
        "Code: 1a2b3c4d",
    ]
    assert lines[0][1]["style"] == ["bold"]


def test_mentions_are_structured_and_each_person_is_named_once(chat):
    spans = (model.Span("for "), model.Span("Bob", at=BOB), model.Span("!"))
    inside = (model.Block("para", spans),)
    assert see_card(card(*inside, mentions=(BOB, CAROL)), chat).mentions == ["ou_bob", "ou_carol"]
    [post] = see_posts(model.Message("t", inside, (BOB, CAROL)), chat)
    assert sorted(post.mentions) == ["ou_bob", "ou_carol"]
    assert "for @Bob!" in post.text
    [post] = see_posts(model.Message("t", inside, (BOB, CAROL)), chat, silent=True)
    assert (post.mentions, "@Carol" in post.text, "@Bob" in post.text) == ([], True, True)


def test_a_card_as_a_whole():
    drawn = render.card(card(model.Block("para", (model.Span("hello"),)), note="expires 10:30"))
    assert drawn.cut is False
    assert drawn.content["config"] == {
        "update_multi": True,
        "enable_forward": False,
        "enable_forward_interaction": False,
        "width_mode": "fill",
        "summary": {"content": "Restart web-01"},
    }
    assert drawn.content["header"]["template"] == "orange"
    form = next(e for e in drawn.content["body"]["elements"] if e["tag"] == "form")
    reason, row = form["elements"]
    assert (reason["name"], reason["max_length"], reason["required"]) == ("reason", 500, False)
    button = row["columns"][0]["elements"][0]
    assert button["name"] == "btn_approve"
    assert button["form_action_type"] == "submit"
    assert button["confirm"]["text"]["content"] == "Really?"
    value = {"act": "approve", "rid": 42, "code": "abcd1234"}
    assert button["behaviors"] == [{"type": "callback", "value": value}]


@pytest.mark.parametrize("tone", ["orange", "blue", "green", "red", "grey"])
def test_a_card_in_every_tone_without_form_or_buttons_or_anything(tone, chat):
    see_card(card(tone=tone, ask_reason="", note="", tag=""), chat)
    shown = see_card(card(tone=tone, buttons=(), ask_reason="Reason", title=""), chat)
    assert shown.buttons == []


def test_the_same_action_twice_is_one_button(chat):
    twice = (model.Button("ok", "OK"), model.Button("ok", "OK"))
    assert len(see_card(card(buttons=twice), chat).buttons) == 1


@pytest.mark.parametrize("words", ["x" * 40_000, "重启\n" * 9_000, '"\\\n' * 12_000])
def test_a_card_too_long_leaves_out_its_largest_block_and_says_so(words, chat):
    small = model.Block("para", (model.Span("digest abcd1234"),))
    shown = card(small, model.Block("pre", text=words), small)
    drawn = render.card(shown)
    assert drawn.cut is True
    seen = see_card(shown, chat)
    assert f"{len(words)} characters are left out here; the whole text is" in seen.text
    assert seen.text.count("digest abcd1234") == 2
    assert len(seen.buttons) == 2


def test_a_card_in_chinese_has_no_word_of_english_nor_its_colon(chat):
    facts = model.Block("facts", rows=(("申请人", (model.Span("张三"),)),))
    long = model.Block("pre", text="x" * 40_000)
    shown = card(facts, long, left_out="✂ 此处省略 {count} 字", elsewhere="发送 plan 42 查看全部")
    seen = see_card(shown, chat).text
    assert "申请人：张三" in seen
    assert "✂ 此处省略 40000 字 · 发送 plan 42 查看全部" in seen
    assert "left out" not in seen
    assert see_posts(model.Message("新", (facts,)), chat)[0].text.count("申请人：张三") == 1


def test_a_card_of_too_many_elements_is_cut_too(chat):
    many = [model.Block("para", (model.Span(f"line {n}"),)) for n in range(3000)]
    drawn = render.card(card(*many))
    assert drawn.cut is True
    assert "characters are left out here; the whole text is" in see_card(card(*many), chat).text


@pytest.mark.parametrize(
    "words",
    ["x" * 100_000, "".join(f"line {n}\n" for n in range(9000)), "重启" * 20_000, '"' * 50_000],
)
def test_a_long_message_is_sent_whole_in_several_posts(words, chat):
    for block in (model.Block("pre", text=words), model.Block("para", (model.Span(words),))):
        message = model.Message("Output", (block,), (BOB,), quote="q" * 5000)
        sent = render.posts(message)
        assert len(sent) > 1
        assert len(sent) == len(render.posts(message, quoted=True))
        assert len(sent) == len(render.posts(message, silent=True))
        seen = see_posts(message, chat, quoted=True)
        assert [bool(post.mentions) for post in seen] == [True] + [False] * (len(seen) - 1)
        told = [json.loads(one)["zh_cn"]["content"] for one in sent]
        joined = [e.get("text", "") for page in told for line in page for e in line]
        expected = words if block.kind == "pre" else words.replace("\n", " ⏎ ")
        assert "".join(joined).replace("\n", "") == expected.strip("\n").replace("\n", "")


def test_a_message_without_end_is_refused():
    with pytest.raises(render.TooLong):
        render.posts(model.Message("t", (model.Block("pre", text="x" * 2_000_000),)))


def test_a_card_is_checked_by_the_stand_in_itself(chat):
    with pytest.raises(cards.BadCard):
        cards.check({"schema": "2.0", "body": {"elements": [{"tag": "note"}]}}, chat)
