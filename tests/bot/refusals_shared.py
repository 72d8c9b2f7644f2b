"""What is said where people take turns, or where several requests share a card."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from bot import policy
from bot.policy.oncall import Roster, Rota
from tests.bot import stage
from tests.bot.refusals import Play, says

MINUTE = timedelta(minutes=1)


def on_call(play: Play, *people: str, minutes: int = 600) -> None:
    """By the usual policy whoever is on call approves: these take turns of so many minutes, from
    the beginning on."""
    begin = stage.START.replace(tzinfo=None) + timedelta(minutes=minutes) - timedelta(days=1)
    rota = Rota("sre", "UTC", people, begin, 1)
    policies = play.stage.deployment.book.policies
    rule = policy.Policy("any", ("oncall:sre",))
    play.changed(oncall=Roster({"sre": rota}), policies={**policies, "any": rule})


@says("refused.nobody.on_call")
def whoever_is_on_call_asks(play: Play) -> str:
    on_call(play, "bob")
    return play.writes("bob", "restart web-01")


@says("refused.nobody.off_call")
def nobody_is_on_call_as_it_is_asked(play: Play) -> str:
    on_call(play, "bob", minutes=3 * 1440)
    return play.writes("alice", "restart web-01")


@says("vote.off_call")
def nobody_is_on_call_as_somebody_votes(play: Play) -> str:
    on_call(play, "bob")
    play.stage.planned("alice", "restart web-01")
    on_call(play, "bob", minutes=3 * 1440)
    return play.clicks("bob")


def batch(play: Play) -> None:
    """Two requests on one card."""
    policies = play.stage.deployment.book.policies
    rule = dataclasses.replace(policies["any"], batch=MINUTE)
    play.changed(policies={**policies, "any": rule})
    play.writes("alice", "restart web-01")
    play.writes("alice", "restart web-02")


@says("vote.code_batch")
def a_batch_that_is_approved_without_its_code(play: Play) -> str:
    batch(play)
    return play.writes("bob", "approve 1")
