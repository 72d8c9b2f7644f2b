"""Nobody's text does anything: it mentions nobody, links nowhere, and breaks nothing."""

from __future__ import annotations

import re

import pytest

from bot import model
from tests.adapters.conformance import chat
from tests.adapters.conformance.chat import Stage

HOSTILE = [
    "@all stop",
    "@所有人 停",
    "@u-carol @13800000003 @Carol",
    '<at id=all></at> <at user_id="all">x</at> <at id="ou_carol"></at>',
    "<person id=ou_carol></person> <at email=carol@x.test></at>",
    "[look](http://evil.example/x) ![p](http://evil.example/y) <http://evil.example/z>",
    "http://evil.example/a www.evil.example dtmd://dingtalkclient/sendMessage?content=x",
    '<a href="http://evil.example">x</a><font color=red>x</font><br/><hr/>&lt;at id=all&gt;',
    "# head\n> quote\n- item\n---\n```\nfence\n~~~\n`code` **bold** __b__ ~~s~~ *i*",
    "| a | b |\n|---|---|\n| 1 | 2 |\n$x$ \\@all \\[x](http://evil.example)",
    "plain \x00\x07\x1b[31m\x7f \u202egnp.exe \u200b\u2066 \ufeff\ud800 end",
    '{{x}} ${y} %s {"a": 1} \\u0040all &#64;all',
]
HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def letters(text: str) -> str:
    """What of a text is neither markup nor blank."""
    return re.sub(r"[^A-Za-z0-9\u4e00-\u9fff]", "", text)


def blocks(text: str, bob: model.Account) -> tuple[model.Block, ...]:
    """A text in every place that a block has."""
    plain, bold, code = model.Span(text), model.Span(text, "bold"), model.Span(text, "code")
    return (
        model.Block("para", (model.Span("begin "), plain, bold, code, model.Span("Bob", at=bob))),
        model.Block("facts", rows=((text, (plain, code)),)),
        model.Block("pre", text=text),
        model.Block("pre", text=text, legend=("marks", "others")),
        model.Block("quote", text=text),
        model.Block("para", (model.Span("end"),)),
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("where", ["thread", "chat", "card", "update"])
async def test_text_is_only_text(stage: Stage, where: str, text: str) -> None:
    """In a message, in one that answers nothing and quotes, on a new card and on a changed one."""
    place = (await stage.asked()).place
    bob = stage.wiring.account("bob")
    content = blocks(text, bob)
    shown = model.Card(
        7,
        "c0de1234",
        text,
        "orange",
        text,
        content,
        tuple(model.Button(each.action, text[:20], each.style) for each in chat.BUTTONS),
        note=text,
        mentions=(bob,),
        elsewhere=text,
    )
    effect: model.Say | model.ShowCard | model.UpdateCard
    if where in ("thread", "chat"):
        place = place if where == "thread" else chat.bare(place)
        effect = model.Say(place, model.Message(text, content, (bob,), quote=text), "k")
    else:
        effect = model.ShowCard(place, shown, "k")
    if where == "update":
        first = chat.card("before", chat.BUTTONS, bob)
        done = await stage.chat.perform(model.ShowCard(place, first, "k"), model.Attempt())
        assert isinstance(done, model.Done)
        effect = model.UpdateCard(place, shown, done.ref)
    assert isinstance(await stage.chat.perform(effect, model.Attempt()), model.Done)
    entries = await stage.said()
    mentions = [who for entry in entries for who in entry["mentions"]]
    assert mentions == ["bob"] if where in ("thread", "chat") else set(mentions) == {"bob"}
    assert [link for entry in entries for link in entry["links"]] == []
    seen = "\n".join(entry["text"] for entry in entries)
    assert not HIDDEN.search(seen)
    assert "begin" in seen
    assert "end" in seen
    if not HIDDEN.search(text):
        assert letters(text) in letters(seen)
    if where in ("card", "update"):
        [changed] = await stage.party.cards(chat.OPS)
        assert [each["action"] for each in changed["buttons"]] == ["approve", "reject"]


async def test_people_are_mentioned_once_however_long_the_message(stage: Stage) -> None:
    """Those that a span names and those that only the list names; nobody of another platform."""
    place = (await stage.asked()).place
    bob, carol = stage.wiring.account("bob"), stage.wiring.account("carol")
    stranger = model.Account("elsewhere", "t", "x-dave", "Dave")
    named = model.Block("para", (model.Span("Bob", at=bob), model.Span("Dave", at=stranger)))
    long = model.Block("pre", text="\n".join(f"line {number}" for number in range(3000)))
    message = model.Message("Result", (named, long), (bob, carol))
    attempt = model.Attempt()
    effect = model.Say(place, message, "k")
    while not isinstance(outcome := await stage.chat.perform(effect, attempt), model.Done):
        assert isinstance(outcome, model.NotSent)
        stage.party.clock.advance(max(outcome.retry_after, 2.0))
    entries = await stage.said()
    assert sorted(who for entry in entries for who in entry["mentions"]) == ["bob", "carol"]
