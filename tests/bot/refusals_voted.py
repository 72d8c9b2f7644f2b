"""When votes, buttons, and words to a run are refused, and how that is said."""

from __future__ import annotations

import dataclasses

from bot import core, model, policy
from bot.policy import identity
from tests.bot import bus_stage, run_stage
from tests.bot.refusals import Play, rule, says
from tests.bot.test_authority import change

UNKNOWN = model.Unknown("the connection broke")


def going(play: Play, text: str = "restart web-01", who: str = "bob") -> Play:
    """A request that was approved and is under way."""
    play.stage.planned("alice", text)
    play.clicks(who)
    play.stage.work()
    return play


def drifted(play: Play) -> model.Request:
    """A plan that changed after it was approved; returns the request as it was before."""
    stage = play.company(
        run_stage.TEMPLATES,
        commands=rule("fleet"),
    )
    stage.fleet = ["web-01", "web-02"]
    before = stage.planned("alice", "fleet targets=tag:env=prod")
    stage.fleet = ["web-02"]
    play.clicks("bob")
    stage.work()
    return before


def doubted(play: Play, usual: str = "any") -> Play:
    """A run of which nobody knows whether its call happened."""
    stage = play.company(commands=rule("fleet", usual=usual))
    real = stage.call
    stage.call = lambda body: UNKNOWN if body.lookup else real(body)  # type: ignore[method-assign]
    stage.apis["TouchInstance"] = lambda given: UNKNOWN
    stage.planned("alice", "fleet targets=web-01")
    for who in ("bob", "carol", "erin") if usual != "any" else ("bob",):
        play.clicks(who)
    stage.work()
    ballot = stage.request(1).ballot
    assert ballot is not None
    assert ballot.kind == "unknown"
    return play


def waiting(play: Play) -> Play:
    """A run that waits for the approval of a task."""
    return going(play, "gate")


def paused(play: Play) -> Play:
    going(play, "nap")
    play.writes("alice", "pause 1")
    return play


def too_long(play: Play) -> Play:
    """A request whose plan its card does not hold."""
    stage = play.stage
    stage.deployment = dataclasses.replace(stage.deployment, holds=lambda platform, card: False)
    stage.planned("alice", "restart web-01")
    return play


# ----------------------------------------------------------------------------- which request


@says("vote.read_first")
def a_plan_that_the_card_does_not_hold(play: Play) -> str:
    return too_long(play).clicks("bob")


@says("vote.read_coming")
def a_plan_that_is_still_on_its_way(play: Play) -> str:
    too_long(play).clicks("bob")
    return play.clicks("bob")


@says("vote.no_request")
def a_number_that_was_never_given(play: Play) -> str:
    assert "no such request" in play.clicks("bob", number=99, code="aaaabbbb")
    return play.writes("bob", "approve 99")


@says("vote.which")
def neither_a_number_nor_a_card(play: Play) -> str:
    return play.writes("bob", "approve")


