"""What people are told: in their chat's language, true of the moment, and ready to be typed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot import cards, model, policy
from tests.bot import stage


@pytest.fixture
def acted(tmp_path: Path) -> Iterator[stage.Stage]:
    groups = (
        policy.Group(stage.PLATFORM, stage.CHAT, "ops", "en"),
        policy.Group(stage.PLATFORM, "hr", "hr", "zh-CN", frozenset({"provision"})),
    )
    played = stage.Stage(tmp_path, stage.book(groups=groups))
    yield played
    played.close()


def said(acted: stage.Stage) -> str:
    """The words of everything that was said since the last look."""
    effects = acted.work()
    return "\n".join(stage.words(e.message) for e in effects if isinstance(e, model.Say))


def ask_in(acted: stage.Stage, chat: str, who: str, text: str) -> None:
    place = model.Place(stage.PLATFORM, stage.TENANT, chat, "m")
    event = model.MessageReceived(
        f"there:{acted.number()}", acted.clock.now(), acted.account(who), place, text
    )
    acted.submit(event)


@pytest.mark.parametrize("word", ["approve", "reject", "cancel", "stop"])
def test_an_answer_is_in_the_language_of_the_chat_it_was_written_in(
    acted: stage.Stage, word: str
) -> None:
    request = acted.planned("alice", "restart web-01")
    said(acted)
    ask_in(acted, "hr", "bob", f"{word} {request.id}")
    told = said(acted)
    assert "#1" in told
    assert any("\u4e00" <= char <= "\u9fff" for char in told)
    acted.ask("dave", f"{word} {request.id}")
    assert not any("\u4e00" <= char <= "\u9fff" for char in said(acted))


def test_a_group_that_does_not_take_an_operation_is_not_called_a_lack_of_rights(
    acted: stage.Stage,
) -> None:
    ask_in(acted, "hr", "alice", "restart web-01")
    told = said(acted)
    assert "这个群里不能申请 restart" in told
    assert "没有 restart 的权限" not in told
    ask_in(acted, "hr", "dave", "restart web-01")
    assert "没有 restart 的权限" in said(acted)


def test_what_is_to_be_typed_is_code_and_nothing_else_is() -> None:
    message = cards.sentence("", "Use `pending`, or `cancel 1`. A lone ` stays.")
    styles = [(span.text, span.style) for span in message.blocks[0].spans]
    assert styles == [
        ("Use ", "plain"),
        ("pending", "code"),
        (", or ", "plain"),
        ("cancel 1", "code"),
        (". A lone ` stays.", "plain"),
    ]


def test_an_exit_code_outweighs_the_word_success() -> None:
    assert cards.result_text("en", model.InstanceResult("i-1", "Success", 3)) == "failed · exit 3"
    assert cards.result_text("en", model.InstanceResult("i-1", "Success", 0)) == "ok · exit 0"
    assert cards.result_text("en", model.InstanceResult("i-1", "Success")) == "ok"


def test_an_instance_on_which_nothing_began_does_not_wait(acted: stage.Stage) -> None:
    request = acted.planned("alice", "restart web-01")
    acted.click("bob", request.id, "approve", request.code)
    shown = ""
    while claims := acted.claim():
        for claimed in claims:
            refuse = isinstance(claimed.effect.body, model.StartRun)
            acted.settle(claimed, model.Refused("no right") if refuse else acted.answer(claimed))
            if isinstance(claimed.effect.body, model.UpdateCard):
                shown = stage.words(claimed.effect.body.card)
    assert acted.request(request.id).state is model.State.FAILED
    assert "not started" in shown
    assert "waiting" not in shown


def test_a_script_is_told_once_and_whole(acted: stage.Stage) -> None:
    script = "; ".join(f"echo line-{number}" for number in range(200))
    acted.ask("bob", f"run web-01 -- {script}")
    shown = [effect.card for effect in acted.work() if isinstance(effect, model.ShowCard)]
    told = stage.words(shown[0])
    assert script in told
    assert told.count("line-150") == 1
    assert "run web-01 -- echo line-0;" in told


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (model.Done(data={"status": "rejected", "title": "Hire"}), "“Hire” is rejected"),
        (model.Done(data={"status": "withdrawn", "title": ""}), "“form” is withdrawn"),
        (model.Refused("no such form"), "Reading the approval form failed: no such form"),
    ],
)
def test_a_form_that_is_not_agreed_to_is_told_in_words(
    acted: stage.Stage, found: model.Outcome, told: str
) -> None:
    now = acted.clock.now()
    acted.submit(
        model.FormChanged("f1", now, stage.PLATFORM, stage.TENANT, "hire", "n1", "approved")
    )
    [fetch] = acted.claim()
    acted.settle(fetch, found)
    assert told in said(acted)
