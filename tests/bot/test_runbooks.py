"""Templates dropped into the folder of commands are commands, or are refused before the start."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import policy, source
from bot.commands import loader, registry, template_commands
from bot.commands.line import parser
from bot.oos.parameters import arguments
from tests.commands import rig

ROOT = Path(__file__).resolve().parents[2]
PAYLOADS = ROOT / "tests" / "payloads" / "oos"
PSEUDO = {"ACS::RegionId": "cn-hangzhou"}
SMALL = """\
FormatVersion: OOS-2019-06-01
Description: {en: "Looks at one instance.\\nMore words.", zh-cn: 查看一台实例}
Parameters:
  instanceId: {Type: String}
Tasks:
  - Name: look
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: DescribeInstances
      Parameters: {InstanceIds: '["{{ instanceId }}"]'}
"""
TIMED = SMALL.replace(
    "Tasks:\n",
    "Tasks:\n  - {Name: daily, Action: ACS::TimerTrigger, Properties: "
    "{Type: cron, Expression: 0 0 8 * * ?}}\n",
)
CALLS = SMALL.replace("ACS::ExecuteAPI", "ACS::Template").replace(
    """      Service: ECS
      API: DescribeInstances
      Parameters: {InstanceIds: '["{{ instanceId }}"]'}
