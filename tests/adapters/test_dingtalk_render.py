"""Messages and cards as DingTalk gets them; and that nobody's text is more than text."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dingtalk import markup, render
from bot import model
from sandbox.dingtalk import markup as client
from tests import properties

BOB = model.Account("dingtalk", "corp", "u-bob", "Bob")
LIMIT = 1024


def para(text: str, style: str = "plain") -> model.Block:
    return model.Block("para", (model.Span(text, style),))  # type: ignore[arg-type]


def card(*blocks: model.Block, buttons: bool = True, note: str = "") -> model.Card:
    pressed = (model.Button("approve", "Approve", "primary"), model.Button("reject", "Reject"))
    given = pressed if buttons else ()
    return model.Card(42, "c0de1234", "Restart", "orange", "pending", blocks, given, note=note)


def said(*blocks: model.Block, **more: object) -> render.Markdown:
    pieces = render.messages(model.Message("title", blocks, **more))  # type: ignore[arg-type]
    assert len(pieces) == 1
    return pieces[0]


def test_a_message_word_for_word() -> None:
    facts = model.Block(
        "facts", rows=(("Service", (model.Span("api", "code"),)), ("By", (model.Span("Li"),)))
    )
    blocks = (
        model.Block(
            "para",
            (model.Span("Request 42", "bold"), model.Span(" by "), model.Span("Bob", at=BOB)),
        ),
        facts,
        model.Block("rule"),
        model.Block("pre", text="# restart\nsystemctl restart api | tee log\n"),
    )
    made = said(*blocks, quote="restart api")
    assert made.text == (
        "> restart api  \n\n"
        "**Request 42** by  @u-bob\n\n"
        "**Service** `api`  \n**By** Li\n\n"
        "---\n\n"
        "```\n# restart\nsystemctl restart api | tee log\n```"
    )
    assert made.at == ("u-bob",)


def test_mentions_stand_in_the_text_and_in_the_list() -> None:
    lark = model.Account("lark", "t", "ou_x", "Eve")
    odd = model.Account("dingtalk", "corp", "u1 @all", "Odd")
    made = said(para("done"), mentions=(BOB, lark, odd, BOB))
    assert made.text == "done\n\n@u-bob"
    assert made.at == ("u-bob",)
    late = render.messages(model.Message("t", (para("done"),), mentions=(BOB,)), mention=False)
    assert late[0].text == "done\n\n**Bob**"


HOSTILE = [
    "@all",
    "@所有人",
    "@ all",
    "@13800000000",
    "@u-bob",
    "@\u200ball",
    "&#64;all",
    "[click](https://evil.example)",
    "![x](https://evil.example/x.png)",
    "https://evil.example",
    "HTTPS://evil.example",
    "www.evil.example",
    "dtmd://dingtalkclient/sendMessage?content=approve%2042",
    "[x](dtmd://dingtalkclient/sendMessage?content=approve)",
    '<a href="https://evil.example">x</a>',
    "<a atId=u-bob>Bob</a>",
    "<font color=red>approved</font>",
    "<https://evil.example>",
    "# heading",
    "> quoted",
    "- list\n- list",
    "1. list",
    "---",
    "===",
    "**bold** __bold__ *x* _x_ ~~x~~",
    "``` \ncode\n```",
    "```\n\n# out\n\n```",
    "`code`",
    "a\n\n# b",
    "a\r\n> b",
    "a\u2028# b",
    "| a | b |\n|---|---|",
    "\u202etxt.exe",
    "\u2066x\u2069",
    "x\ufeff\u200b\u2060y",
    "\x00\x1b[31m",
    "\ud800",
]


def shown_without_structure(text: str) -> None:
    """What DingTalk's client makes of it: one line, no address, nobody called."""
    assert not client.markdown(text).links
    assert not client.everybody_called(text)
    assert not re.search(r"@(?!u-eve)[\w$+]", text)
    assert not re.search(
        r"[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00\x1b\ud800-\udfff]", text
    )
    assert not re.search(r"<[A-Za-z/!]|\]\(|!\[", text)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("style", ["plain", "bold", "code"])
