"""What a card says first, how its state is told, and that nothing of the plan is out of reach."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable

import pytest

from adapters.console import render as console
from adapters.dingtalk import render as dingtalk
from adapters.lark import render as lark
from bot import cards, model, texts
from bot.cards import lead
from bot.model import verbatim
from sandbox import base
from sandbox.dingtalk import markup as dingtalk_client
from sandbox.lark import content, state
from tests.bot.card_states import CASES, HOUSE, SCRIPT, STATE, TEMPLATE, asks, case

LIMIT = 1024
"""Bytes that a value of a DingTalk card may have."""
SENTENCES = {
    ("zh-CN", "restart"): "Alice 申请在 web-01、web-02（cn-hangzhou）重启 nginx，风险：中",
    ("en", "restart"): "to restart nginx on web-01 and web-02 (cn-hangzhou, medium risk).",
    ("zh-CN", "reboot"): "Alice 申请在 web-01、web-02（cn-hangzhou）执行编排 restart，风险：中",
    ("en", "reboot"): "to run the runbook restart on web-01 and web-02 (cn-hangzhou, medium risk).",
}
FIELDS: dict[str, tuple[str, ...]] = {
    "restart": (
        *("web-01 (i-bp10001)", "web-02 (i-bp10002)", "cn-hangzhou", "deploy", "/srv/app", "75"),
        SCRIPT.script.strip(),
    ),
    "reboot": ("reboot-with-approval", "v1", "rateControl", "新证书", TEMPLATE.preview),
}
"""What a plan holds that decides what runs."""


def on_lark(card: model.Card) -> tuple[str, str]:
    chat = state.State(base.Clock()).chats["oc_ops"]
    drawn = lark.card(card)
    assert not drawn.cut
    assert len(json.dumps(drawn.content, ensure_ascii=False).encode()) < 30_000
    title, _, body = content.card(json.dumps(drawn.content), chat)[0].text.partition("\n")
    return title, body


def on_dingtalk(card: model.Card) -> tuple[str, str]:
    """The card; and, where it has no room for the plan, the messages in front of it."""
    params = dingtalk.params(card, LIMIT)
    assert all(len(value.encode()) <= LIMIT for value in params.values())
    body = [dingtalk_client.markdown(params["markdown"]).text, params["tips"]]
    if not dingtalk.fits(card, LIMIT):
        pieces = dingtalk.messages(dingtalk.full_text(card))
        body += [dingtalk_client.markdown(piece.text).text for piece in pieces]
    return params["title"], "\n".join(body)


def in_plain_text(card: model.Card) -> tuple[str, str]:
    return console.title(card), console.card(card)


Seen = Callable[[model.Card], tuple[str, str]]
PLATFORMS = pytest.mark.parametrize("seen_on", [on_lark, on_dingtalk, in_plain_text])
LOCALES = pytest.mark.parametrize("locale", texts.LOCALES)
STATES = pytest.mark.parametrize("name", CASES)


@PLATFORMS
@LOCALES
@STATES
def test_a_card_in_each_state(seen_on: Seen, locale: str, name: str) -> None:
    """The sentence comes first, the state stands in the title, the code at the foot, and what was
    voted on is there as a whole or one command away."""
    request, votes, results, words = CASES[name]
    card = CASES[name].card(locale)
    title, body = seen_on(card)
    lines = body.splitlines()
    assert lines[0].endswith(SENTENCES[locale, request.plan.command if request.plan else ""])
    assert words[texts.LOCALES.index(locale)] in title
    assert "证书 expired" in body
    assert request.code in body
    for vote in votes:
        assert cards.name_of(HOUSE, vote.person) in body
        assert vote.reason in body
    for result in results:
        code = texts.say(locale, "say.exit", code=result.exit_code)
        assert [line for line in lines if "web-0" in line and code in line]
    if request.state is STATE.PENDING:
        assert_plan_in(body, request, digest=seen_on is on_lark)
    else:
        assert "plan 42" in body
    if card.tone in ("orange", "purple") and request.state is STATE.WAITING:
        assert "Reboot them?" in body


def assert_plan_in(seen: str, request: model.Request, digest: bool = True) -> None:
    """Every field of the plan can be told from what was seen, and so can its digest."""
    whole = verbatim.original("\n".join(line.strip() for line in seen.splitlines()))
    assert request.plan is not None
    for field in FIELDS[request.plan.command]:
        assert "\n".join(line.strip() for line in field.splitlines()) in whole, field
    assert request.digest in whole.replace(" ", "") or not digest


@LOCALES
@STATES
def test_the_plan_is_folded_on_the_card_and_whole_in_the_reply_to_plan(
    locale: str, name: str
) -> None:
    request = CASES[name].request
    card = CASES[name].card(locale)
    folded = [block for block in (*card.blocks, *card.aside) if block.fold]
    sheet = cards.Sheets(HOUSE, lambda plan, text: text).plan(request, locale)
    for blocks in (folded, sheet):
        assert_plan_in(console.message(model.Message("t", tuple(blocks))), request)
    panels = [
        element
        for element in lark.card(card).content["body"]["elements"]
        if element["tag"] == "collapsible_panel"
    ]
    assert len(panels) == 1
    assert panels[0]["expanded"] is False


def test_states_are_told_apart_by_word_and_by_sign_or_colour() -> None:
    for locale in texts.LOCALES:
        words = {word: texts.say(locale, f"state.{word}") for word in lead.LOOKS}
        assert len(set(words.values())) == len(words)
        assert all(len(word) <= 32 for word in words.values())
    tones = {name: CASES[name].card("en").tone for name in CASES}
    assert tones["pending"] == tones["approval"] == tones["canary"] == "orange"
    assert tones["running"] == tones["approved"] == "blue"
    assert tones["person"] == tones["on hold"] == "yellow"
    assert tones["unknown"] == tones["outcome unknown"] == "purple"
    assert tones["succeeded"] == "green"
    assert tones["failed"] == tones["partly failed"] == tones["rejected"] == "red"
    assert tones["expired"] == tones["cancelled"] == tones["stopped"] == "grey"


@LOCALES
@STATES
def test_no_word_of_ours_is_wider_than_a_phone(locale: str, name: str) -> None:
    """A card is about 330 px wide: 22 Chinese characters, or 44 letters without a gap. What people
    or the cloud wrote may be longer; so may a script."""
    card = CASES[name].card(locale)
    said = [card.title, card.tag, card.note, *(button.label for button in card.buttons)]
    for block in (*card.blocks, *card.aside):
        said += [span.text for span in block.spans] + [label for label, _ in block.rows]
        said += [span.text for _, spans in block.rows for span in spans]
    for text in said:
        for word in text.split():
            narrow = max(map(len, "".join(
                " " if unicodedata.east_asian_width(char) in "WF" else char for char in word
            ).split()), default=0)  # fmt: skip
            assert narrow <= 44, word


@pytest.mark.parametrize(
    ("done", "total", "drawn"),
    [(0, 0, ""), (0, 3, "▱▱▱"), (3, 5, "▰▰▰▱▱"), (199, 200, "▰" * 9 + "▱"), (200, 200, "▰" * 10)],
)
def test_a_bar_is_full_only_at_the_end(done: int, total: int, drawn: str) -> None:
    assert lead.bar(done, total) == drawn


def test_who_stopped_an_instance_made_nothing_fail() -> None:
    halted = model.InstanceResult("i-bp10001", "Terminated")
    card = case(STATE.CANCELLED, ("", ""), halted, cancelled="stopped", approved_at=None).card("en")
    said = console.card(card)
    assert "▰▱ 0/2 done" in said
    assert "failed" not in said


def test_failures_come_first_and_each_line_says_how_it_went() -> None:
    said = console.card(CASES["partly failed"].card("en"))
    assert said.index("❌ web-02  failed · exit 3") < said.index("✅ web-01  ok · exit 0")
    assert "▰▰ 1/2 done, 1 failed" in said


def test_who_still_has_to_agree_and_by_when_is_said() -> None:
    said = console.card(case(STATE.PENDING, ("", ""), policy="both").card("en"))
    assert "Bob, Carol · all of them" in said
    assert "2 more (0 of 2), by 03-02 10:25" in said
    midway = case(STATE.WAITING, ("", ""), plan=TEMPLATE, ballot=asks("approval"))
    assert "1 more (0 of 1), by 03-02 10:20" in console.card(midway.card("en"))


def test_the_words_of_another_version_of_the_command_are_not_used() -> None:
    other = model.ScriptPlan("restart", "other", SCRIPT.instances, "cn-hangzhou", script="true")
    said = console.card(case(STATE.PENDING, ("", ""), plan=other).card("en"))
    assert said.startswith("Alice wants to run restart on web-01 and web-02 (")


def test_a_value_in_the_sentence_is_one_short_line() -> None:
    long = {"service": "a\n" + "b" * 100}
    first = console.card(case(STATE.PENDING, ("", ""), args=long).card("en")).splitlines()[0]
    assert f"restart a {'b' * 37}… on web-01" in first
