"""When a call of a run is not made, as it would leave the limits of its command, and how that is
said."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from typing import Any

from bot import model, policy
from bot.policy import calendar, identity
from bot.source import hours
from tests.bot import run_stage
from tests.bot import stage as stage_
from tests.bot.bounds_stage import FleetStage
from tests.bot.refusals import Play, says
from tests.bot.stage import said
from tests.bot.test_bounds import SELECT

RULES = run_stage.book().commands
UNNAMED = """FormatVersion: OOS-2019-06-01
Tasks:
  - Name: more
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: RunInstances, Parameters: {Amount: 1}}
"""


def told(
    play: Play,
    template: str,
    lost: bool = False,
    narrowed: dict[str, Any] | None = None,
    when: tuple[policy.When, ...] = (),
    **rule: Any,
) -> str:
    """All that is said of a request for a template whose command has these limits. ``lost``: what
    instances are called cannot be looked up; ``narrowed``: the limits after the vote; ``when``:
    what calls for further policies."""
    (play.folder / "fleet").mkdir()
    stage = FleetStage(play.folder / "fleet", template, **rule)
    stage.told = not lost
    book = dataclasses.replace(stage.deployment.book, when=when)
    stage.deployment = dataclasses.replace(stage.deployment, book=book)
    usual = stage.answer
    if lost:
        stage.answer = lambda claimed: (  # type: ignore[method-assign]
            model.Refused("not allowed", "Forbidden.RAM")
            if isinstance(claimed.effect.body, model.ResolveTargets)
            else usual(claimed)
        )
    stage.ask("alice", "all")
    heard = said(stage.work())
    if stage.read(lambda reader: reader.request(1)) is not None:
        stage.approve()
        if narrowed is not None:
            book = stage.deployment.book
            commands = {"all": dataclasses.replace(book.commands["all"], **narrowed)}
            changed = dataclasses.replace(book, commands=commands)
            stage.deployment = dataclasses.replace(stage.deployment, book=changed)
        heard += said(stage.work())
    stage.close()
    return "\n".join(heard)


@says("bounds.outside")
def a_machine_that_a_run_finds_and_must_not_touch(play: Play) -> str:
    return told(play, SELECT, allowed_targets=("db-*",))


@says("bounds.most")
def more_machines_than_a_run_may_touch(play: Play) -> str:
    return told(play, SELECT, most_targets=5)


@says("bounds.more")
def more_machines_than_the_votes_are_for(play: Play) -> str:
    return told(play, SELECT, when=(policy.When("all", "many", more_targets_than=5),))


@says("bounds.unknown")
def machines_of_which_nobody_knows_the_name(play: Play) -> str:
    return told(play, SELECT, lost=True, allowed_targets=("web-*",))


@says("bounds.unjudged_plan")
def a_call_that_names_no_machine(play: Play) -> str:
    return told(play, UNNAMED, allowed_targets=("web-*",))


@says("bounds.unjudged")
def a_call_that_names_no_machine_and_may_not_any_more(play: Play) -> str:
    return told(play, UNNAMED, narrowed={"unjudged_calls": "refuse"})


@says("bounds.locked")
def a_machine_that_a_run_finds_and_another_run_has(play: Play) -> str:
    rules = {name: dataclasses.replace(one, lock="queue") for name, one in RULES.items()}
    stage = play.company(commands=rules)
    for text in ("restart web-02,web-03", "fleet targets=web-01"):
        stage.planned("alice", text)
    usual = stage.call

    def call(body: model.RunCall) -> model.Outcome:
        if isinstance(body.what, model.calls.SelectTargets):
            found = [{"InstanceId": one} for one in ("i-00000002", "i-00000003")]
            return model.Done(data={"document": {"Instances": {"Instance": found}}})
        return usual(body)

    stage.call = call  # type: ignore[method-assign]
    play.clicks("bob")
    play.clicks("bob", number=2)
    return play.told()


def forbidding(play: Play, action: str, regex: str) -> str:
    """A pattern that was put into the file after the vote."""
    play.stage.planned("alice", "restart web-01")
    play.clicks("bob")
    pattern = policy.Pattern(re.compile(regex), frozenset({"script"}), action, "a freeze")  # type: ignore[arg-type]
    play.changed(patterns=(pattern,))
    return play.told()


@says("authority.forbidden")
def a_script_that_is_forbidden_since(play: Play) -> str:
    return forbidding(play, "refuse", "systemctl")


@says("authority.required")
def a_script_that_lacks_what_is_required_since(play: Play) -> str:
    return forbidding(play, "require", "set -u -x")


@says("authority.unjudged")
def a_run_on_oos_whose_command_is_held_to_some_instances_since(play: Play) -> str:
    return told(play, UNNAMED, engine="oos", narrowed={"allowed_targets": ("web-*",)})


# ----------------------------------------------------------------------------- the calendar

BEGIN = stage_.START.replace(tzinfo=None)
LATER = calendar.Times("UTC", BEGIN, BEGIN + timedelta(hours=5))


def resumed_in(play: Play, **changes: object) -> str:
    """A run that somebody paused goes on in a freeze, or outside all windows."""
    play.stage.planned("alice", "nap")
    play.clicks("bob")
    play.stage.work()
    play.writes("alice", "pause 1")
    play.changed(**changes)
    return play.writes("bob", "resume 1")


@says("authority.freeze")
def a_run_that_is_to_go_on_in_a_freeze(play: Play) -> str:
    return resumed_in(play, freezes=(calendar.Period("year-end", LATER, "the books"),))


@says("authority.window")
def a_run_that_is_to_go_on_outside_all_windows(play: Play) -> str:
    night = calendar.Times("UTC", hours=(hours.parse("02:00-03:00"),))
    return resumed_in(play, windows=(calendar.Period("night", night, "the load"),))


@says("authority.time")
def a_run_that_is_to_go_on_before_its_time_as_the_clock_was_set_back(play: Play) -> str:
    stage = play.stage
    stage.planned("alice", f"nap at={BEGIN + timedelta(minutes=10):%H:%M}")
    play.clicks("bob")
    stage.tick(600)
    stage.work()
    play.writes("alice", "pause 1")
    stage.clock.advance(-300)
    return play.writes("bob", "resume 1")


@says("authority.never")
def a_freeze_without_an_end(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    freeze = calendar.Period("the end", calendar.Times("UTC", BEGIN), "it is switched off")
    play.changed(freezes=(freeze,))
    return play.clicks("bob") + play.told()


# ----------------------------------------------------------------------------- break-glass


def broken(play: Play, **since: Any) -> Play:
    """A request whose glass dave broke, and what the file says since."""
    stage = play.stage
    usual = stage.deployment.book.policies
    lets = dataclasses.replace(usual["any"], break_glass=policy.BreakGlass(("dave",)))
    play.changed(policies={**usual, "any": lets})
    stage.planned("alice", "restart web-01")
    stage.ask("dave", "break-glass 1 the site is down for everybody")
    play.changed(**since)
    return play


@says("authority.glass.policy")
def glass_that_no_policy_lets_anybody_break_any_more(play: Play) -> str:
    return broken(play, policies=play.stage.deployment.book.policies).told()


@says("authority.glass.right")
def glass_that_somebody_broke_who_has_left(play: Play) -> str:
    people = dict(play.stage.deployment.book.people)
    del people["dave"]
    return broken(play, people=people, index=identity.index_accounts(people)).told()


@says("authority.glass.objected")
def glass_that_the_approvers_object_to_before_the_call_leaves(play: Play) -> str:
    return broken(play).writes("bob", "object 1 it could have waited")
