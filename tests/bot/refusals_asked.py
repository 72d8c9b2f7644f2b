"""When what people, forms and rules ask for is refused, and how that is said."""

from __future__ import annotations

import dataclasses
from typing import Any
from unittest import mock

from bot import model, policy, regexes
from bot.core import plan_definitions
from bot.model import fields
from bot.policy import identity
from tests.bot import stage as stage_
from tests.bot.refusals import Play, rule, says
from tests.bot.stage import CHAT, PLATFORM

HEAD = "FormatVersion: OOS-2019-06-01\n"
HIRE = "provision emp_id=E1 role=dev"


def act(rest: str) -> str:
    """A template with one task."""
    return f"{HEAD}Tasks:\n  - Name: act\n    {rest}\n"


def runs(name: str, more: str = "") -> str:
    """A template that runs another."""
    return act(f"Action: ACS::Template\n    Properties: {{TemplateName: {name}{more}}}")


CALL = act("Action: ACS::ExecuteAPI\n    Properties: {Service: ECS, API: ActNow}")


def told(play: Play, *templates: str, **fields: Any) -> str:
    """What is said when the first of these templates is asked for."""
    named = {"act" if not number else f"t{number}": text for number, text in enumerate(templates)}
    rules = {**rule("act", **fields), **rule(*list(named)[1:])}
    play.company(named, commands=rules)
    return play.writes("alice", "act")


# ----------------------------------------------------------------------------- who, and where


@says("refused.tenant")
def another_organisation(play: Play) -> str:
    return play.writes("alice", "help", tenant="other")


@says("refused.outsider")
def an_account_of_another_organisation(play: Play) -> str:
    account = model.Account(PLATFORM, "other", "u-bob", "Bob")
    play.stage.planned("alice", "restart web-01")
    assert "Outside accounts" in play.clicks("bob", account=account)
    return play.writes("bob", "help", account=account)


@says("refused.direct")
def a_direct_chat_where_there_are_none(play: Play) -> str:
    play.company(direct_chats=False)
    return play.writes("alice", "help", chat="u-alice", direct=True)


@says("refused.alone")
def an_operation_in_a_direct_chat(play: Play) -> str:
    return play.writes("alice", "restart web-01", chat="u-alice", direct=True)


@says("refused.group")
def a_group_that_is_not_registered(play: Play) -> str:
    return play.writes("alice", "help", chat="lunch")


@says("refused.unknown_account")
def somebody_whom_nobody_knows(play: Play) -> str:
    play.stage.planned("alice", "restart web-01")
    assert "do not know the account" in play.clicks("mallory")
    return play.writes("mallory", "help")


@says("refused.ambiguous_account")
def an_account_that_two_people_claim(play: Play) -> str:
    people = dict(play.stage.deployment.book.people)
    people["bob"] = dataclasses.replace(people["bob"], accounts=people["alice"].accounts)
    play.changed(people=people, index=identity.index_accounts(people))
    return play.writes("alice", "help")


@says("refused.here")
def a_command_of_another_group(play: Play) -> str:
    group = policy.Group(PLATFORM, CHAT, "ops", "en", frozenset({"provision"}))
    play.company(groups=(group,))
    return play.writes("alice", "restart web-01")


@says("refused.role", "refused.role.who")
def a_command_that_is_for_others(play: Play) -> str:
    return play.writes("dave", "restart web-01")


@says("refused.role.nobody")
def a_command_that_is_for_nobody(play: Play) -> str:
    play.company(roles={})
    return play.writes("alice", "restart web-01")


@says("refused.not_enabled")
def a_command_that_is_not_enabled(play: Play) -> str:
    play.company(commands={})
    return play.writes("alice", "restart web-01")


# ----------------------------------------------------------------------------- when, how often


@says("refused.unread")
def a_picture(play: Play) -> str:
    return play.writes("alice", "", unread="picture")


@says("refused.too_old")
def a_message_of_this_morning(play: Play) -> str:
    return play.writes("alice", "restart web-01", age=7 * 3600)


@says("refused.rate")
def more_messages_than_a_minute_has(play: Play) -> str:
    play.company(asks_per_minute=2)
    return "".join(play.writes("alice", "help") for _ in range(3))


@says("refused.open_person")
def more_requests_than_a_person_may_have(play: Play) -> str:
    play.company(most_open_per_person=1)
    play.stage.planned("alice", "restart web-01")
    return play.writes("alice", "restart web-02")


@says("refused.open_command")
def more_requests_than_a_command_may_have(play: Play) -> str:
    play.company(most_open_per_command=1)
    play.stage.planned("alice", "restart web-01")
    return play.writes("bob", "restart web-02")