@says("vote.unknown_action")
def a_button_of_another_release(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    return play.clicks("bob", "dance")


# ----------------------------------------------------------------------------- which card


@says("vote.outdated")
def a_button_of_the_plan_before(play: Play) -> str:
    before = drifted(play)
    return play.clicks("carol", code=before.code)


@says("vote.outdated_within")
def a_button_of_the_plan_in_the_middle_of_its_run(play: Play) -> str:
    before = play.stage.planned("alice", "gate")
    play.clicks("bob")
    play.stage.work()
    return play.clicks("carol", code=before.code)


@says("vote.other_card")
def a_forwarded_card(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    return play.clicks("bob", card="forwarded", place={"chat": "elsewhere"})


@says("vote.evaluation")
def a_code_from_a_platform_for_evaluation(play: Play) -> str:
    stage = play.company()
    request = stage.planned("alice", "restart web-01")
    bob = stage.deployment.book.people["bob"]
    both = dataclasses.replace(bob, accounts=(*bob.accounts, ("trial", "bob")))
    people = {**stage.deployment.book.people, "bob": both}
    tenants = {**stage.deployment.book.tenants, "trial": frozenset({"corp"})}
    trial = frozenset({"trial"})
    index = identity.index_accounts(people)
    groups = (*stage.deployment.book.groups, policy.Group("trial", "room", "trial", "en"))
    play.changed(people=people, tenants=tenants, index=index, evaluation=trial, groups=groups)
    there = model.Account("trial", "corp", "bob")
    return play.writes("bob", f"approve 1 {request.code}", account=there, platform="trial")


@says("vote.elsewhere")
def a_button_in_another_chat_that_names_no_card(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    return play.clicks("bob", card="", place={"chat": "elsewhere"})


# ----------------------------------------------------------------------------- which code


@says("vote.wrong_code")
def a_code_of_something_else(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    return play.writes("bob", "approve 1 00000000")


@says("vote.code_required", "vote.code_hint")
def no_code_where_the_policy_asks_for_it(play: Play) -> str:
    play.company(commands=rule("restart", usual="two"))
    play.stage.planned("alice", "restart web-01")
    return play.writes("bob", "approve 1")


@says("vote.code_changed")
def no_code_after_the_plan_changed(play: Play) -> str:
    drifted(play)
    return play.writes("carol", "approve 1")


@says("vote.code_within")
def no_code_in_the_middle_of_a_run(play: Play) -> str:
    return waiting(play).writes("bob", "approve 1")


@says("vote.code_elsewhere")
def no_code_from_another_chat(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    return play.writes("bob", "approve 1", chat="u-bob", direct=True)


@says("vote.code_early")
def words_from_before_the_card(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.stage.clock.advance(30)
    return play.writes("bob", "approve 1", age=40)


# ----------------------------------------------------------------------------- is there a vote


@says("vote.not_yet")
def a_vote_before_there_is_a_plan(play: Play) -> str:
    play.stage.ask("alice", "restart web-01")
    return play.clicks("bob")


@says("vote.not_pending")
def a_vote_on_what_runs(play: Play) -> str:
    return going(play).clicks("carol")


@says("vote.not_voted")
def a_vote_on_a_pause(play: Play) -> str:
    return paused(play).clicks("carol")


@says("vote.ended")
def a_vote_on_what_is_over(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.writes("alice", "cancel 1")
    return play.clicks("bob")


@says("hold.restored")
def a_vote_on_what_a_backup_brought_back(play: Play) -> str:
    return held(play, "restored")


@says("hold.revoking")
def a_vote_while_the_form_is_being_revoked(play: Play) -> str:
    return held(play, "revoking")


@says("hold.modifying")
def a_vote_while_the_form_is_being_modified(play: Play) -> str:
    return held(play, "modifying")


@says("hold.other")
def a_vote_on_what_a_later_release_held(play: Play) -> str:
    return held(play, "of-a-later-release")


def held(play: Play, why: str) -> str:
    play.stage.planned("alice", "restart web-01")
    change(play.stage, 1, hold=why)
    return play.clicks("bob")


# ----------------------------------------------------------------------------- whose vote


@says("vote.own")
def ones_own_request(play: Play) -> str:
    play.stage.planned("bob", "restart web-01")
    return play.clicks("bob")


@says("vote.own_within")
def ones_own_run(play: Play) -> str:
    return waiting(play).clicks("alice")


@says("vote.caused")
def what_came_about_because_of_oneself(play: Play) -> str:
    to = bus_stage.command("provision", bus_stage.HIRE, person="alice")
    stage = bus_stage.Stage(
        play.folder / "bus", bus_stage.rules(hire=('$.source == "hr.approval"', to))
    )
    stage.arrive(person="bob")
    while taken := stage.claim():
        for claimed in taken:
            if isinstance(claimed.effect.body, model.Deliver):
                stage.carry(claimed)
            else:
                stage.settle(claimed, stage.answer(claimed))
    request = stage.read(lambda reader: reader.recent_requests(1))[0]
    toast = stage.click("bob", request.id, "approve", request.code, request.card).toast
    stage.close()
    return toast


@says("vote.stranger")
def somebody_who_is_no_approver(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    return play.clicks("dave")


@says("vote.no_policy")
def a_policy_that_was_removed(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.changed(policies={})
    return play.clicks("bob")


@says("vote.no_ram", "say.ballot.no_ram")
def ram_users_who_are_nobody(play: Play) -> str:
    people = {
        name: dataclasses.replace(one, ram="") for name, one in run_stage.book().people.items()
    }
    play.company(people=people)
    play.stage.planned("alice", "gate")
    play.clicks("bob")
    asked = play.told()
    refused = play.clicks("carol")
    named = {who: dataclasses.replace(people[who], ram=f"ram-{who}") for who in ("bob", "carol")}
    play.changed(people={**people, **named})
    assert "counted" in play.clicks("carol"), "what the sentence says to do, helps"
    return asked + refused


@says("say.ballot.nobody")
def a_task_that_only_the_requester_may_approve(play: Play) -> str:
    gate = run_stage.GATE.replace("[ram-bob, ram-carol]", "[ram-alice, ram-bob]")
    play.company({"gate": gate}, commands=rule("gate"))
    play.stage.planned("alice", "gate")
    play.clicks("bob")
    return play.told()


@says("vote.voters_gone")
def approvers_of_a_task_who_left(play: Play) -> str:
    waiting(play)
    people = play.stage.deployment.book.people
    play.changed(people={name: people[name] for name in ("alice", "erin", "dave")})
    return play.clicks("erin")


@says("vote.again")
def a_second_vote(play: Play) -> str:
    play.company(commands=rule("restart", usual="all"))
    play.stage.planned("alice", "restart web-01")
    play.clicks("bob")
    return play.clicks("bob")


@says("vote.not_your_turn")
def a_vote_before_ones_turn(play: Play) -> str:
    play.company(commands=rule("restart", usual="turn"))
    play.stage.planned("alice", "restart web-01")
    return play.clicks("carol")


# ----------------------------------------------------------------------------- cancelling


@says("cancel.ended")
def cancelling_what_is_over(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.clicks("bob", "reject")
    return play.writes("alice", "cancel 1")


@says("cancel.approved")
def cancelling_what_is_about_to_start(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.clicks("bob")
    return play.clicks("alice", "cancel")


@says("cancel.running")
def cancelling_what_runs(play: Play) -> str:
    return going(play).writes("alice", "cancel 1")


@says("cancel.not_yours")
def cancelling_what_another_asked_for(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    return play.writes("bob", "cancel 1")


# ----------------------------------------------------------------------------- stopping


@says("stop.not_running")
def stopping_what_waits_for_votes(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    assert "is not running" in play.writes("alice", "pause 1")
    return play.writes("alice", "stop 1")


@says("stop.already")
def stopping_twice(play: Play) -> str:
    going(play).writes("alice", "stop 1")
    return play.writes("alice", "stop 1")


@says("stop.not_yours")
def stopping_as_somebody_else(play: Play) -> str:
    return going(play).writes("dave", "stop 1")


@says("stop.failed")
def an_order_to_stop_that_was_refused(play: Play) -> str:
    play.outside[model.StopRun] = model.Refused("not in this state", "InvalidStatus")
    return going(play).writes("alice", "stop 1")


@says("stop.before_start")
def stopping_before_it_began(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.clicks("bob")
    play.clicks("alice", "stop")
    return play.told()


# ----------------------------------------------------------------------------- steering


@says("steer.script")
def pausing_a_script(play: Play) -> str:
    return going(play).writes("alice", "pause 1")


@says("steer.not_here")
def pausing_what_oos_runs(play: Play) -> str:
    play.company({"nap": run_stage.NAP}, commands=rule("nap", engine="oos"))
    return going(play, "nap").writes("alice", "pause 1")


@says("steer.paused")
def pausing_twice(play: Play) -> str:
    return paused(play).writes("alice", "pause 1")


@says("steer.doubt")
def pausing_what_waits_for_a_doubt(play: Play) -> str:
    return doubted(play).writes("alice", "pause 1")


@says("steer.nothing")
def going_on_with_what_is_not_paused(play: Play) -> str:
    return going(play).writes("bob", "resume 1")


@says("steer.not_yours")
def pausing_as_somebody_else(play: Play) -> str:
    return going(play, "nap").writes("dave", "pause 1")


@says("steer.again")
def answering_twice(play: Play) -> str:
    doubted(play, "two").writes("bob", "retry 1")
    told = play.writes("bob", "retry 1")
    assert "Bob" not in told.split("others have to as well")[1].split("\n")[0]
    return told


@says("steer.not_yet")
def answering_before_ones_turn(play: Play) -> str:
    told = doubted(play, "turn").writes("erin", "retry 1")
    assert "next: Bob." in told
    return told


# ----------------------------------------------------------------------------- as it starts


@says("authority.ended")
def a_call_of_what_is_over(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.clicks("bob")
    [start] = [one for one in play.stage.claim() if isinstance(one.effect.body, model.StartRun)]
    ended = dataclasses.replace(play.stage.request(1), state=model.State.EXPIRED)
    view = model.View(1, 0, "", request=ended)
    refused = core.refusal_of_claim(
        play.stage.deployment, start.effect, view, play.stage.clock.now()
    )
    assert refused is not None
    return refused.reason


@says("authority.form")
def a_form_that_is_refused_after_all(play: Play) -> str:
    return form_reads_anew(play, model.Done(data={"status": "rejected"}))


@says("authority.form_unread")
def a_form_that_cannot_be_read_again(play: Play) -> str:
    return form_reads_anew(play, model.Refused("not allowed", "denied"))


def form_reads_anew(play: Play, outcome: model.Outcome) -> str:
    """A form asks for a command, people approve it, and the form reads like this then."""
    rule = play.stage.deployment.book.forms[0]
    play.changed(forms=(dataclasses.replace(rule, policy="any"),))
    play.form()
    play.outside[model.FetchForm] = outcome
    play.clicks("carol")
    return play.told()


@says("authority.plan")
def a_plan_that_was_changed_in_the_database(play: Play) -> str:
    request = play.stage.planned("alice", "restart web-01")
    play.clicks("bob")
    assert request.plan is not None
    change(play.stage, 1, plan=dataclasses.replace(request.plan, script="reboot"))
    return play.told()


@says("vote.approved.not_started")
def a_vote_on_a_plan_that_was_changed_in_the_database(play: Play) -> str:
    request = play.stage.planned("alice", "restart web-01")
    assert request.plan is not None
    change(play.stage, 1, plan=dataclasses.replace(request.plan, script="reboot"))
    return play.clicks("bob")


@says("authority.sealed")
def hidden_values_under_another_key(play: Play) -> str:
    play.stage.planned("alice", "gate password=hunter2")
    play.stage.deployment = dataclasses.replace(play.stage.deployment, key=b"another key")
    play.clicks("bob")
    play.told()
    for who in ("bob", "carol"):
        play.clicks(who)
    return play.told() + play.stage.request(1).note


@says("authority.command")
def a_command_that_was_removed(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.changed(commands={})
    return play.clicks("bob")


@says("authority.requester")
def a_requester_who_left(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    people = {
        name: one for name, one in play.stage.deployment.book.people.items() if name != "alice"
    }
    play.changed(people=people, index=identity.index_accounts(people))
    return play.clicks("bob")


@says("authority.right")
def a_requester_who_lost_the_right(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.changed(roles={"sre": play.stage.deployment.book.roles["sre"]})
    return play.clicks("bob")


@says("authority.votes")
def a_policy_that_asks_for_more_since(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.clicks("bob")
    play.changed(policies={"any": play.stage.deployment.book.policies["all"]})
    return play.told()


@says("authority.more")
def an_hour_that_calls_for_more_people_than_the_vote(play: Play) -> str:
    evening = policy.When("all", "evening", hours=(policy.Hours.read("17:15-09:00"),))
    play.company(when=(evening,))
    play.stage.planned("alice", "restart web-01")
    play.stage.clock.advance(20 * 60)
    play.clicks("bob")
    return play.told()


@says("authority.hidden")
def a_hidden_value_that_is_code_in_a_plan_of_an_earlier_release(play: Play) -> str:
    play.stage.planned("alice", "gate password=hunter2")
    play.stage.put_earlier_plan(1, "gate", run_stage.PASTED, {"password": "x'; id; echo '"})
    play.clicks("bob")
    return play.told()


@says("authority.too_late")
def an_approval_of_long_ago(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    play.clicks("bob")
    play.stage.clock.advance(2 * 3600)
    return play.told()


def meeting(play: Play, lock: str) -> Play:
    """Two requests for one machine, of which the first runs."""
    rules = dict(play.stage.deployment.book.commands)
    rules["restart"] = dataclasses.replace(rules["restart"], lock=lock)
    play.changed(commands=rules)
    for why in ("first", "second"):
        play.stage.planned("alice", f"restart web-01 reason={why}")
    play.clicks("bob")
    play.stage.work()
    return play


@says("lock.waits")
def a_machine_that_another_run_has(play: Play) -> str:
    return meeting(play, "queue").clicks("bob", number=2)


@says("authority.busy")
def a_machine_that_another_run_has_and_nobody_waits_for(play: Play) -> str:
    meeting(play, "refuse").clicks("bob", number=2)
    return play.told()


@says("refused.busy")
def asking_for_a_machine_that_a_run_has(play: Play) -> str:
    return meeting(play, "refuse").writes("alice", "restart web-01 reason=third")


# ----------------------------------------------------------------------------- once more


def not_started(play: Play) -> Play:
    """A request that was approved, and refused when it was to start."""
    play.stage.planned("alice", "restart web-01")
    play.clicks("bob")
    commands = play.stage.deployment.book.commands
    play.changed(commands={})
    play.told()
    play.changed(commands=commands)
    assert play.stage.request(1).state is model.State.NOT_STARTED
    return play


@says("revote.not_yours")
def putting_to_the_vote_what_one_may_not_ask_for(play: Play) -> str:
    return not_started(play).writes("dave", "revote 1")


@says("revote.already")
def putting_to_the_vote_twice(play: Play) -> str:
    not_started(play).writes("alice", "revote 1")
    return play.writes("alice", "revote 1")


@says("revote.removed")
def putting_to_the_vote_what_was_removed(play: Play) -> str:
    not_started(play).stage.tick(31 * 86400)
    play.stage.remove_texts()
    return play.writes("alice", "revote 1")


@says("revote.not_now")
def putting_to_the_vote_what_runs(play: Play) -> str:
    return going(play).writes("alice", "revote 1")


@says("revote.running")
def putting_to_the_vote_what_may_have_begun_before_the_backup(play: Play) -> str:
    going(play)
    change(play.stage, 1, hold="restored")
    return play.writes("alice", "revote 1")


@says("revote.other_values")
def putting_to_the_vote_what_a_command_no_longer_takes(play: Play) -> str:
    change(not_started(play).stage, 1, args={"host": "web-01"})
    return play.writes("alice", "revote 1")


@says("revote.not_kept")
def putting_to_the_vote_what_is_not_known_any_more(play: Play) -> str:
    play.stage.planned("alice", "gate password=hunter2")
    change(play.stage, 1, state=model.State.PLANNING, plan=None, hold="restored")
    return play.writes("alice", "revote 1")