""",
    "      TemplateName: inner\n      Parameters: {instanceId: '{{ instanceId }}'}\n",
)


def folder(place: Path, **files: str) -> Path:
    """``a__yml`` is a.yml, ``parts__in__a__yml`` is parts/a.yml."""
    for name, text in files.items():
        path = place / name.replace("__in__", "/").replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return place


def faults(place: Path, **options: object) -> list[str]:
    with pytest.raises(source.Invalid) as raised:
        loader.load(place, **options)  # type: ignore[arg-type]
    return list(map(str, raised.value.faults))


def found(commands: registry.Catalog, name: str) -> registry.Command:
    command = commands.find(name)
    assert command is not None
    return command


# ----------------------------------------------------------------------------- what it becomes


def test_a_dropped_template_is_a_command(tmp_path: Path) -> None:
    commands = loader.load(folder(tmp_path, look__yml=SMALL))
    look = found(commands, "LOOK")
    assert (look.kind, look.risk, look.function, look.aliases) == ("operation", "high", None, ())
    assert look.summary == {"en": "Looks at one instance.", "zh-CN": "查看一台实例"}
    assert [p.name for p in look.parameters] == ["instanceId", "reason"]
    parsed = parser.parse(commands, look.example, "en")
    assert isinstance(parsed, parser.Parsed)
    text = hashlib.sha256(SMALL.encode()).hexdigest()
    assert look.templates == {"look": text}
    template = commands.template(text)
    assert template is look.template
    assert template is not None
    assert template.source == SMALL
    assert commands.template("0" * 64) is None
    with pytest.raises(TypeError, match="is a template"):
        look.call(None, parsed.values)


def test_json_templates_and_python_commands_stand_side_by_side(tmp_path: Path) -> None:
    shutil.copy(ROOT / "commands" / "help.py", tmp_path)
    text = '{"FormatVersion": "OOS-2019-06-01", "Tasks": [{"Name": "a", "Action": "ACS::Sleep", '
    text += '"Properties": {"Duration": "PT1S"}}]}'
    commands = loader.load(folder(tmp_path, nap__json=text, Look__YAML=SMALL))
    assert commands.names() == ("Look", "help", "nap")
    assert found(commands, "nap").summary == {"en": "nap", "zh-CN": "nap"}


def test_the_guides_template_loads_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    shutil.copy(PAYLOADS / "guide.yml", tmp_path / "Guide.yml")
    shutil.copy(PAYLOADS / "reboot-one.yml", tmp_path / "parts" / "ACS-ECS-RebootInstance.yml")
    commands = loader.load(tmp_path)
    guide = found(commands, "guide")
    assert set(guide.templates) == {"Guide", "ACS-ECS-RebootInstance"}
    assert guide.loops
    line = "guide web-01 web-02 webhookurl=robot:ops rateControl=50%"
    parsed = parser.parse(commands, line, "en")
    assert isinstance(parsed, parser.Parsed), parsed
    assert guide.template is not None
    assert arguments.bind(guide.template, guide.inputs(parsed.values), PSEUDO) == {
        "targets": {
            "Type": "ResourceIds",
            "ResourceIds": ["web-01", "web-02"],
            "RegionId": "cn-hangzhou",
        },
        "rateControl": {"Mode": "Concurrency", "Concurrency": "50%", "MaxErrors": 0},
        "webHookUrl": "robot:ops",
        "atMobiles": ["12345678901"],
        "atAll": "false",
        "OOSAssumeRole": "OOSServiceRole",
    }


def test_the_version_is_of_all_that_may_run(tmp_path: Path) -> None:
    place = folder(tmp_path, outer__yml=CALLS, parts__in__inner__yml=SMALL, other__yml=SMALL)
    first = loader.load(place)
    folder(tmp_path, parts__in__inner__yml=SMALL + "\n# changed\n")
    second = loader.load(place)
    assert found(first, "outer").version != found(second, "outer").version
    assert found(first, "other").version == found(second, "other").version
    assert set(found(second, "outer").templates) == {"outer", "inner"}
    assert {t.name for t in second.library.values()} == {"outer", "inner", "other"}
    assert second.find("inner") is None


def test_a_name_worked_out_in_the_run_may_be_any_that_can_run(tmp_path: Path) -> None:
    text = CALLS.replace("TemplateName: inner", "TemplateName: '{{ instanceId }}'")
    commands = loader.load(
        folder(tmp_path, any__yml=text, parts__in__a__yml=SMALL, parts__in__b__yml=TIMED)
    )
    reach = set(found(commands, "any").templates)
    assert {"any", "a"} <= reach
    assert "b" not in reach


def test_a_chinese_name_is_another_word_unless_it_is_taken(tmp_path: Path) -> None:
    named = SMALL.replace("{en:", "{name-zh-cn: 查看, en:")
    one = loader.load(folder(tmp_path, look__yml=named))
    assert found(one, "查看").name == "look"
    two = loader.load(folder(tmp_path, again__yml=named))
    assert two.find("查看") is None
    assert two.names() == ("again", "look")


def test_long_and_missing_descriptions() -> None:
    from bot.oos.template import parse as reading

    text = SMALL.replace("Looks at one instance.", "x" * 150).replace("zh-cn", "name-en")
    template = reading.parse(text, "look", "look.yml")
    command = template_commands.command(template, {"look": template}, {"look": "0"})
    assert command.summary["en"] == "x" * 99 + "…"
    assert command.summary["zh-CN"] == "x" * 99 + "…"


# ----------------------------------------------------------------------------- what is refused


def test_all_faults_are_told_together_with_their_places(tmp_path: Path) -> None:
    said = faults(
        folder(
            tmp_path,
            bad__py="x = 1",
            misspelt__yml=SMALL.replace("Action", "Acton"),
            broken__yml="FormatVersion: [",
            uses__yml=CALLS.replace("inner", "broken2"),
            parts__in__broken2__yml="a: b: c",
            runs__yml=CALLS.replace("inner", "typo"),
            parts__in__typo__yml=SMALL.replace("{{ instanceId }}", "{{ instanceID2 }}"),
            look__yml=SMALL,
            LOOK2__yml=SMALL,
            look2__json=SMALL,
            parts__in__look__yml=SMALL,
        )
    )
    text = "\n".join(said)
    for wanted in (
        "bad.py:1: declares 0 commands",
        "misspelt.yml:7:5: unknown key `Acton` of a task, did you mean `Action`?",
        "broken.yml:1:",
        "parts/broken2.yml:1:5: not valid YAML",
        "parts/typo.yml:11:",
        "did you mean `instanceId`?",
        "look2.json: there is a template `look2` already: LOOK2.yml",
        "parts/look.yml: there is a template `look` already: look.yml",
    ):
        assert wanted in text, f"{wanted}\n-- not in\n{text}"
    assert not [line for line in said if line.startswith("uses.yml")], "that only follows"


@pytest.mark.parametrize("name", ["1st", "a b", "x" * 201, "ACS::ECS::Look", "a.b"])
def test_a_name_that_nobody_can_type(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.yml").write_text(SMALL)
    [said] = faults(tmp_path)
    assert "is no word that can be typed as a command" in said
    (tmp_path / "parts").mkdir()
    (tmp_path / f"{name}.yml").rename(tmp_path / "parts" / f"{name}.yml")
    assert loader.load(tmp_path).names() == ()


def test_a_word_of_another_command_is_taken(tmp_path: Path) -> None:
    shutil.copy(ROOT / "commands" / "help.py", tmp_path)
    said = faults(folder(tmp_path, HELP__yml=SMALL))
    assert said == ["HELP.yml: 'help' is already a command of help.py"]


NOTIFY = SMALL.replace("ACS::ExecuteAPI", "ACS::{action}").replace(
    """      Service: ECS
      API: DescribeInstances
      Parameters: {InstanceIds: '["{{ instanceId }}"]'}