def test_hostile_text_is_only_text(text: str, style: str) -> None:
    for made in (said(para(text, style)).text, said(para("ok " + text, style)).text):
        shown_without_structure(made)
        assert "\n" not in made
        assert not re.match(r"\s*(#|>|[-+*]\s|\d+[.)]\s|---|===|\|)", made)
    eve = model.Account("dingtalk", "corp", "u-eve", text)
    named = said(model.Block("para", (model.Span(text, at=eve),)))
    shown_without_structure(named.text)
    params = render.params(card(para(text, style), note=text), LIMIT)
    for key in ("title", "markdown", "tips"):
        shown_without_structure(params[key])
    assert all(render.at_users([eve]).values())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_in_its_block(text: str) -> None:
    quoted = said(model.Block("quote", text=text)).text
    assert all(line.startswith("> ") for line in quoted.split("\n")) or text == "\ud800"
    shown_without_structure(quoted)
    pre = said(model.Block("pre", text=text), para("after")).text
    assert pre.startswith("```\n")
    assert pre.count("```") == 2
    assert pre.endswith("\n```\n\nafter")
    shown_without_structure(pre)
    facts = model.Block("facts", rows=((text, (model.Span(text),)), ("b", (model.Span("c"),))))
    lines = said(facts).text.split("\n")
    assert len(lines) == 2
    shown_without_structure(lines[0])


def test_what_is_split_over_spans_does_not_join() -> None:
    spans = tuple(
        model.Span(part) for part in ("@", "all ", "[x]", "(http:", "//evil.example)", "<", "a>")
    )
    shown_without_structure(said(model.Block("para", spans)).text)


def test_hidden_characters_in_scripts_are_shown() -> None:
    text = said(model.Block("pre", text="rm -rf /tmp/a\u202eb")).text
    assert "a⟨U+202E⟩b" in text


def test_a_usual_script_is_shown_as_it_is() -> None:
    script = 'set -eu\nfor i in "$@"; do\n  [[ $i > 1 ]] && echo "<$i>" | tee -a *.log # note\ndone'
    text = said(model.Block("pre", text=script)).text
    assert text == f"```\n{script}\n```"


def test_ordinary_prose_is_left_alone() -> None:
    text = "Done: 3 of 5 (60%), exit code 0; web_01 at 10.0.0.5, a < b & c! Well done?"
    assert said(para(text)).text == text


# ----------------------------------------------------------------------------- long ones


def test_long_messages_are_cut_between_lines_and_code_is_reopened() -> None:
    lines = [f"line {number} " + "字" * 40 for number in range(400)]
    message = model.Message(
        "t", (para("start"), model.Block("pre", text="\n".join(lines)), para("end"))
    )
    pieces = render.messages(message)
    assert len(pieces) > 3
    found: list[str] = []
    for piece in pieces:
        assert len(piece.text) <= render.CHUNK_CHARS
        assert len(piece.text.encode()) <= render.CHUNK_BYTES
        assert piece.text.count("```") % 2 == 0
        found += [line for line in piece.text.split("\n") if line.startswith("line")]
    assert found == lines


def test_one_endless_line_is_cut_too() -> None:
    pieces = render.messages(model.Message("t", (para("😀# " * 9000),)))
    assert "".join(piece.text for piece in pieces).count("😀") == 9000
    for piece in pieces:
        assert len(piece.text) <= render.CHUNK_CHARS
        assert len(piece.text.encode()) <= render.CHUNK_BYTES
        assert not piece.text.startswith("#")


# ----------------------------------------------------------------------------- cards