# ----------------------------------------------------------------------------- what


@says("refused.forbidden")
def what_a_pattern_forbids(play: Play) -> str:
    return play.writes("alice", "restart web-01 reason='rm -rf /'")


@says("refused.required")
def what_a_pattern_requires(play: Play) -> str:
    ticket = policy.Pattern(regexes.compiled("OPS-"), frozenset({"text"}), "require", "a ticket")
    play.company(patterns=(ticket,))
    return play.writes("alice", "restart web-01")


@says("refused.unjudged_pattern")
def what_a_pattern_cannot_tell_in_time(play: Play) -> str:
    slow = regexes.compiled(r"(?=x)(x+x+)+y")
    play.company(patterns=(policy.Pattern(slow, frozenset({"text"}), "require", "a ticket"),))
    return play.writes("alice", f"restart web-01 reason={'x' * 60}")


@says("refused.value")
def a_value_that_is_not_allowed(play: Play) -> str:
    play.company(commands=rule("provision", targets=("web-01",), allowed_values={"role": ("dba",)}))
    return play.writes("alice", HIRE)


ECHO = """
from typing import Annotated
from bot import About, Script, Text, operation

@operation(summary=("回显", "Says it"), example="echo hello")
def echo(words: Annotated[Text, About("内容", "the words", "hello")]) -> Script:
    return Script("true", parameters={"WORDS": words})
"""
IDLE = """
from bot import Script, operation

@operation(summary=("空", "Does nothing"), example="idle")
def idle() -> Script:
    return Script("true")
"""


@says("refused.stored_value")
def a_value_that_a_stored_command_must_not_get(play: Play) -> str:
    fields = {"targets": ("web-01",), "command_id": "c-1"}
    play.company(program=ECHO, commands=rule("echo", **fields))
    return play.writes("alice", "echo 'a; b'")


@says("refused.command_broken")
def a_command_that_goes_wrong_for_some_values(play: Play) -> str:
    broken = ECHO.replace("return ", "if words == 'exit':\n        sys.exit(3)\n    return ", 1)
    play.company(program=f"import sys\n{broken}", commands=rule("echo", targets=("web-01",)))
    said = play.writes("alice", "echo exit")
    assert "The command echo itself went wrong (Ended); nothing was run." in said
    assert "went wrong" not in play.writes("alice", "echo hi")
    return said


@says("refused.script_too_long")
def a_script_that_is_too_long(play: Play) -> str:
    return stored(play, {"content": "{{emp_id}} {{role}}" + "x" * 30_000})


@says("refused.template_values")
def a_default_that_does_not_fit_here(play: Play) -> str:
    region = "Parameters: {where: {Default: '{{ ACS::RegionId }}', AllowedValues: [elsewhere]}}\n"
    return told(play, HEAD + region + CALL.removeprefix(HEAD))


@says("refused.nobody")
def nobody_but_oneself_to_approve(play: Play) -> str:
    play.company(policies={"any": policy.Policy("any", ("alice",))})
    return play.writes("alice", "restart web-01")


@says("refused.nobody.stages")
def one_person_for_two_stages(play: Play) -> str:
    stages = (policy.Stage(("alice", "bob"), named=("role:sre",)), policy.Stage(("bob",)))
    play.company(policies={"any": policy.Policy("any", stages=stages)})
    said = play.writes("alice", "restart web-01")
    assert "sre and Bob must bring 2 approvals of different people" in said
    return said


@says("refused.nobody.stage")
def a_stage_of_nobody_but_who_asks(play: Play) -> str:
    stages = (policy.Stage(("bob",)), policy.Stage(("alice",), named=("role:dba",)))
    play.company(policies={"any": policy.Policy("any", stages=stages)})
    return play.writes("alice", "restart web-01")


@says("refused.nobody.away")
def whoever_could_approve_is_away(play: Play) -> str:
    play.company(policies={"any": policy.Policy("any", ("bob",))})
    play.writes("bob", "away until Monday")
    return play.writes("alice", "restart web-01")


def owned(play: Play, **tags: str) -> str:
    """What is said where the owner of each target must agree."""
    play.company(policies={"any": policy.Policy("any", ("tag:owner",))}, commands=rule("restart"))
    one = {"id": "i-1", "name": "web-01", "region": "here", "status": "Running", "agent": True}
    found = model.Done(data={"instances": [{**one, "tags": tags}], "unknown": []})
    play.outside[model.ResolveTargets] = found
    return play.writes("alice", "restart web-01")


@says("refused.owner")
def an_owner_who_is_nobody_here(play: Play) -> str:
    return owned(play, owner="former")


