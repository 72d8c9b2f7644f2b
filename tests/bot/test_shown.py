"""What approvers read is what runs: hidden values are data, templates are shown whole."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from bot import model, policy, regexes, source, store
from bot.commands import loader
from bot.model import State
from tests.bot import run_stage
from tests.bot.run_stage import RunStage
from tests.bot.stage import said as messages
from tests.bot.stage import words

HEAD = "FormatVersion: OOS-2019-06-01\n"
Make = Callable[..., RunStage]


def folder(at: Path, templates: Mapping[str, str], parts: Mapping[str, str] = {}) -> Path:
    """A folder with these commands; ``parts`` are templates that are none."""
    commands = at / "commands"
    (commands / "parts").mkdir(parents=True)
    for name, text in templates.items():
        (commands / f"{name}.yml").write_text(HEAD + text)
    for name, text in parts.items():
        (commands / "parts" / f"{name}.yml").write_text(HEAD + text)
    return commands


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    stages: list[RunStage] = []

    def made(template: str, parts: Mapping[str, str] = {}, **book: object) -> RunStage:
        folder(tmp_path, {"act": template}, parts)
        fields = {"commands": {"act": policy.CommandRule("any", "high")}, **book}
        stages.append(RunStage(tmp_path, run_stage.book(**fields)))
        return stages[-1]

    yield made
    for stage in stages:
        stage.close()


def card_of(effects: list[model.Effect]) -> str:
    """What the approvers were sent."""
    shown = [each.card for each in effects if isinstance(each, model.ShowCard)]
    return words(shown[-1])


def said(effects: list[model.Effect]) -> str:
    return "\n".join(messages(effects))


def asked(stage: RunStage, text: str) -> str:
    """The card of what is asked for."""
    stage.ask("alice", text)
    effects = stage.work()
    found = stage.read(lambda reader: reader.recent_requests(1))
    assert found, said(effects)
    assert found[0].state is State.PENDING, found[0].note
    return card_of(effects)


# ----------------------------------------------------------------------------- hidden values

SECRET = "x' ; echo owned by $(id -un) >F; echo 'y"


def script(content: str, given: str = "") -> str:
    """A template that runs a script with the hidden parameter ``password``."""
    return (
        "Parameters:\n  password: {Type: String, NoEcho: true}\n"
        "  user: {Type: String, Default: svc}\n"
        "Tasks:\n  - Name: act\n    Action: ACS::ExecuteAPI\n    Properties:\n"
        "      Service: ECS\n      API: RunCommand\n      Parameters:\n"
        f"        CommandContent: {content}\n        Type: RunShellScript\n{given}"
    )


QUOTED = """{'Fn::Join': ['', ["value='", {'Fn::Base64Encode': '{{ password }}'},
          "'\\nchpasswd {{ user }} \\"$(printf %s \\"$value\\" | base64 -d)\\"\\n"]]}"""


def task(properties: str, more: str = "", parameters: str = "") -> str:
    return (
        f"Parameters:\n  password: {{Type: String, NoEcho: true, Default: a1b2}}\n{parameters}"
        f"Tasks:\n  - Name: act\n    Action: ACS::ExecuteAPI\n    Properties: {properties}\n{more}"
    )


def api(parameters: str, more: str = "") -> str:
    return task(f"{{Service: ECS, API: ActNow, Parameters: {parameters}{more}}}")


REFUSED = {
    "pasted into a script": script("'chpasswd {{ user }}:{{ password }}'"),
    "a script as a whole": script("'{{ password }}'"),
    "Base64 as a whole": script("{'Fn::Base64Encode': 'set {{ password }}'}"),
    "Base64 without quotes": script(
        "{'Fn::Join': ['', ['value=', {'Fn::Base64Encode': '{{ password }}'}, ' true']]}"
    ),
    "Base64 that is piped": script(
        "{'Fn::Join': ['', ['echo ', {'Fn::Base64Encode': '{{ password }}'}, '|base64 -d|sh']]}"
    ),
    "joined": script("{'Fn::Join': [' ', [chpasswd, '{{ password }}']]}"),
    "substituted": script("{'Fn::Sub': ['chpasswd ${p}', {p: '{{ password }}'}]}"),
    "replaced": script("{'Fn::Replace': [{PW: '{{ password }}'}, 'chpasswd PW']}"),
    "quoted in a script": script("""'value="{{ password }}"'"""),
    "worked out by jq": script("{'Fn::Jq': [First, '.a', '{\"a\": \"{{ password }}\"}']}"),
    "a parameter that Cloud Assistant pastes": script(
        "'chpasswd {{user}}'", "        Parameters: {password: '{{ password }}'}\n"
    ),
    "a target": api("{InstanceId: '{{ password }}'}"),
    "any other parameter": api("{Description: '{{ password }}'}"),
    "all parameters": api("'{{ password }}'"),
    "the name of a parameter": api("{'{{ password }}': x}"),
    "the name of the password": api("{WindowsPasswordName: '{{ password }}'}"),
    "a token of the call": api("{ClientToken: '{{ password }}'}"),
    "user data": api("{UserData: {'Fn::Base64Encode': 'x {{ password }}'}}"),
    "the API": task("{Service: ECS, API: '{{ password }}'}"),
    "the region": api("{}", ", RegionId: '{{ password }}'"),
    "the address": api("{}", ", Endpoint: '{{ password }}'"),
    "the path": api("{}", ", URI: '/x/{{ password }}'"),
    "a header": api("{}", ", Headers: {x-acs-action: '{{ password }}'}"),
    "a condition": api("{}").replace(
        "    Properties", "    When: {'Fn::Equals': [x, '{{ password }}']}\n    Properties"
    ),
    "a named condition": "Conditions: {c: {'Fn::Equals': [x, '{{ password }}']}}\n" + api("{}"),
    "a loop": api("{}") + "    Loop: {Items: ['{{ password }}']}\n",
    "a selector": api("{}")
    + "    Outputs: {o: {Type: String, ValueSelector: '.[\"{{ password }}\"]'}}\n",
    "another parameter's default": task(
        "{Service: ECS, API: ActNow, Parameters: {Name: '{{ copy }}'}}",
        parameters="  copy: {Type: String, Default: 'x{{ password }}'}\n",
    ),
    "an output": api("{}") + "Outputs: {o: {Type: String, Value: 'x{{ password }}'}}\n",
    "a shipped action": (
        "Parameters:\n  password: {NoEcho: true}\nTasks:\n  - Name: act\n"
        "    Action: ACS::ECS::RunCommand\n    Properties:\n      instanceId: i-00000001\n"
        "      commandType: RunShellScript\n      commandContent: 'chpasswd {{ password }}'\n"
    ),
    "a shipped action's parameters": (
        "Parameters:\n  password: {NoEcho: true}\nTasks:\n  - Name: act\n"
        "    Action: ACS::ECS::RunCommand\n    Properties:\n      instanceId: i-00000001\n"
        "      commandType: RunShellScript\n      commandContent: 'chpasswd {{x}}'\n"
        "      enableParameter: true\n      parameters: {x: '{{ password }}'}\n"
    ),
    "which template runs": (
        "Parameters:\n  password: {NoEcho: true, Default: x}\nTasks:\n  - Name: act\n"
        "    Action: ACS::Template\n    Properties: {TemplateName: '{{ password }}'}\n"
    ),
    "a message": (
        "Parameters:\n  password: {NoEcho: true, Default: x}\nTasks:\n  - Name: act\n"
        "    Action: ACS::Notify\n    Properties: {WebHook: {URI: 'robot:ops', Content: "
        "{msgtype: text, text: {content: 'it is {{ password }}'}}}}\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", REFUSED)
@pytest.mark.parametrize("engine", ["local", "oos"])
def test_a_hidden_value_that_would_decide_what_is_done_is_refused_when_loaded(
    tmp_path: Path, how: str, engine: str
) -> None:
    with pytest.raises(source.Invalid) as caught:
        loader.load(folder(tmp_path, {"act": REFUSED[how]}), ["act"] if engine == "oos" else [])
    assert re.search(r"(?m)^act\.yml:\d+:\d+: .*password.*NoEcho", str(caught.value))


INNER = """
Parameters:
  word: {Type: String}
  sure: {Type: String, Default: 'no'}