""",
    "      NotifyType: {how}\n",
)
SELECT = SMALL.replace("ACS::ExecuteAPI", "ACS::SelectTargets").replace(
    """      Service: ECS
      API: DescribeInstances
      Parameters: {InstanceIds: '["{{ instanceId }}"]'}
""",
    "      ResourceType: {type}\n      Filters: []\n",
)
HINDERED = [
    (TIMED, "x.yml:6:27: `ACS::TimerTrigger` runs on OOS itself only: it starts by itself"),
    (SELECT.replace("{type}", "ALIYUN::RDS::DBInstance"), "x.yml:9:21: `ACS::SelectTargets` finds"),
    (SMALL.replace("Service: ECS", "Service: nosuch"), "x.yml:9:16: the product `nosuch` is not"),
    (
        NOTIFY.replace("{action}", "Notify").replace("{how}", "Mail"),
        "x.yml:9:19: `ACS::Notify`: NotifyType `Mail`: the bot sends no mail",
    ),
    (
        NOTIFY.replace("{action}", "Approve").replace("{how}", "mail"),
        "x.yml:9:19: `ACS::Approve`: NotifyType `mail`: the bot sends no mail",
    ),
]


def known(service: str) -> bool:
    return service.lower() in ("ecs", "vpc")


@pytest.mark.parametrize(("text", "said"), HINDERED, ids=[said for _, said in HINDERED])
def test_what_cannot_run_in_a_chat_is_refused_at_load(tmp_path: Path, text: str, said: str) -> None:
    [fault] = faults(folder(tmp_path, x__yml=text), services=known)
    assert fault.startswith(said)
    assert 'engine = "oos"' in fault
    assert loader.load(tmp_path, ["X"], known).names() == ("x",)


MAILS = NOTIFY.replace("{action}", "Notify").replace("{how}", "Mail")


def test_so_is_what_a_part_of_it_cannot(tmp_path: Path) -> None:
    place = folder(tmp_path, outer__yml=CALLS, parts__in__inner__yml=MAILS)
    [fault] = faults(place)
    assert fault.startswith(
        "parts/inner.yml:9:19: `ACS::Notify`: NotifyType `Mail`: the bot sends no mail"
    )
    assert loader.load(place, ["outer"]).names() == ("outer",)
    folder(tmp_path, local__yml=CALLS)
    assert faults(place, elsewhere=["outer"]) == [fault], "the other command still runs here"
    (tmp_path / "local.yml").unlink()
    (tmp_path / "outer.yml").unlink()
    assert loader.load(place).names() == (), "nothing runs it"


def test_what_starts_by_itself_is_no_part_of_another(tmp_path: Path) -> None:
    """Neither here nor on OOS, which documents it."""
    place = folder(tmp_path, outer__yml=CALLS, parts__in__inner__yml=TIMED)
    for elsewhere in ([], ["outer"]):
        said = faults(place, elsewhere=elsewhere)
        assert "outer.yml:9:21: `inner` begins with `ACS::TimerTrigger`" in said[0]


def test_what_is_known_or_open_is_no_fault(tmp_path: Path) -> None:
    own = SMALL.replace("Service: ECS", "Service: nosuch\n      Version: '1'\n      Endpoint: x.y")
    open_ = SMALL.replace("Service: ECS", "Service: '{{ instanceId }}'")
    any_ = SELECT.replace("{type}", "'{{ instanceId }}'")
    place = folder(tmp_path, own__yml=own, open__yml=open_, any__yml=any_)
    assert loader.load(place, services=known).names() == ("any", "open", "own")


OTHERS = r"""
FormatVersion: OOS-2019-06-01
Description: {en: "What this side does not know, or cannot do."}
Parameters:
  level: {Type: String, AllowedPattern: '\p{Han}+'}