@says("refused.owner_missing")
def a_target_without_an_owner(play: Play) -> str:
    return owned(play, team="dba")


@says("refused.owner_of_nothing")
def an_owner_of_no_target(play: Play) -> str:
    play.company(
        {"act": CALL},
        policies={"any": policy.Policy("any", ("tag:owner",))},
        commands=rule("act"),
    )
    return play.writes("alice", "act")


@says("refused.rule_person")
def a_rule_on_behalf_of_nobody(play: Play) -> str:
    ordered = model.CommandRequested(
        "order:1",
        play.stage.clock.now(),
        rule="hire",
        cause="hr 1",
        command="provision",
        values={},
        person="",
        group="ops",
        platform=PLATFORM,
    )
    play.stage.submit(ordered)
    return play.told()


# ----------------------------------------------------------------------------- on which instances

SHELL = """
FormatVersion: OOS-2019-06-01
Parameters: {targets: {Type: List, AssociationProperty: Targets}}
Tasks:
  - Name: run
    Action: ACS::ECS::RunCommand
    Properties:
      instanceId: '{{ ACS::TaskLoopItem }}'
      commandType: RunShellScript
      commandContent: hostname
    Loop: {Items: '{{ targets }}'}
"""
POWERSHELL = """from bot import Script, Targets, operation

@operation(summary=("服务", "Services"), example="services web-01")
def services(targets: Targets) -> Script:
    return Script("Get-Service", type="RunPowerShellScript")
"""


@says("refused.no_targets")
def no_instance_was_named(play: Play) -> str:
    play.company(commands=rule("provision"))
    return play.writes("alice", HIRE)


@says("refused.no_match")
def no_instance_matches(play: Play) -> str:
    play.stage.fleet = []
    return play.writes("alice", "fleet targets=tag:env=prod")


@says("refused.unknown_targets")
def an_instance_that_is_not_there(play: Play) -> str:
    return play.writes("alice", "restart web-99")


@says("refused.unknown_targets_near")
def an_instance_whose_name_is_misspelt(play: Play) -> str:
    data = {"instances": [], "unknown": ["WEB-01"], "near": ["web-01"], "ambiguous": {}}
    play.outside[model.ResolveTargets] = model.Done(data=data)
    return play.writes("alice", "restart WEB-01")


@says("refused.windows")
def a_shell_script_on_windows(play: Play) -> str:
    return found(play, system="windows")


@says("refused.windows_template")
def a_template_with_a_shell_script_on_windows(play: Play) -> str:
    play.company(templates={"shell": SHELL}, commands=rule("shell"))
    one = {**stage_.INSTANCES["web-01"], "system": "windows"}
    play.outside[model.ResolveTargets] = model.Done(
        data={"instances": [one], "each": [[one["id"]]]}
    )
    return play.writes("bob", "shell targets=web-01")


@says("refused.not_windows")
def a_script_in_powershell_elsewhere(play: Play) -> str:
    play.company(program=POWERSHELL, commands=rule("services"))
    one = {**stage_.INSTANCES["web-01"], "system": "linux"}
    play.outside[model.ResolveTargets] = model.Done(data={"instances": [one]})
    return play.writes("alice", "services web-01")


@says("refused.mixed_systems")
def instances_of_two_systems(play: Play) -> str:
    two = [
        {**one, "system": system}
        for one, system in zip(stage_.INSTANCES.values(), ("windows", "linux"), strict=False)
    ]
    play.outside[model.ResolveTargets] = model.Done(data={"instances": two})
    return play.writes("alice", "run web-01 web-02 -- hostname")


@says("refused.windows_setting")
def a_setting_of_linux_on_windows(play: Play) -> str:
    play.company(commands=rule("restart", "run", user="app"))
    one = {**stage_.INSTANCES["web-01"], "system": "windows"}
    play.outside[model.ResolveTargets] = model.Done(data={"instances": [one]})
    return play.writes("bob", "run web-01 -- hostname")


@says("refused.ambiguous_target")
def a_name_of_two_instances(play: Play) -> str:
    return found(play, ambiguous={"web-01": ["i-1", "i-2"]})


@says("refused.not_running")
def an_instance_that_is_stopped(play: Play) -> str:
    return found(play, status="Stopped")


@says("refused.no_agent")
def an_instance_without_its_agent(play: Play) -> str:
    return found(play, agent=False)


@says("refused.several_regions")
def instances_of_two_regions(play: Play) -> str:
    web = stage_.INSTANCES
    there = [web["web-01"], {**web["web-02"], "region": "there"}]
    play.outside[model.ResolveTargets] = model.Done(data={"instances": there, "unknown": []})
    return play.writes("alice", "restart web-01 web-02")