Tasks:
  - Name: set
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: RunCommand
      Parameters: {CommandContent: 'chpasswd {{ word }}', Type: RunShellScript}
"""
OUTER = """
Parameters:
  password: {NoEcho: true}
Tasks:
  - Name: go
    Action: ACS::Template
    Properties: {TemplateName: inner, Parameters: {word: 'x{{ password }}'}}
"""


@pytest.mark.parametrize("name", ["inner", "'{{ which }}'", "middle"])
def test_a_hidden_value_is_followed_into_templates(tmp_path: Path, name: str) -> None:
    outer = OUTER.replace("inner", name).replace("{NoEcho: true}", "{NoEcho: true}\n  which: {}")
    middle = OUTER.replace("password: {NoEcho: true}", "word: {}").replace("password", "word")
    with pytest.raises(source.Invalid, match=r"act\.yml:\d+:\d+: .*password"):
        loader.load(folder(tmp_path, {"act": outer}, {"inner": INNER, "middle": middle}))


def test_an_output_that_carries_a_hidden_value_onward_is_refused(tmp_path: Path) -> None:
    inner = INNER.split("Tasks")[0] + (
        "Tasks: [{Name: nap, Action: ACS::Sleep, Properties: {Duration: PT1S}}]\n"
        "Outputs: {said: {Type: String, Value: '{{ word }}'}}\n"
    )
    outer = OUTER + (
        "    Outputs: {said: {Type: String, ValueSelector: .said}}\n"
        "  - Name: act\n    Action: ACS::ExecuteAPI\n    Properties:\n      Service: ECS\n"
        "      API: RunCommand\n      Parameters: {CommandContent: 'x {{ go.said }}'}\n"
    )
    with pytest.raises(source.Invalid, match=r"act\.yml:\d+:\d+: .*go\.said"):
        loader.load(folder(tmp_path, {"act": outer}, {"inner": inner}))


@pytest.mark.parametrize("through", ["", "shipped", "inner"])
def test_a_hidden_value_arrives_in_a_script_as_a_quoted_assignment(
    make: Make, through: str
) -> None:
    parts = {"inner": INNER.replace("'chpasswd {{ word }}'", "'{{ word }}'")}
    template = script(QUOTED)
    if through:
        action = "ACS::ECS::RunCommand" if through == "shipped" else "ACS::Template"
        given = "{instanceId: i-00000001, commandType: RunShellScript, commandContent: "
        given = given if through == "shipped" else "{TemplateName: inner, Parameters: {word: "
        template = (
            script("x").split("Tasks:")[0] + f"Tasks:\n  - Name: act\n    Action: {action}\n"
            f"    Properties: {given}{QUOTED}" + ("}" if through == "shipped" else "}}") + "\n"
        )
    stage = make(template, parts)
    stage.apis["RunCommand"] = lambda given: {"InvokeId": "t-1"}
    seen = asked(stage, f'act password="{SECRET}"')
    assert "owned by" not in seen
    assert "chpasswd svc" in seen
    stage.approve()
    stage.work()
    content = stage.made("RunCommand")[0]["CommandContent"]
    content = content if "value=" in content else base64.b64decode(content).decode()
    assert content.startswith(f"value='{base64.b64encode(SECRET.encode()).decode()}'\nchpasswd svc")


SLOTS = {
    "a password": api("{Password: '{{ password }}'}"),
    "a secret within": api("{Login: [{Name: x, AccessToken: '{{ password }}'}]}"),
    "a password made of it": api("{LoginPassword: 'x{{ password }}'}"),
    "a chosen password": api("{Password: {'Fn::If': [true, '{{ password }}', '']}}"),
}


@pytest.mark.parametrize("how", SLOTS)
def test_a_hidden_value_is_taken_where_it_is_only_kept_and_the_card_says_so(
    make: Make, how: str
) -> None:
    stage = make(SLOTS[how])
    seen = asked(stage, "act password=s3cr3t-w0rd")
    assert "s3cr3t" not in seen
    assert "••••••(password)" in seen
    assert re.search(r"password .*9–16 characters.*Alice", seen), seen
    assert re.search(r"act: Parameters\.\S*(Password|AccessToken)", seen), seen


def test_the_card_says_that_a_hidden_value_is_the_templates_own(make: Make) -> None:
    seen = asked(make(api("{Password: '{{ password }}'}")), "act")
    assert "a1b2" not in seen
    assert re.search(r"password .*1–8 characters.*default", seen), seen


def test_patterns_see_hidden_values_and_their_refusal_tells_nothing_of_them(make: Make) -> None:
    weak = policy.Pattern(regexes.compiled("cr[0-9]t"), frozenset({"value"}), "refuse", "too weak")
    stage = make(api("{Password: '{{ password }}'}"), patterns=(weak,))
    stage.ask("alice", "act password=s3cr3t-w0rd")
    effects = stage.work()
    assert not stage.read(lambda reader: reader.recent_requests(1))
    assert "too weak" in said(effects)
    assert "cr3t" not in said(effects)


def test_patterns_see_the_script_as_it_will_run(make: Make) -> None:
    forbids = policy.Pattern(
        regexes.compiled(r"rm -rf /"), frozenset({"script"}), "refuse", "all gone"
    )
    inner = INNER.replace(
        "'chpasswd {{ word }}'", "{'Fn::Join': ['', ['rm ', '-r', '{{ word }}']]}"
    )
    outer = OUTER.replace("password: {NoEcho: true}", "how: {}").replace("x{{ password", "{{ how")
    stage = make(outer, {"inner": inner}, patterns=(forbids,))
    asked(stage, 'act how="x"')
    stage.ask("alice", 'act how="f /srv"')
    effects = stage.work()
    assert "all gone" in said(effects)
    assert "f /srv" not in said(effects)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("robot:ops", "robot:ops"),
        ("https://chat.example/robot/send?access_token=s3cr3t", "https://chat.example/robot/send?"),
        ("https://ci.example/job/deploy/build", None),
    ],
)
def test_a_hidden_address_leads_to_a_chats_robot_or_nowhere(
    make: Make, typed: str, shown: str | None
) -> None:
    stage = make(
        "Parameters:\n  hook: {NoEcho: true}\nTasks:\n  - Name: tell\n    Action: ACS::Notify\n"
        "    Properties: {WebHook: {URI: '{{ hook }}', Content: {msgtype: text}}}\n"
    )
    if shown is not None:
        seen = asked(stage, f"act hook={typed}")
        assert f"URI: {shown}" in seen
        assert "s3cr3t" not in seen
        return
    stage.ask("alice", f"act hook={typed}")
    effects = stage.work()
    assert not stage.read(lambda reader: reader.recent_requests(1))
    assert "tell" in said(effects)


# ----------------------------------------------------------------------------- nothing masked


@pytest.mark.parametrize(
    "command", ["rm -r -- /srv/hook/abcdefgh", "curl https://h/x?access_token=abcdefgh"]
)
def test_what_executes_is_shown_as_it_is_whatever_it_looks_like(make: Make, command: str) -> None:
    stage = make(
        "Parameters:\n  what: {}\nTasks:\n  - Name: act\n    Action: ACS::ExecuteAPI\n"
        "    Properties: {Service: ECS, API: RunCommand, Parameters: "
        "{CommandContent: '{{ what }}'}}\n"
    )
    seen = asked(stage, f'act what="{command}"')
    assert "••" not in seen
    assert seen.count(command) >= 3, "in what was asked, in the value and in the script"


def test_a_value_that_is_also_somebodys_secret_is_shown_where_it_executes(make: Make) -> None:
    """Covering it there would say which values are the secret, and hide what is done."""
    template = api("{Password: '{{ password }}', InstanceId: '{{ target }}'}").replace(
        "Tasks:", "  target: {}\nTasks:"
    )
    stage = make(template)
    seen = asked(stage, "act password=i-00000002 target=i-00000002")
    assert "InstanceId: i-00000002" in seen
    assert "Password: ••••••(password)" in seen
    stage.apis["ActNow"] = lambda given: model.Unknown("the connection broke")
    stage.approve()
    asks = words([e for e in stage.work() if isinstance(e, model.Say)][-1].message)
    assert "InstanceId: i-00000002" in asks
    assert "Password: ••••••" in asks


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("Number", "42"),
        ("Boolean", "false"),
        ("List", "a,b"),
        ("Json", '{"user": "root"}'),
        ("String", "ab"),
        ("String", '"{{ ACS::RegionId }}"'),
    ],
)
def test_a_hidden_value_of_any_type_and_length_is_hidden(make: Make, kind: str, typed: str) -> None:
    template = api("{Password: '{{ password }}'}").replace(
        "{Type: String, NoEcho: true, Default: a1b2}", f"{{Type: {kind}, NoEcho: true}}"
    )
    stage = make(template)
    stage.ask("alice", f"act password={typed}")
    effects = stage.work()
    request = stage.request(1)
    assert request.state is State.PENDING
    assert "Password: ••••••(password)" in card_of(effects)
    assert request.args["password"] == "••••••"
    assert typed.strip('"') not in request.text


# ----------------------------------------------------------------------------- templates within


def nested(depth: int) -> dict[str, str]:
    """Templates p1 … p<depth>, each of which runs the next with its value."""
    deepest = api("{InstanceId: 'i-{{ x }}'}").replace("ActNow", "DeleteInstance")
    found = {f"p{depth}": re.sub(r"  password: .*", "  x: {}", deepest)}
    for at in range(1, depth):
        found[f"p{at}"] = (
            "Parameters:\n  x: {}\nTasks:\n  - Name: go\n    Action: ACS::Template\n"
            f"    Properties: {{TemplateName: p{at + 1}, Parameters: {{x: '{{{{ x }}}}{at}'}}}}\n"
        )
    return found


CALLER = """
Parameters:
  which: {Type: String, Default: p1}
