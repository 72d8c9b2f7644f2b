"""The policies that ``doctor --ram`` prints: they allow what the configuration does, and no more.

That all stories run with nothing else allowed, ``make transcripts`` shows.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapters.aliyun import rights as of_aliyun
from bot import __main__ as cli
from sandbox.aliyun import policies
from sandbox.aliyun.errors import ApiError
from tests import granted
from tests.bot.configured import SMALL

SHIPPED = Path(__file__).parents[2] / "bot.toml"
WEB, DB = "i-sandbox0web01", "i-sandbox0db01"
TAGS = {WEB: {"env": "test"}, DB: {"env": "prod"}}
LOOKS = {"ecs:DescribeInstances", "ecs:DescribeCloudAssistantStatus"}
FOLLOWS = {"ecs:DescribeInvocations", "ecs:DescribeInvocationResults"}
RUNS = {*LOOKS, *FOLLOWS, "ecs:RunCommand", "ecs:StopInvocation"}
REMOTE = {
    *("oos:ListExecutions", "oos:ListTaskExecutions", "oos:NotifyExecution"),
    *("oos:CancelExecution", "oos:StartExecution"),
}
TEMPLATE = """
FormatVersion: OOS-2019-06-01
RamRole: '{{ Role }}'
Parameters:
  Role: {Type: String, Default: OpsRole}
  api: {Type: String}
Tasks:
- Name: one
  Action: ACS::ExecuteAPI
  Properties: {Service: RDS, API: RestartDBInstance, Parameters: {DBInstanceId: rm-1}}
- Name: two
  Action: ACS::ECS::StopInstance
  Properties: {instanceId: i-sandbox0web01}
- Name: three
  Action: ACS::ExecuteAPI
  Properties: {Service: ECS, API: '{{ api }}'}
- Name: four
  Action: ACS::ExecuteAPI
  Properties: {Service: ECS, API: DescribeDisks, Parameters: {RegionId: cn-beijing}}
"""


SWEEP = """
from bot import Script, operation

@operation(risk="low", summary=("清扫", "Sweep"), does=("清扫", "sweep"), example="sweep")
def sweep() -> Script:
    return Script("echo swept")