def found(play: Play, ambiguous: Any = None, **instance: Any) -> str:
    """What is said where the instance is like that."""
    one = {**stage_.INSTANCES["web-01"], **instance}
    data = {"instances": [one], "unknown": [], "ambiguous": ambiguous or {}}
    play.outside[model.ResolveTargets] = model.Done(data=data)
    return play.writes("alice", "restart web-01")


@says("refused.too_many_targets")
def more_instances_than_allowed(play: Play) -> str:
    play.company(commands=rule("restart", most_targets=1))
    return play.writes("alice", "restart web-01 web-02")


@says("refused.target")
def an_instance_that_is_not_allowed(play: Play) -> str:
    play.company(commands=rule("restart", allowed_targets=("db-*",)))
    return play.writes("alice", "restart web-01")


@says("refused.lookup")
def instances_that_could_not_be_looked_up(play: Play) -> str:
    play.outside[model.ResolveTargets] = model.Refused("not allowed", "Forbidden.RAM")
    return play.writes("alice", "restart web-01")


@says("refused.lookup.late")
def instances_of_which_nothing_was_heard(play: Play) -> str:
    play.stage.ask("alice", "restart web-01")
    play.stage.tick(121)
    return play.told()


# ----------------------------------------------------------------------------- templates


@says("refused.hidden")
def a_hidden_value_that_would_decide_what_is_done(play: Play) -> str:
    given = "Parameters: {which: {NoEcho: true, Default: ActNow}}\n"
    unseen = HEAD + given + CALL.removeprefix(HEAD).replace("ActNow", "'{{ which }}'")
    with mock.patch("bot.commands.template_set.hidden.faults", return_value=[]):
        play.company({"act": unseen}, commands=rule("act"))  # it would not be loaded otherwise
    return play.writes("alice", "act")


@says("refused.hidden.readable")
def a_hidden_value_in_a_message_that_is_refused(play: Play) -> str:
    return play.writes("dave", "gate password=hunter2")


@says("refused.plan_address")
def a_hidden_address_that_is_no_robots(play: Play) -> str:
    hook = act("Action: ACS::Notify\n    Properties: {WebHook: {URI: '{{ hook }}', Content: {}}}")
    hidden = "Parameters: {hook: {NoEcho: true, Default: 'https://set.example/off'}}\n"
    return told(play, HEAD + hidden + hook.removeprefix(HEAD))


@says("refused.plan_template")
def a_template_that_only_the_run_knows(play: Play) -> str:
    find = CALL + "    Outputs: {name: {Type: String, ValueSelector: .Name}}\n"
    then = runs("'{{ act.name }}'").split("Tasks:\n")[1].replace("Name: act", "Name: then", 1)
    return told(play, find + then)


@says("refused.plan_no_template")
def a_template_that_is_not_there(play: Play) -> str:
    by_value = HEAD + "Parameters: {which: {Default: nobody}}\n"
    return told(play, by_value + runs("'{{ which }}'").removeprefix(HEAD))


@says("refused.plan_too_deep")
def templates_within_templates_within_templates(play: Play) -> str:
    deep = [runs(f"t{number}") for number in range(1, 20)]
    return told(play, *deep, CALL)


@says("refused.plan_too_long")
def a_plan_that_nobody_could_read(play: Play) -> str:
    long = CALL.replace("API: ActNow", f"API: ActNow, Parameters: {{Note: {'x' * 60_000}}}")
    many = "".join(
        runs("t1").split("Tasks:\n")[1].replace("Name: act", f"Name: n{number}", 1)
        for number in range(10)
    )
    return told(play, HEAD + "Tasks:\n" + many, long)


# ----------------------------------------------------------------------------- kept in the cloud


def stored(play: Play, item: dict[str, Any] | None, **rule_: Any) -> str:
    """What is said where a command stored in Cloud Assistant is like that."""
    fields = {"targets": ("web-01",), "command_id": "c-1", "timeout": 0, **rule_}
    stage = play.company(commands=rule("provision", **fields))
    if item is not None:
        stage.stored["c-1"] = {"braces": True, "type": "RunShellScript", **item}
    return play.writes("alice", HIRE)


def kept(play: Play, **templates: str) -> str:
    """What is said where these templates are on OOS."""
    stage = play.company({"act": runs("part")}, commands=rule("act", engine="oos"))
    for name, text in templates.items():
        stage.stored[name] = {"content": text, "version": "v3"}
    return play.writes("alice", "act")


