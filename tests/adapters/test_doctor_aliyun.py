"""The doctor against the stand-in of Alibaba Cloud: each fault is named with its mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from adapters.aliyun import advice as of_aliyun
from adapters.aliyun import checks as of_doctor
from adapters.aliyun import describe
from adapters.oos import advice as of_oos
from adapters.openapi import advice as of_openapi
from bot.app import adapters
from bot.model import manifests
from bot.model.rights import Api, Operation
from sandbox import process, standins
from tests import granted
from tests.adapters import test_doctor
from tests.adapters.test_doctor import Trouble, fault
from tests.bot import doctor_stage

company = test_doctor.company
TABLE = "[command.reboot-with-approval]"
ON_OOS = {TABLE: f'{TABLE}\nengine = "oos"\nunjudged_calls = "allow"'}
STORED = {TABLE: f'{ON_OOS[TABLE]}\noos_template = "reboot-with-approval"'}
COMMANDS = Path(process.ROOT) / "commands"
PART: tuple[str, str, Mapping[str, str]] = (
    *("aliyun", "add_template"),
    {"name": "reboot-one", "content": (COMMANDS / "parts" / "reboot-one.yml").read_text("utf-8")},
)
"""The part that the template runs is stored, as OOS wants it."""
RESTART = "[command.restart]"


def denied(action: str) -> tuple[str, str, Mapping[str, object]]:
    return fault(
        *("aliyun", action, "error"),
        code="Forbidden.RAM",
        status=403,
        message="User not authorized to operate on the specified resource, or this API doesn't "
        "support RAM.",
    )


ALIYUN = {
    "key": Trouble(
        "aliyun.credentials",
        "refuses the credentials: The access key does not exist",
        "Identities (身份管理) → Users (用户)",
        edits={'key_id = "LTAIsandbox"': 'key_id = "LTAIother"'},
    ),
    "secret": Trouble(
        "aliyun.credentials",
        "refuses the credentials: The access key secret is wrong",
        "compare it with [aliyun.credentials]",
        edits={"aliyun-key-secret": "wrong"},
    ),
    "no-key": Trouble(
        "aliyun.credentials",
        "There are no credentials: nothing in the environment",
        "bind a RAM role to the bot's instance",
        edits={
            'type = "key" ': 'type = "default" ',
            'key_id = "LTAIsandbox"': "",
            "key_secret = ": "# key_secret = ",
        },
    ),
    "root": Trouble(
        "aliyun.credentials",
        "those of the account itself (acs:ram::1234567890123456:root)",
        "create a RAM user with the policy that python -m bot doctor --ram prints",
        calls=(("aliyun", "set_root", {"root": True}),),
    ),
    "region": Trouble(
        "aliyun.region.cn-hangzhou",
        "There is no region cn-hangzhou",
        "Set [aliyun] region",
        calls=(
            fault(
                *("aliyun", "DescribeInstances", "error"),
                code="InvalidRegionId.NotFound",
                status=404,
            ),
        ),
    ),
    "run-denied": Trouble(
        "aliyun.right.ecs:RunCommand",
        "RAM does not allow ecs:RunCommand (region cn-hangzhou)",
        "grant LTAIsandbox the policy that python -m bot doctor --ram prints",
        calls=(denied("RunCommand"),),
    ),
    "stop-denied": Trouble(
        "aliyun.right.ecs:StopInvocation",
        "RAM does not allow ecs:StopInvocation",
        "python -m bot doctor --ram",
        calls=(denied("StopInvocation"),),
    ),
    "reboot-denied": Trouble(
        "aliyun.right.ecs:RebootInstance",
        "RAM does not allow ecs:RebootInstance",
        "python -m bot doctor --ram",
        calls=(denied("RebootInstance"),),
    ),
    "agent": Trouble(
        "aliyun.agents",
        "not installed or not running on web-02",
        "systemctl restart aliyun",
        calls=(("aliyun", "set_agent", {"instance": "i-sandbox0web02", "running": False}),),
    ),
    "no-target": Trouble(
        "aliyun.targets.restart",
        "No instance fits allowed_targets of the command restart (app-*)",
        "db-01, hr-01, off-01",
        edits={'["web-*", "db-*", "old-*", "off-*"]': '["app-*"]'},
    ),
    "stored-command": Trouble(
        "aliyun.stored.c-gone",
        "There is no stored command c-gone, which the command restart runs",
        "compare command_id and region of [command.restart]",
        edits={RESTART: f'{RESTART}\ncommand_id = "c-gone"'},
    ),
    "throttled": Trouble(
        "aliyun.right.ecs:StopInvocation",
        "could not be asked for ecs:StopInvocation: Alibaba Cloud asks for fewer calls",
        "“Network”",
        calls=(fault("aliyun", "StopInvocation", "throttle", retry_after_ms=5000),),
        state="unsure",
    ),
}
OOS = {
    "notify-denied": Trouble(
        "oos.right.oos:NotifyExecution",
        "RAM does not allow oos:NotifyExecution",
        "python -m bot doctor --ram",
        calls=(denied("NotifyExecution"),),
        edits=ON_OOS,
    ),
    "start-denied": Trouble(
        "oos.right.oos:StartExecution",
        "RAM does not allow oos:StartExecution",
        "python -m bot doctor --ram",
        calls=(denied("StartExecution"),),
        edits=ON_OOS,
    ),
    "template": Trouble(
        "oos.template.reboot-with-approval",
        "There is no template reboot-with-approval, which the command reboot-with-approval runs",
        "My Templates (我的模板)",
        edits=STORED,
    ),
    "role": Trouble(
        "oos.role.OOSServiceRole",
        "OOS can't run the template of reboot-with-approval as the role OOSServiceRole",
        "OOS (系统运维管理), name OOSServiceRole",
        calls=(PART, ("aliyun", "set_role", {"name": "OOSServiceRole", "lacks": None})),
        edits=ON_OOS,
    ),
    "role-lacks": Trouble(
        "oos.role.OOSServiceRole",
        "The role OOSServiceRole lacks what the template of reboot-with-approval needs: "
        "ecs:RebootInstance",
        "the policy of the role OOSServiceRole",
        calls=(
            PART,
            ("aliyun", "set_role", {"name": "OOSServiceRole", "lacks": ["ecs:RebootInstance"]}),
        ),
        edits=ON_OOS,
    ),
    "role-unseen": Trouble(
        "oos.role.OOSServiceRole",
        "Without oos:GenerateExecutionPolicy it is not told whether the role",
        "compare with the trust policy",
        calls=(PART, denied("GenerateExecutionPolicy")),
        edits=ON_OOS,
        state="manual",
    ),
}
TROUBLES = {**ALIYUN, **OOS}


@pytest.mark.parametrize("name", TROUBLES)
async def test_a_fault_is_named_with_its_mend(
    name: str, company: standins.StandIns, tmp_path: Path
) -> None:
    await test_doctor.named(TROUBLES[name], company, tmp_path)


@pytest.mark.parametrize("edits", [{}, ON_OOS], ids=["own engine", "oos"])
async def test_what_is_well_is_ok_by_the_printed_policy_and_nothing_is_done(
    edits: Mapping[str, str], company: standins.StandIns, tmp_path: Path
) -> None:
    path = process.configuration(tmp_path, company.ports)
    test_doctor.edited(path, edits)
    party, method, args = PART
    await company.call(party, method, **args)
    policy = granted.documents(path)[granted.OWN]
    policy["Statement"].append(
        {"Effect": "Allow", "Action": ["oos:GenerateExecutionPolicy"], "Resource": "*"}
    )
    await company.call("aliyun", "allow", policy=policy)
    entries = await doctor_stage.lines(path)
    ours = [one for one in entries if one["group"] in ("aliyun", "oos")]
    assert not doctor_stage.of(ours, "problem", "unsure")
    manual = ["oos.rights.unasked"] if edits else []
    assert doctor_stage.of(ours, "manual") == manual
    assert len(ours) >= 4
    assert await company.call("aliyun", "invocations") == []
    assert await company.call("aliyun", "executions") == []
    assert await company.call("aliyun", "power") == []


async def test_an_engine_that_does_not_answer_is_one_line(
    company: standins.StandIns, tmp_path: Path
) -> None:
    path = process.configuration(tmp_path, company.ports)
    test_doctor.edited(path, ON_OOS)
    settings = adapters.load(path)
    operation = Operation("reboot", "remote", text="FormatVersion: OOS-2019-06-01")
    deps = manifests.CheckDeps(doctor_stage.Clock(), operations=(operation,))
    await company.call("aliyun", "fault", api="*", do="hang_up", times=99)
    checkup = settings.adapters.engine.examine(settings.of(settings.adapters.cloud), deps)
    findings = [one for check in checkup.checks for one in await check.run()]
    await checkup.close()
    assert [(one.id, one.state) for one in findings] == [("rights", "unsure")]


async def test_a_cloud_that_does_not_answer_is_one_line(
    company: standins.StandIns, tmp_path: Path
) -> None:
    path = process.configuration(tmp_path, company.ports)
    await company.call("aliyun", "fault", api="DescribeInstances", do="hang_up", times=99)
    entries = [one for one in await doctor_stage.lines(path) if one["group"] == "aliyun"]
    assert doctor_stage.of(entries, "ok", "problem", "unsure", "manual") == [
        "aliyun.credentials",
        "aliyun.region.cn-hangzhou",
    ]
    assert doctor_stage.of(entries, "unsure") == ["aliyun.region.cn-hangzhou"]


def test_what_templates_call_is_tried_where_that_does_nothing() -> None:
    names = ("DescribeDisks", "RunCommand", "RebootInstance", "DeleteInstance")
    apis = (*(Api("ecs", name) for name in names), Api("rds", "RebootInstance"))
    operation = Operation("fix", "template", apis=apis, patterns=("web-*",))
    instances = tuple(
        describe.Instance(f"i-{name}", name, "cn-hangzhou", "Running", "linux")
        for name in ("db-01", "web-01")
    )
    place = of_doctor.Region("cn-hangzhou", instances)
    calls = dict(of_doctor.tries(operation, place))
    assert list(calls) == ["DescribeDisks", "RunCommand", "DescribeInvocations", "RebootInstance"]
    assert calls["RunCommand"]["RepeatMode"] == "DryRun"
    assert calls["RunCommand"]["InstanceId"] == ["i-web-01"]
    assert calls["RebootInstance"] == {"InstanceId": of_doctor.NO_INSTANCE, "DryRun": True}
    narrow = dict(of_doctor.tries(replace(operation, instances=("i-web-01",)), place))
    assert "RebootInstance" not in narrow, "RAM would refuse it for the instance that there is not"
    assert not list(of_doctor.tries(replace(operation, role="ops"), place)), "the role makes them"


async def test_a_stored_template_is_compared_with_the_file(
    company: standins.StandIns, tmp_path: Path
) -> None:
    path = process.configuration(tmp_path, company.ports)
    test_doctor.edited(path, STORED)
    party, method, args = PART
    await company.call(party, method, **args)
    text = (COMMANDS / "reboot-with-approval.yml").read_text("utf-8")
    name = "reboot-with-approval"
    await company.call("aliyun", "add_template", name=name, content=text)
    [entry] = [one for one in await doctor_stage.lines(path) if one["id"] == f"template.{name}"]
    assert (entry["state"], "version v1" in entry["sentence"]) == ("ok", True)
    await company.call("aliyun", "change_template", name=name, content=f"# other\n{text}")
    [entry] = [one for one in await doctor_stage.lines(path) if one["id"] == f"template.{name}"]
    assert entry["state"] == "unsure"
    assert "oos_version pins a version" in entry["mend"]


@pytest.mark.parametrize("module", [of_aliyun, of_oos, of_openapi], ids=lambda one: one.__name__)
def test_both_languages_say_the_same_facts(module: ModuleType) -> None:
    test_doctor.compared(module)