"""
"""Nobody can name the instances of it: they are those of its table."""


def configured(tmp_path: Path, operations: str, more: str = "", template: str = TEMPLATE) -> Path:
    """A small configuration with these operations, and a template beside the shipped commands."""
    folder = tmp_path / "commands"
    shutil.copytree(SHIPPED.parent / "commands", folder)
    (folder / "fix.yml").write_text(template)
    (folder / "sweep.py").write_text(SWEEP)
    text = SMALL.replace('[command.restart]\npolicy = "p"\n', operations)
    text = text.replace('commands = ["restart"]', 'commands = ["*"]')
    file = tmp_path / "bot.toml"
    file.write_text(f'{text}{more}\n[bot]\ncommands = "commands"\n')
    return file


def command(name: str, *lines: str) -> str:
    return "\n".join((f"[command.{name}]", 'policy = "p"', *lines, ""))


def judged(document: Any, product: str, api: str, **asked: str) -> bool:
    """Does a policy allow a call, as the cloud judges it?"""
    judge = policies.Policies(lambda instance: TAGS.get(instance, {}))
    judge.document = document
    try:
        judge.check(product, api, {name.replace("_", "."): asked[name] for name in asked})
    except ApiError:
        return False
    return True


def test_the_shipped_configuration_needs_just_this() -> None:
    own = granted.documents(SHIPPED)
    assert list(own) == [granted.OWN]
    document = own[granted.OWN]
    assert granted.actions(document) == {*RUNS, "ecs:RebootInstance"}
    assert document["Version"] == "1"
    assert {each["Effect"] for each in document["Statement"]} == {"Allow"}
    places = {place for each in document["Statement"] for place in each["Resource"]}
    assert places == {"acs:ecs:cn-hangzhou:*:instance/*", "acs:ecs:cn-hangzhou:*:command/*"}


KINDS = {
    "script": (command("restart"), RUNS),
    "stored": (command("restart", 'command_id = "c-1"'), {*RUNS, "ecs:DescribeCommands"}),
    "invoked": (
        command("restart", 'command_id = "c-1"', "invoke = true"),
        {*RUNS - {"ecs:RunCommand"}, "ecs:InvokeCommand", "ecs:DescribeCommands"},
    ),
    "nothing": ("", LOOKS),
    "remote": (
        command("fix", 'engine = "oos"'),
        {*LOOKS, *REMOTE, "oos:ValidateTemplateContent", "ram:PassRole"},
    ),
    "stored template": (
        command("fix", 'engine = "oos"', 'oos_template = "fix"'),
        {*LOOKS, *REMOTE, "oos:GetTemplate", "ram:PassRole"},
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_operation_needs_its_own_actions(kind: str, tmp_path: Path) -> None:
    operations, actions = KINDS[kind]
    own = granted.documents(configured(tmp_path, operations))[granted.OWN]
    assert granted.actions(own) == actions


def test_resources_are_as_narrow_as_the_configuration_tells(tmp_path: Path) -> None:
    operations = command(
        "restart",
        *(f'allowed_targets = ["{WEB}"]', 'region = "cn-shanghai"', 'user = "deploy"'),
    ) + command("sweep", 'targets = ["tag:env=test"]')
    document = granted.documents(configured(tmp_path, operations))[granted.OWN]
    one = {"InstanceId_1": WEB, "RegionId": "cn-shanghai", "Username": "deploy"}
    assert judged(document, "ecs", "RunCommand", **one)
    assert judged(document, "ecs", "StopInvocation", **one)
    assert not judged(document, "ecs", "RunCommand", **{**one, "Username": "root"})
    assert not judged(document, "ecs", "RunCommand", **{**one, "InstanceId_2": DB})
    assert judged(document, "ecs", "RunCommand", InstanceId_1=WEB, RegionId="cn-hangzhou")
    assert not judged(document, "ecs", "RunCommand", InstanceId_1=DB, RegionId="cn-hangzhou")
    assert not judged(document, "ecs", "DescribeInstances", RegionId="cn-beijing")


def test_an_invoked_command_is_allowed_alone(tmp_path: Path) -> None:
    lines = ('command_id = "c-1"', "invoke = true")
    document = granted.documents(configured(tmp_path, command("restart", *lines)))[granted.OWN]
    assert judged(document, "ecs", "InvokeCommand", InstanceId_1=DB, CommandId="c-1")
    assert not judged(document, "ecs", "InvokeCommand", InstanceId_1=DB, CommandId="c-2")
    assert not judged(document, "ecs", "RunCommand", InstanceId_1=DB)


def test_the_role_of_a_template_gets_its_calls_and_trusts_oos_alone(tmp_path: Path) -> None:
    path = configured(tmp_path, command("fix", 'engine = "oos"'))
    documents = granted.documents(path)
    assert list(documents)[1:] == ["trust policy of the role OpsRole", "policy of the role OpsRole"]
    trust, role = list(documents.values())[1:]
    [statement] = trust["Statement"]
    assert statement["Principal"] == {"Service": ["oos.aliyuncs.com"]}
    assert granted.actions(role) == {
        *("rds:RestartDBInstance", "ecs:StopInstance", "ecs:DescribeInstances"),
        "ecs:DescribeDisks",
    }
    assert judged(role, "ecs", "DescribeDisks", RegionId="cn-beijing")
    assert not judged(role, "ecs", "DescribeDisks", RegionId="cn-hangzhou")
    [passing] = [
        each for each in documents[granted.OWN]["Statement"] if each["Action"] == ["ram:PassRole"]
    ]
    assert passing["Resource"] == ["acs:ram:*:*:role/opsrole"]
    assert passing["Condition"] == {"StringEquals": {"acs:Service": ["oos.aliyuncs.com"]}}


def test_calls_of_a_template_are_as_narrow_as_its_targets_and_regions_tell(tmp_path: Path) -> None:
    template = """