Novelty: true
Tasks:
  - Name: first
    Action: ACS::AlarmTrigger
    Properties: {MetricName: cpu, ComparisonOperator: GreaterThanThreshold, Novelty: 1}
  - Name: ask
    Action: ACS::ExecuteAPI
    Novelty: true
    Properties:
      Service: ECS
      API: PonderInstances
      Parameters: {Note: '{{ ACS::Novelty }}', Made: {'Fn::Novelty': [1]}}
    Outputs:
      now: {ValueSelector: '.x + (now | tostring)'}
  - Name: pick
    Action: ACS::ExecuteAPI
    OnError: ask
    Properties: {Service: ECS, API: DescribeInstances, Parameters: {Novelty: 1}}
  - Name: loop
    Action: ACS::Loop
    Properties: {LoopItems: [], LoopTasks: []}
"""
"""OOS may take all of it: it has more actions, properties and functions every year."""


def test_what_oos_may_take_is_no_fault_where_oos_runs_it(tmp_path: Path) -> None:
    from bot.app import adapters

    place = folder(tmp_path, x__yml=OTHERS)
    here = "\n".join(faults(place, models=adapters.ADAPTERS.cloud.models()))
    for wanted in ("Novelty", "now is not available", "jumps go forward only", "PonderInstances"):
        assert wanted in here
    assert loader.load(place, ["x"], models=adapters.ADAPTERS.cloud.models()).names() == ("x",)
    for good, bad in (
        ("'.x + (now | tostring)'", "'.['"),
        ("MetricName", "MetricNme"),
        ("Fn::Novelty", "Fn::Joins"),
        ("DescribeInstances", "DescribeInstancs"),
        ("PonderInstances", "RunCommand"),
    ):
        folder(tmp_path, x__yml=OTHERS.replace(good, bad, 1))
        assert faults(place, elsewhere=["x"], models=adapters.ADAPTERS.cloud.models()), bad


def test_a_part_that_nothing_runs_keeps_nothing_from_starting(tmp_path: Path) -> None:
    unknown = SMALL.replace("ACS::ExecuteAPI", "ACS::ECS::Nothing")
    place = folder(
        tmp_path,
        look__yml=SMALL,
        parts__in__unused__yml=unknown,
        parts__in__broken__yml="a: b: c",
        parts__in__both__yml=SMALL,
        parts__in__json__in__both__yaml=SMALL + "\n# the same\n",
    )
    loaded = loader.load(place)
    assert loaded.names() == ("look",)
    broken, unused = sorted(loaded.warnings)
    assert broken.startswith("parts/broken.yml:1:5: not valid YAML")
    assert unused.startswith("parts/unused.yml:7:13: unknown action `ACS::ECS::Nothing`")
    assert all(line.endswith("(no command runs it)") for line in loaded.warnings)
    folder(tmp_path, two__yml=CALLS.replace("inner", "unused"))
    assert faults(place) == [unused.removesuffix(" (no command runs it)")]
    folder(tmp_path, two__yml=CALLS.replace("inner", "broken"))
    assert faults(place) == [broken.removesuffix(" (no command runs it)")]


def test_a_part_that_cannot_run_is_none_of_those_that_a_computed_name_may_mean(
    tmp_path: Path,
) -> None:
    any_ = CALLS.replace("TemplateName: inner", "TemplateName: '{{ instanceId }}'")
    unknown = SMALL.replace("ACS::ExecuteAPI", "ACS::ECS::Nothing")
    place = folder(tmp_path, any__yml=any_, parts__in__bad__yml=unknown, parts__in__good__yml=SMALL)
    loaded = loader.load(place)
    assert {"any", "good"} <= set(found(loaded, "any").templates)
    assert "bad" not in found(loaded, "any").templates
    assert len(loaded.warnings) == 1


def test_oos_has_what_is_not_here(tmp_path: Path) -> None:
    text = SMALL.replace("ACS::ExecuteAPI", "ACS::ECS::NoSuchThingHere")
    [fault] = faults(folder(tmp_path, x__yml=text))
    assert "unknown action" in fault
    assert loader.load(tmp_path, ["x"]).names() == ("x",)
    misspelt = text.replace("{{ instanceId }}", "{{ instanceIdd }}")
    [fault] = faults(folder(tmp_path, x__yml=misspelt), elsewhere=["x"])
    assert "did you mean `instanceId`?" in fault


def test_whom_approvals_name(tmp_path: Path) -> None:
    text = NOTIFY.replace("{action}", "Approve").replace("{how}", "WebHook") + (
        "      Approvers: [ann@corp.onaliyun.com, '{{ instanceId }}', ben]\n"
    )
    look = found(loader.load(folder(tmp_path, look__yml=text)), "look")
    assert look.approvers == {"ann": "look.yml:6:5", "ben": "look.yml:6:5"}
    assert not look.loops


def test_help_of_a_template(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = {**rig.BOOK.commands, "reboot-with-approval": policy.CommandRule("peers", "")}
    roles = {"dev": policy.Role("dev", frozenset({"*"}))}
    monkeypatch.setattr(rig, "BOOK", replace(rig.BOOK, commands=rules, roles=roles))
    english = rig.plain(rig.ask("help reboot-with-approval"))
    for line in (
        "reboot-with-approval · Reboots instances a few at a time, once somebody in the group "
        "agrees.",
        "targets: instances: instance ids or names (i-1,i-2), tags (tag:env=prod), or the JSON of "
        "OOS",
        "rateControl: the pace: how many at a time (5, 50%), batches (batch:1,5,10), or the JSON "
        'of OOS (default {"Mode": "Concurrency", "Concurrency": "50%", "MaxErrors": 0})',
        "webHookUrl: the group's robot: text, in quotes if there are spaces in it (optional)",
        "regionId: region: text, in quotes if there are spaces in it (default {{ ACS::RegionId }})",
        "Also: 审批后重启",
        "Risk: high",
        "Approval: any one of Bob, Carol",
        "reboot-with-approval web-01",
    ):
        assert line in english.split("\n"), english
    chinese = rig.plain(rig.ask("help 审批后重启", locale="zh-CN"))
    assert "reboot-with-approval · 群里有人同意之后，分批重启实例。" in chinese
    assert "atAll: 提醒所有人：是 或 否（yes 或 no）（默认 false）" in chinese
    assert "robot:ops" not in english + chinese, "a secret's default is not shown"
    assert "reboot-with-approval" in rig.plain(rig.ask("whoami"))
    assert "reboot-with-approval: Reboots" in rig.plain(rig.ask("help"))


@pytest.mark.parametrize(
    ("args", "shown"),
    [
        ({"targets": ["web-01", "web-02"]}, "web-01 web-02"),
        ({"targets": {"Type": "ResourceIds", "ResourceIds": ["i-1"]}}, "i-1"),
        ({"targets": [{"Type": "Tags", "Tags": [{"Key": "a", "Value": "b"}]}]}, "tag:a=b"),
        ({"targets": {"Type": "All"}}, "All"),
        ({}, ""),
    ],
)
def test_a_request_in_a_few_words(args: dict[str, Any], shown: str) -> None:
    request = rig.request(42, command="reboot-with-approval", args=args, plan=None)
    text = rig.plain(rig.ask("status 42", request=request))
    assert text.split("\n")[0] == f"#42 reboot-with-approval {shown}".strip()


def test_a_line_that_names_a_template_is_refused_in_words(tmp_path: Path) -> None:
    commands = loader.load(folder(tmp_path, BulkyLook__yml=SMALL))
    refusal = parser.parse(commands, "bulkylok x", "en")
    assert isinstance(refusal, policy.Refusal)
    assert refusal.facts["suggestions"] == ("bulkylook",)