def test_a_card_s_parameters() -> None:
    made = render.params(card(para("what"), note="Waiting for one of: Bob"), LIMIT)
    assert made["title"] == "pending · Restart"
    assert made["markdown"] == "what"
    assert made["tips"] == "Waiting for one of: Bob"
    buttons = json.loads(made["sys_full_json_obj"])["msgButtons"]
    assert buttons[0] == {
        "text": "Approve",
        "color": "blue",
        "id": "approve",
        "request": True,
        "params": {"id": "approve", "action": "approve", "rid": "42", "code": "c0de1234"},
    }
    assert [button["color"] for button in buttons] == ["blue", "gray"]


def test_a_card_that_is_too_small_says_so_at_a_block_s_end() -> None:
    full = card(para("first"), model.Block("rule"), model.Block("pre", text="字" * 500))
    assert not render.fits(full, LIMIT)
    above = render.ABOVE.format(count=515)
    assert render.params(full, LIMIT)["markdown"] == f"first\n\n{above}"
    decided = card(para("first"), model.Block("pre", text="字" * 500), buttons=False)
    left_out = render.LEFT_OUT.format(count=510)
    assert render.params(decided, LIMIT)["markdown"] == f"first\n\n{left_out}"


def test_what_is_left_out_is_said_in_the_language_of_the_card() -> None:
    cut = replace(
        card(para("字" * 500)), left_out="✂ 此处省略 {count} 字", elsewhere="发送 plan 42"
    )
    assert render.params(cut, LIMIT)["markdown"] == "✂ 此处省略 500 字 · 发送 plan 42"


def test_the_bot_may_say_how_to_mention_it() -> None:
    assert markup.prose("也可以 @我 发送：resume 42") == "也可以 @我 发送：resume 42"
    assert "⟨@⟩" in markup.prose("@我们")
    assert "⟨@⟩" in markup.prose("@all 我")


def test_the_limit_is_in_bytes() -> None:
    assert render.fits(card(para("x" * 1024)), LIMIT)
    assert not render.fits(card(para("x" * 1025)), LIMIT)
    assert render.fits(card(para("字" * 341)), LIMIT)
    assert not render.fits(card(para("字" * 342)), LIMIT)
    assert not render.fits(card(para("x"), note="字" * 342), LIMIT)


def test_the_toast_stands_in_the_tips() -> None:
    shown = render.answer(model.Receipt("Already decided", card=card(para("x"), note="n")), LIMIT)
    assert shown is not None
    assert shown["cardData"]["cardParamMap"]["tips"] == "Already decided"
    only = render.answer(model.Receipt("Who are you?"), LIMIT)
    assert only is not None
    assert only["cardData"] == {"cardParamMap": {"tips": "Who are you?"}}
    assert render.answer(model.Receipt(), LIMIT) is None


TEXT = st.text(
    st.sampled_from("@all [](){}<>`~*_#>-|!&;:/.\\\n\r\t\u202e\u200b字😀ahtp0") | st.characters(),
    max_size=60,
)
BLOCK = st.builds(
    lambda kind, a, b, style: model.Block(
        kind, (model.Span(a, style), model.Span(b)), ((a, (model.Span(b, style),)),), a + b
    ),
    st.sampled_from(["para", "facts", "pre", "quote", "rule"]),
    TEXT,
    TEXT,
    st.sampled_from(["plain", "bold", "code"]),
)


@settings(max_examples=properties.examples(200), deadline=None)
@given(st.lists(BLOCK, max_size=6), TEXT, st.integers(200, 1024))
def test_any_card_stays_within_its_bounds(blocks: list[model.Block], note: str, limit: int) -> None:
    made = render.params(card(*blocks, note=note), limit)
    for value in made.values():
        assert len(value.encode()) <= limit
        assert "@" not in re.sub(r"@(?=[\"',;)}⟩])", "", value)
    assert json.loads(made["sys_full_json_obj"])["msgButtons"] is not None
    message = model.Message(note, tuple(blocks), (BOB,), note)
    for piece in render.messages(message, True, limit):
        assert len(piece.text.encode()) <= limit
        assert not client.markdown(piece.text).links
        assert not client.everybody_called(piece.text)
        assert piece.text.count("```") % 2 == 0