FormatVersion: OOS-2019-06-01
Parameters:
  place: {Type: String, Default: cn-shanghai}
Tasks:
- Name: stop
  Action: ACS::ExecuteAPI
  Properties:
    Service: ECS
    API: StopInstance
    Parameters: {RegionId: '{{ place }}', InstanceId: i-sandbox0web01}
"""
    operations = command("fix", f'allowed_targets = ["{WEB}"]')
    path = configured(tmp_path, operations, template=template)
    document = granted.documents(path)[granted.OWN]
    for region in ("cn-shanghai", "cn-hangzhou"):
        assert judged(document, "ecs", "StopInstance", InstanceId=WEB, RegionId=region)
        assert not judged(document, "ecs", "StopInstance", InstanceId=DB, RegionId=region)
    assert not judged(document, "ecs", "StopInstance", InstanceId=WEB, RegionId="cn-beijing")
    assert judged(document, "ecs", "DescribeInstances", RegionId="cn-hangzhou")


def test_without_a_role_the_identity_makes_the_calls_itself(tmp_path: Path) -> None:
    template = TEMPLATE.replace("RamRole: '{{ Role }}'\n", "")
    path = configured(tmp_path, command("fix", 'engine = "oos"'), template=template)
    documents = granted.documents(path)
    assert list(documents) == [granted.OWN]
    actions = granted.actions(documents[granted.OWN])
    assert "rds:RestartDBInstance" in actions
    assert "ram:PassRole" not in actions


def test_what_is_watched_and_where_events_go(tmp_path: Path) -> None:
    more = '\n[[bus]]\nname = "company"\naccount = "1234567890123456"\n'
    more += '[oos]\nwatch = true\npolicy = "p"\ngroup = "ops"\n'
    path = configured(tmp_path, command("restart"), more)
    document = granted.documents(path)[granted.OWN]
    watching = {"oos:ListExecutions", "oos:ListTaskExecutions", "oos:NotifyExecution"}
    assert granted.actions(document) == {*RUNS, *watching, "eventbridge:PutEvents"}
    places = [place for each in document["Statement"] for place in each["Resource"]]
    assert "acs:eventbridge:cn-hangzhou:1234567890123456:eventbus/company" in places


def test_an_assumed_role_has_the_rights_and_the_identity_may_only_assume_it(tmp_path: Path) -> None:
    role = "acs:ram::1234567890123456:role/Countersign"
    more = f'[aliyun.credentials]\ntype = "role"\nrole_arn = "{role}"\n'
    path = configured(tmp_path, command("restart"), more)
    first, second = granted.documents(path).items()
    assert granted.actions(first[1]) == {"sts:AssumeRole"}
    assert first[1]["Statement"][0]["Resource"] == [role.lower()]
    assert second[0] == f"policy of the role {role}"
    assert granted.actions(second[1]) == RUNS
    narrowed = json.loads(of_aliyun.least("cn-hangzhou", [WEB]))
    assert granted.actions(second[1]) <= granted.actions(narrowed)
    assert judged(narrowed, "ecs", "RunCommand", InstanceId_1=WEB)
    assert not judged(narrowed, "ecs", "RunCommand", InstanceId_1=DB)


def test_the_command_prints_a_document_and_says_what_files_do_not_tell(tmp_path: Path) -> None:
    path = configured(tmp_path, command("fix"))
    said = CliRunner().invoke(cli.main, ["doctor", "--config", str(path), "--ram"])
    assert said.exit_code == 0
    assert json.loads(said.stdout)["Version"] == "1"
    assert "# policy of the bot's identity" in said.stderr
    assert "note: fix: the task three of fix calls what is worked out in the run" in said.stderr
    said = CliRunner().invoke(cli.main, ["doctor", "--config", str(path), "--ram", "--json"])
    whole = json.loads(said.stdout)
    assert list(whole) == [granted.OWN, "notes"]
    assert len(whole["notes"]) == 1