@says("refused.definition")
def a_stored_command_that_may_not_be_read(play: Play) -> str:
    play.outside[model.FetchDefinition] = model.Refused("not allowed", "Forbidden.RAM")
    return stored(play, None)


@says("refused.definition_missing")
def a_stored_command_that_is_not_there(play: Play) -> str:
    return stored(play, None)


@says("refused.definition_empty")
def a_stored_command_of_nothing(play: Play) -> str:
    commands = rule("idle", command_id="c-1", targets=("web-01",))
    play.company(program=IDLE, commands=commands).stored["c-1"] = {"content": " \n"}
    return play.writes("bob", "idle")


@says("refused.definition_parameters")
def a_stored_command_that_takes_other_parameters(play: Play) -> str:
    return stored(play, {"content": "echo {{emp_id}}"})


@says("refused.definition_store")
def a_stored_command_that_takes_secrets_from_elsewhere(play: Play) -> str:
    return stored(play, {"content": "{{emp_id}} {{role}} {{ oos-secret:db }}"})


@says("refused.definition_late")
def a_stored_command_of_which_nothing_was_heard(play: Play) -> str:
    play.company(commands=rule("provision", targets=("web-01",), command_id="c-1"))
    play.stage.ask("alice", HIRE)
    play.stage.tick(121)
    return play.told()


@says("refused.definition_long")
def a_template_on_oos_that_is_too_long(play: Play) -> str:
    return kept(play, part=CALL + "#" * 70_000)


@says("refused.definition_unreadable")
def a_template_on_oos_that_cannot_be_read(play: Play) -> str:
    return kept(play, part=HEAD + "Tasks: [}")


@says("refused.definition_versions")
def a_template_on_oos_in_two_versions(play: Play) -> str:
    first = runs("leaf", ", TemplateVersion: v1")
    then = runs("leaf", ", TemplateVersion: v2").split("Tasks:\n")[1].replace("act", "then", 1)
    return kept(play, part=first + then, leaf=CALL)


@says("refused.definition_many")
def a_template_on_oos_that_runs_too_many(play: Play) -> str:
    each = [
        runs(f"leaf{number}").split("Tasks:\n")[1].replace("act", f"n{number}", 1)
        for number in range(plan_definitions.MOST + 1)
    ]
    leaves = {f"leaf{number}": CALL for number in range(plan_definitions.MOST + 1)}
    return kept(play, part=HEAD + "Tasks:\n" + "".join(each), **leaves)


# ----------------------------------------------------------------------------- forms


@says("refused.form_status")
def a_form_that_was_refused(play: Play) -> str:
    return play.form(status="rejected")


@says("refused.form_fetch")
def a_form_that_could_not_be_read(play: Play) -> str:
    play.outside[model.FetchForm] = model.Refused("no such instance", "404")
    return play.form()


@says("refused.form_field")
def a_form_without_a_field(play: Play) -> str:
    return play.form(fields={"role": "devops"})


@says("refused.form_blank")
def a_form_whose_needed_field_was_left_empty(play: Play) -> str:
    return play.form(fields={"emp_id": "", "role": "devops"})


@says("refused.form_person")
def a_form_that_names_somebody_unknown(play: Play) -> str:
    named = fields.people([("u-mallory", "Mallory")]).plain()
    heard = play.form(fields={"emp_id": named, "role": "devops"})
    assert "Mallory" in heard
    return heard


@says("refused.form_row")
def a_form_with_a_table_that_has_gaps(play: Play) -> str:
    rows = fields.rows([{"id": fields.text("E1"), "n": fields.text("1")}, {"n": fields.text("2")}])
    mapped = policy.FormRule(
        PLATFORM, "hire", "provision", {"emp_id": "staff.id", "role": "role"}, "ops", "form"
    )
    play.changed(forms=(mapped,))
    return play.form(fields={"staff": rows.plain(), "role": "devops"})


@says("refused.form_waiting")
def a_form_that_is_said_to_be_agreed_to_and_is_not(play: Play) -> str:
    heard = play.form(status="running")
    for _ in range(60):
        play.stage.clock.advance(60)
        heard += play.told()
    return heard


# ----------------------------------------------------------------------------- when


@says("start.past")
def a_time_that_is_over(play: Play) -> str:
    return play.writes("alice", "restart web-01 at=2020-01-01T03:00")


@says("start.far")
def a_time_that_is_far_away(play: Play) -> str:
    return play.writes("alice", "restart web-01 at=2999-01-01T03:00")


@says("start.no_day")
def a_day_that_there_is_not(play: Play) -> str:
    return play.writes("alice", "restart web-01 at=2026-02-30T03:00")