Tasks:
  - Name: begin
    Action: ACS::Template
    Properties: {TemplateName: p1, Parameters: {x: '0'}}
"""


@pytest.mark.parametrize("depth", [1, 4, 6, 10])
@pytest.mark.parametrize("name", ["p1", "'{{ which }}'"])
def test_what_a_template_does_at_any_depth_is_shown_with_its_values(
    make: Make, depth: int, name: str
) -> None:
    stage = make(CALLER.replace("TemplateName: p1", f"TemplateName: {name}"), nested(depth))
    seen = asked(stage, "act")
    stage.approve()
    stage.work()
    (call,) = stage.made("DeleteInstance")
    assert f"InstanceId: {call['InstanceId']}" in seen


def test_what_is_nested_too_deep_to_run_is_not_put_to_the_vote(make: Make) -> None:
    stage = make(CALLER, nested(11))
    stage.ask("alice", "act")
    assert "deeper than 10" in said(stage.work())
    assert not stage.read(lambda reader: reader.recent_requests(1))


def test_a_template_that_only_the_run_could_name_is_not_put_to_the_vote(make: Make) -> None:
    caller = CALLER.replace("TemplateName: p1", "TemplateName: '{{ ACS::TaskLoopItem }}'")
    stage = make(caller + "    Loop: {Items: [p1, p2]}\n", nested(2))
    stage.ask("alice", "act")
    assert "begin" in said(stage.work())
    assert not stage.read(lambda reader: reader.recent_requests(1))


def test_a_product_action_tells_its_calls_and_what_it_gives_them(make: Make) -> None:
    stage = make(
        "Tasks:\n  - Name: act\n    Action: ACS::ECS::RunCommand\n    Properties:\n"
        "      instanceId: i-00000001\n      commandType: RunShellScript\n"
        "      commandContent: id\n"
    )
    seen = asked(stage, "act")
    assert "ECS RunCommand" in seen
    assert '"Timeout":600' in seen


def test_what_oos_carries_out_itself_is_marked(make: Make) -> None:
    stage = make(
        "Tasks:\n  - Name: act\n    Action: ACS::RDS::RestartDBInstance\n"
        "    Properties: {dbInstanceId: rm-1}\n",
        commands={"act": policy.CommandRule("any", "high", engine="oos")},
    )
    assert "⚠ OOS carries it out" in asked(stage, "act")


def test_a_product_action_of_ones_own_is_shown_whole(make: Make) -> None:
    own = api("{InstanceId: '{{ instanceId }}'}").replace("ActNow", "DeleteInstance")
    own = re.sub(r"  password: .*", "  instanceId: {}", own)
    stage = make(
        "Tasks:\n  - Name: act\n    Action: ACS::ECS::RebootInstance\n"
        "    Properties: {instanceId: i-00000001}\n",
        {"ACS-ECS-RebootInstance": own},
    )
    seen = asked(stage, "act")
    assert "API: DeleteInstance" in seen
    assert seen.count("i-00000001") == 2


def test_conditions_loops_and_selectors_are_shown(make: Make) -> None:
    stage = make(
        "Parameters:\n  hosts: {Type: List}\n"
        "Conditions: {many: {'Fn::Equals': [a, '{{ hosts }}']}}\n"
        "Tasks:\n  - Name: act\n    Action: ACS::ExecuteAPI\n    When: many\n"
        "    Properties: {Service: ECS, API: ActNow, Parameters: "
        "{Host: '{{ ACS::TaskLoopItem }}'}}\n"
        "    Outputs: {ids: {Type: List, ValueSelector: '.Gone[].InstanceId'}}\n"
        "    Loop: {Items: '{{ hosts }}', RateControl: "
        "{Batch: [1, 5], BatchPauseOption: EveryBatchPause}}\n"
    )
    seen = asked(stage, "act hosts=alpha,beta")
    for part in ("alpha", "beta", "many", ".Gone[].InstanceId", "EveryBatchPause", "[1,5]"):
        assert part in seen


def test_a_list_in_a_script_is_shown_with_the_separators_that_it_runs_with(make: Make) -> None:
    stage = make(
        "Parameters:\n  more: {Type: List}\nTasks:\n  - Name: act\n    Action: ACS::ExecuteAPI\n"
        "    Properties: {Service: ECS, API: RunCommand, Parameters: "
        "{CommandContent: 'for i in {{ more }}'}}\n"
    )
    seen = asked(stage, 'act more=["a;id","$(id)"]')
    assert 'for i in ["a;id", "$(id)"]' in seen
    assert "{{ more }} is pasted" in seen


# ----------------------------------------------------------------------------- asked in the middle


def elsewhere(make: Make, template: str, text: str) -> RunStage:
    """A run on OOS that has begun."""
    rule = policy.CommandRule("any", "high", engine="oos")
    stage = make(template, commands={"act": rule})
    asked(stage, text)
    stage.approve()
    stage.work()
    return stage


def waiting(stage: RunStage, waits: model.Waiting) -> list[model.Effect]:
    step = stage.read(lambda reader: reader.steps(1))[0]
    execution = model.Execution(step.invocation, "Waiting", model.RunStatus(()), waiting=waits)
    stage.submit(model.ExecutionPolled("seen:1", stage.clock.now(), 1, execution))
    return stage.work()


def test_what_is_asked_about_in_the_middle_is_shown_whole(make: Make) -> None:
    lines = "\n".join(f"echo line {number} of many" for number in range(300))
    stage = elsewhere(make, api("{Password: '{{ password }}'}"), "act")
    effects = waiting(stage, model.Waiting("confirm", "act", shown=lines, id="t-1"))
    assert lines in said(effects)
    assert lines in words([e.card for e in effects if isinstance(e, model.UpdateCard)][-1])


def test_a_secret_hides_nothing_of_a_risky_call_but_itself(make: Make) -> None:
    stage = elsewhere(make, api("{Password: '{{ password }}'}"), "act password=i-00000002")
    shown = "ECS.ActNow\nPassword: ••••••\nInstanceId: i-00000002"
    seen = said(waiting(stage, model.Waiting("confirm", "act", shown=shown, id="t-1")))
    assert "InstanceId: i-00000002" in seen
    assert "OOS console" in seen, "how to read what is covered"


def test_a_doubt_tells_all_that_the_call_was_given(make: Make) -> None:
    stage = make(
        "Parameters:\n  what: {}\nTasks:\n  - Name: act\n    Action: ACS::ExecuteAPI\n"
        "    Properties: {Service: ECS, API: ActNow, Parameters: {What: '{{ what }}'}}\n"
    )
    stage.apis["ActNow"] = lambda given: model.Unknown("the connection broke")
    asked(stage, f"act what={'x' * 900}end")
    stage.approve()
    assert f"What: {'x' * 900}end" in said(stage.work())


# ----------------------------------------------------------------------------- who typed it


def test_who_types_a_hidden_value_is_told_that_the_message_stays_readable(make: Make) -> None:
    stage = make(api("{Password: '{{ password }}'}"))
    stage.ask("alice", "act")
    assert "still read it" not in said(stage.work())
    stage.ask("alice", "act password=s3cr3t-w0rd")
    effects = stage.work()
    assert "everybody here can still read it" in said(effects)
    assert "s3cr3t" not in said(effects)


@pytest.mark.parametrize("text", ["act password=s3cr3t-w0rd speed=3", "actt password=s3cr3t-w0rd"])
def test_also_when_what_was_asked_for_is_refused(make: Make, text: str) -> None:
    stage = make(api("{Password: '{{ password }}'}"))
    stage.ask("alice", text)
    seen = said(stage.work())
    assert "everybody here can still read it" in seen
    assert "s3cr3t" not in seen


def by_hand(stage: RunStage, message: str, by: str = "") -> None:
    event = model.MessageRecalled(
        f"recalled:{stage.number()}", stage.clock.now(), "chat", "corp", message, by
    )
    stage.submit(event)


def test_the_bot_recalls_the_message_and_that_voids_nothing(make: Make) -> None:
    stage = make(api("{Password: '{{ password }}'}"))
    event = stage.ask("alice", "act password=s3cr3t-w0rd")
    message = event.place.message
    seen: list[model.Effect] = []
    while taken := stage.claim():
        for claimed in taken:
            seen.append(claimed.effect.body)
            if isinstance(claimed.effect.body, model.Recall):
                assert claimed.effect.body.place.message == message
                assert stage.request(1).card, "the thread can go on under the card"
                by_hand(stage, message, "moderator")  # the platform tells of what the bot does
            stage.settle(claimed, stage.answer(claimed))
    assert "I recalled the message" in said(seen)
    assert stage.request(1).state is State.PENDING
    stage.approve()
    told = [each for each in stage.work() if isinstance(each, model.Say)]
    assert stage.request(1).state is State.SUCCEEDED
    assert {each.place.message for each in told} == {stage.request(1).card}


def test_who_asked_takes_the_request_back_with_the_message_all_the_same(make: Make) -> None:
    stage = make(api("{Password: '{{ password }}'}"))
    event = stage.ask("alice", "act password=s3cr3t-w0rd")
    stage.work()
    by_hand(stage, event.place.message, "author")
    assert stage.request(1).state is State.CANCELLED


def test_where_the_bot_may_not_recall_it_the_request_goes_on_where_it_was(make: Make) -> None:
    stage = make(api("{Password: '{{ password }}'}"))
    event = stage.ask("alice", "act password=s3cr3t-w0rd")
    usual = stage.answer

    def answer(claimed: store.Claimed) -> model.Outcome:
        refuses = isinstance(claimed.effect.body, model.Recall)
        return model.Refused("no permission", "230026") if refuses else usual(claimed)

    stage.answer = answer  # type: ignore[method-assign]
    assert "I recalled" not in said(stage.work())
    stage.approve()
    told = [each for each in stage.work() if isinstance(each, model.Say)]
    assert {each.place.message for each in told} == {event.place.message}
