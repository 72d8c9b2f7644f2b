"""Dead letters: who sees them, what they say, and what sending one once more does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot import model, policy, store
from bot.commands import api, deliveries
from bot.core import dead_letters
from tests.bot import bus_stage
from tests.bot.bus_stage import CHAT, PLATFORM, TENANT, Stage, group, rules, webhook
from tests.bot.bus_stage import command as asks
from tests.bot.stage import Everything, words

HIRED = '$.source == "hr.approval"'
GAVE_UP = model.Refused("HTTP 404 from the robot", code="gave_up")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path, rules(notify=(HIRED, webhook())))
    yield made
    made.close()


class ChatOnly(Everything):
    """A quota that lets nothing go but what is said in chats."""

    def room(self, rate_key: store.RateKey) -> store.Allowance:
        return store.Allowance(1000 if rate_key.platform == PLATFORM else 0)


def answer(stage: Stage, who: str, text: str) -> str:
    """What the bot says to a message; deliveries stay where they are."""
    stage.ask(who, text)
    future = stage.engine.write(lambda writer: writer.claim(stage.clock.now(), ChatOnly()))
    said = []
    for claimed in stage.loop.run_until_complete(future).effects:
        assert isinstance(claimed.effect.body, model.Say), claimed
        said.append(words(claimed.effect.body.message))
        stage.settle(claimed, model.Done("m"))
    assert len(said) == 1
    return said[0]


def died(stage: Stage, outcome: model.Outcome = GAVE_UP, id: str = "1") -> model.Letter:
    """A letter that could not be delivered."""
    stage.arrive(id)
    assert len(stage.fail(outcome)) == 1
    return stage.letters()[0]


def redrive(stage: Stage, number: int) -> str:
    return answer(stage, "bob", f"redrive {number}")


# ----------------------------------------------------------------------------- looking


def test_dead_letters_are_listed_and_shown_whole(stage: Stage) -> None:
    assert "Everything was delivered." in answer(stage, "bob", "dead")
    letter = died(stage)
    listed = answer(stage, "bob", "死信")
    assert f"{letter.number} notify → the robot ops" in listed
    assert "HTTP 404 from the robot" in listed
    shown = answer(stage, "bob", f"dead {letter.number}")
    for part in (
        "not delivered",
        "ProvisionRequest · hr.approval · 1",
        "1 time",
        '"emp_id": "E123"',
    ):
        assert part in shown
    assert f"redrive {letter.number}" in shown
    assert "There is no letter 999." in answer(stage, "bob", "dead 999")
    assert "There is no letter 1." in answer(stage, "bob", "dead 1")  # that was an answer


def test_only_a_role_that_names_them_may_look_or_send(stage: Stage) -> None:
    letter = died(stage)
    for who, text in (("alice", "dead"), ("alice", f"redrive {letter.number}"), ("dave", "dead")):
        assert "E123" not in (said := answer(stage, who, text))
        assert "sre" in said
        assert stage.facts("ask.refused")["reason"] == "refused.role"
    assert stage.letters() == [letter]
    assert "dead" not in answer(stage, "alice", "help")
    assert "redrive" in answer(stage, "bob", "help")


def test_a_role_may_name_just_these_two_and_a_group_may_leave_them_out(tmp_path: Path) -> None:
    stage = Stage(tmp_path, rules(notify=(HIRED, webhook())))
    book = stage.deployment.book
    roles = {**book.roles, "dev": policy.Role("dev", frozenset({"dead"}))}
    stage.deployment = dataclasses.replace(
        stage.deployment, book=dataclasses.replace(book, roles=roles)
    )
    letter = died(stage)
    assert "notify" in answer(stage, "alice", "dead")
    answer(stage, "alice", f"redrive {letter.number}")
    assert stage.facts("ask.refused")["reason"] == "refused.role"
    quiet = (policy.Group(PLATFORM, CHAT, "ops", "en", frozenset({"restart"})),)
    stage.deployment = dataclasses.replace(
        stage.deployment, book=dataclasses.replace(book, groups=quiet)
    )
    answer(stage, "bob", "dead")
    assert stage.facts("ask.refused")["reason"] == "refused.here"
    stage.close()


def test_what_must_not_be_shown_is_not(tmp_path: Path) -> None:
    """An address is a key to its chat; a hidden value stays hidden."""
    token = "access_token=3f2e1d"
    uri = f"https://hooks.example.com/robot/send?{token}"
    stage = Stage(tmp_path, rules(notify=(HIRED, webhook(uri))))
    letter = died(stage)
    said = answer(stage, "bob", "dead") + answer(stage, "bob", f"dead {letter.number}")
    assert "hooks.example.com" in said
    assert "3f2e1d" not in said
    secret = dataclasses.replace(
        letter.deliver, to=model.ToCommand("restart", "ops", PLATFORM), body={"service": "s3cr3t"}
    )
    found = stage.deployment.catalog.find("restart")
    assert found is not None
    context = api.Context(
        book=stage.deployment.book,
        catalog=stage.deployment.catalog,
        person=stage.deployment.book.people["bob"],
        account=stage.account("bob"),
        place=stage.place(),
        locale="en",
        view=model.View(1, 0, "x"),
        now=stage.clock.now(),
    )
    whole = dataclasses.replace(letter, deliver=secret)
    assert "s3cr3t" in context.contents(whole)
    assert "s3cr3t" not in deliveries.contents(secret, {"service"})
    stage.close()


def test_many_and_long_letters_are_cut(stage: Stage) -> None:
    stage.deployment = dataclasses.replace(stage.deployment, rules=rules(notify=(HIRED, webhook())))
    for number in range(15):
        stage.arrive(str(number), data={"text": "长" * 5000})
    stage.fail(model.Refused("why " * 500))
    listed = answer(stage, "bob", "dead")
    assert "python -m bot events dead" in listed
    assert len(listed) < 4000
    number = stage.letters()[0].number
    assert len(answer(stage, "bob", f"dead {number}")) < 4000


# ----------------------------------------------------------------------------- once more


def test_a_redriven_letter_gets_all_its_tries_anew_and_arrives(stage: Stage) -> None:
    stage.arrive()
    stage.fail(model.NotSent("HTTP 503"), rounds=4)
    [letter] = stage.letters()
    assert letter.attempts == 4
    said = redrive(stage, letter.number)
    assert f"{letter.number} (rule notify, the robot ops) is sent once more." in said
    facts = stage.facts("letter.redriven")
    assert facts == {
        "letter": letter.number,
        "rule": "notify",
        "target": 0,
        "source": "hr.approval",
        "event": "1",
        "state": "refused",
        "attempts": 4,
    }
    assert stage.letters() == []
    seen = stage.fail(model.NotSent("HTTP 503"), rounds=4)
    assert len(seen) == 4
    [letter] = stage.letters()
    assert letter.attempts == 8
    redrive(stage, letter.number)
    [claimed] = stage.claim()
    assert not claimed.attempt.uncertain
    stage.settle(claimed, model.Done("m-1"))
    assert stage.letters() == []
    [done] = stage.letters("done")
    assert (done.number, done.attempts, done.reason) == (letter.number, 9, "")
    assert stage.actions().count("rule.undelivered") == 2


def test_one_that_may_have_arrived_is_sent_all_the_same_with_a_warning(stage: Stage) -> None:
    letter = died(stage, model.Unknown("no answer came"))
    assert "may have arrived" in answer(stage, "bob", "dead")
    assert "may arrive twice" in redrive(stage, letter.number)
    [claimed] = stage.claim()
    assert not claimed.attempt.uncertain
    assert claimed.effect.body == letter.deliver


def test_what_is_not_dead_is_not_sent_again(stage: Stage) -> None:
    stage.arrive()
    [number] = [letter.number for letter in stage.letters("queued")]
    assert "still being delivered (queued)" in redrive(stage, number)
    [claimed] = stage.claim()
    assert "still being delivered (on its way)" in redrive(stage, number)
    stage.settle(claimed, model.Done())
    assert "was delivered" in redrive(stage, number)
    assert "Send dead to see" in redrive(stage, 999)
    assert "letter.redriven" not in stage.actions()
    assert stage.facts("act.refused") == {"reason": "redrive.none", "action": "redrive"}


def test_redriving_twice_at_once_sends_once(stage: Stage) -> None:
    letter = died(stage)
    stage.ask("bob", f"redrive {letter.number}")
    stage.ask("carol", f"redrive {letter.number}")
    sent = [c for c in stage.claim() if isinstance(c.effect.body, model.Deliver)]
    assert len(sent) == 1
    assert stage.actions().count("letter.redriven") == 1


def test_the_store_refuses_to_redrive_what_is_not_dead(stage: Stage) -> None:
    letter = died(stage)
    view = model.View(1, 0, "x")
    once = dead_letters.once_more(letter, "bob")

    def write(writer: Any) -> None:
        writer.apply(view, once, stage.clock.now())
        writer.apply(view, once, stage.clock.now())

    with pytest.raises(Exception, match=f"letter {letter.number} is not dead"):
        stage.loop.run_until_complete(stage.engine.write(write))
    assert stage.letters() == [letter]  # the first was undone with it


def test_a_refused_command_is_asked_for_anew(tmp_path: Path) -> None:
    """Somebody gave the person a role meanwhile; the refusal must not be answered from memory."""
    stage = Stage(tmp_path, rules(hire=(HIRED, asks("provision", bus_stage.HIRE))))
    stage.arrive(person="dave")
    assert isinstance(stage.carry(stage.claim()[0]), model.Refused)
    assert len(stage.work()) == 1  # the group is told
    book = stage.deployment.book
    dave = dataclasses.replace(book.people["dave"], roles=frozenset({"dev"}))
    people = {**book.people, "dave": dave}
    stage.deployment = dataclasses.replace(
        stage.deployment, book=dataclasses.replace(book, people=people)
    )
    [letter] = stage.letters()
    redrive(stage, letter.number)
    [claimed] = stage.claim()
    assert claimed.effect.body.again == 1
    assert stage.carry(claimed) == model.Done("1")
    assert stage.request(1).person == "dave"
    stage.close()


def test_a_command_that_may_have_been_asked_for_is_recognised(tmp_path: Path) -> None:
    """The clerk broke down behind the commit: redriving finds the request and makes no second."""
    stage = Stage(tmp_path, rules(hire=(HIRED, asks("provision", bus_stage.HIRE))))
    stage.arrive()
    [claimed] = stage.claim()
    stage.loop.run_until_complete(stage.clerk.perform(claimed.effect.body, model.Attempt()))
    stage.settle(claimed, model.Unknown("CancelledError in the adapter"))
    [letter] = stage.letters()
    redrive(stage, letter.number)
    [claimed] = [c for c in stage.claim() if isinstance(c.effect.body, model.Deliver)]
    assert stage.carry(claimed) == model.Done("1")
    assert len(stage.read(lambda reader: reader.recent_requests(10))) == 1
    stage.close()


def test_where_letters_go_in_words(stage: Stage) -> None:
    named = {"source": "s", "id": "1", "type": "t"}
    cases: list[tuple[model.Destination, str]] = [
        (model.ToGroup(PLATFORM, TENANT, CHAT), "the group ops"),
        (model.ToGroup(PLATFORM, TENANT, "gone"), "the group gone"),
        (model.ToThread(), "a thread in ops"),
        (model.ToHttp("cmdb"), "the endpoint cmdb"),
        (model.ToBus("prod"), "the bus prod"),
        (model.ToCommand("restart", "ops", PLATFORM), "the command restart in ops"),
        (model.ToWebhook("robot:hr"), "the robot hr"),
    ]
    for to, told in cases:
        body = model.Deliver("r", 0, to, {}, named, stage.place())
        assert deliveries.target("en", stage.deployment.book, body) == told
        assert deliveries.target("zh-CN", stage.deployment.book, body) != told
    assert group("hi").to == model.ToGroup(PLATFORM, TENANT, CHAT)
