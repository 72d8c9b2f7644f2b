"""The shipped product actions, each run to its end against the sandbox's cloud."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapters.aliyun import models
from bot.commands import template_check
from bot.oos.check import validate
from bot.oos.engine import interpreter
from bot.oos.template import library, model, parse
from sandbox.aliyun import Aliyun
from tests.bot.oos import outside
from tests.bot.oos.cloud import Cloud
from tests.sandbox.aliyun_party import DB1, NO_AGENT, REGION, SWITCHED_OFF, WEB1, WEB2, Sdk, served

OURS = Path(__file__).resolve().parents[2] / "payloads" / "oos"
DISK = "d-sandbox0data1"


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[Aliyun]:
    async with served(tmp_path) as party:
        yield party


def product(name: str) -> model.Template:
    return library.shipped()[f"ACS::ECS::{name}"]


async def run(party: Aliyun, name: str, **given: Any) -> interpreter.Done:
    return await Cloud(party, product(name), given).end()


async def works(party: Aliyun, name: str, **given: Any) -> dict[str, Any]:
    done = await run(party, name, **given)
    assert done.status == "Success", done.error
    return dict(done.outputs)


async def fails(party: Aliyun, name: str, **given: Any) -> str:
    done = await run(party, name, **given)
    assert done.status == "Failed"
    return str(done.error)


def status(party: Aliyun, instance: str) -> str:
    return party.cloud.machines[instance].status


async def acts(party: Aliyun) -> list[tuple[str, str]]:
    return [(act["instance"], act["act"]) for act in await party.power()]


# ----------------------------------------------------------------------------- the library


@pytest.mark.parametrize("name", sorted(library.shipped()))
def test_each_is_whole(name: str) -> None:
    template = library.shipped()[name]
    assert template.name == name
    assert validate.validate(template, known_templates=library.shipped()) == []
    assert {"en", "zh-cn"} <= set(template.description)
    for task in template.tasks:
        assert {"en", "zh-cn"} <= set(task.description), task.name
    for parameter in template.parameters:
        assert {"en", "zh-cn"} <= {*parameter.label, *parameter.description}, parameter.name


@pytest.mark.parametrize("name", sorted(library.shipped()))
def test_only_what_reads_is_tried_again(name: str) -> None:
    """A call that changes something, whose answer is in doubt, is never made twice by itself."""
    for task in library.shipped()[name].tasks:
        api = str(task.properties.get("API", "Describe"))
        if not api.startswith(("Describe", "List")):
            assert task.action == "ACS::ExecuteAPI"
            assert task.retries is None
            assert task.loop is None


@pytest.mark.parametrize("name", sorted(library.shipped()))
def test_each_calls_apis_as_the_sdk_has_them(name: str) -> None:
    template = library.shipped()[name]
    known = library.shipped()
    assert validate.validate(template, known_templates=known, models=models.Models()) == []


def test_those_that_list_go_through_all_pages() -> None:
    for template in library.shipped().values():
        for task in template.tasks:
            properties = dict(task.properties)
            if {"MaxResults", "PageSize"} & set(properties.get("Parameters", {})):
                assert properties.get("AutoPaging") is True, template.name


def test_the_approval_guide_validates_alone() -> None:
    (checked,) = template_check.check([OURS / "reboot-products.yml"])
    assert checked.lines() == [f"{OURS / 'reboot-products.yml'}: ok"]


def test_a_nearly_right_action_or_parameter_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.yml"
    file.write_text(
        "FormatVersion: OOS-2019-06-01\n"
        "Tasks:\n"
        "  - {Name: a, Action: ACS::ECS::RebotInstance}\n"
        "  - {Name: b, Action: acs::ecs::stopinstance, Properties: {instanceld: i-1}}\n"
    )
    (checked,) = template_check.check([file])
    assert checked.lines() == [
        f"{file}:3:23: unknown action `ACS::ECS::RebotInstance`, "
        "did you mean `ACS::ECS::RebootInstance`?",
        f"{file}:4:60: unknown parameter `instanceld` of `ACS::ECS::StopInstance`, "
        "did you mean `instanceId`?",
    ]


def test_ones_own_replaces_a_shipped_one() -> None:
    own = outside.template("Tasks:\n  - {Name: a, Action: ACS::Pause}\n", "acs::ecs::RunCommand")
    known = library.joined({own.name: own})
    assert known["acs::ecs::RunCommand"] is own
    assert "ACS::ECS::RunCommand" not in known
    assert len(known) == len(library.shipped())


# ----------------------------------------------------------------------------- scripts


async def test_run_command(party: Aliyun) -> None:
    script = "echo \"hallo $(pwd | tail -c 16)\"; echo '{{ not }} ü'"
    given = {"instanceId": WEB1, "commandType": "RunShellScript", "commandContent": script}
    outputs = await works(party, "RunCommand", **given)
    (made,) = await party.invocations()
    assert outputs == {
        "invocationOutput": f"hallo {WEB1}\n{{{{ not }}}} ü\n",
        "invocationId": made["id"],
        "exitCode": 0,
    }
    assert made["content"] == script
    assert made["timeout"] == 600
    assert len(await party.runs()) == 1


async def test_run_command_takes_its_parameters(party: Aliyun) -> None:
    outputs = await works(
        party,
        "RunCommand",
        instanceId=WEB1,
        commandType="RunShellScript",
        commandContent="echo {{ who }}; pwd",
        enableParameter=True,
        parameters={"who": "li"},
        workingDir="/root",
        timeout=30,
        username="root",
    )
    assert outputs["invocationOutput"].startswith("li\n/")
    assert (await party.invocations())[0]["timeout"] == 30


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo almost; echo boom >&2; exit 3", r"Failed, exit code 3, ExitCodeNonzero: almost\\n"),
        ("exit 1", "Failed, exit code 1, ExitCodeNonzero"),
        ("for i in $(seq 400); do echo line $i; done; exit 9", "exit code 9.*line 400"),
    ],
)
async def test_a_script_that_fails_says_what_it_printed(
    party: Aliyun, script: str, said: str
) -> None:
    given = {"instanceId": WEB1, "commandType": "RunShellScript", "commandContent": script}
    sentence = await fails(party, "RunCommand", **given)
    assert re.search(said, sentence), sentence
    assert sentence.startswith("checkResult: UndesiredValue: the value is ")
    assert len(sentence) < 600
    assert len(await party.runs()) == 1


@pytest.mark.parametrize(
    ("instance", "said"),
    [
        (NO_AGENT, "Aborted, exit code none, ClientNotRunning"),
        (SWITCHED_OFF, "Aborted, exit code none, InstanceNotRunning"),
        ("i-none", "runCommand: InvalidInstance.NotFound"),
    ],
)
async def test_where_a_script_cannot_run(party: Aliyun, instance: str, said: str) -> None:
    given = {"commandType": "RunShellScript", "commandContent": "true"}
    assert said in await fails(party, "RunCommand", instanceId=instance, **given)


async def test_invoke_command(party: Aliyun) -> None:
    saved = await Sdk(party).call(
        "CreateCommand",
        Name="greet",
        Type="RunShellScript",
        CommandContent="ZWNobyBoYWxsbyB7eyB3aG8gfX0=",
        EnableParameter=True,
    )
    given = {"instanceId": WEB1, "commandId": saved["CommandId"]}
    outputs = await works(party, "InvokeCommand", parameters={"who": "li", "": ""}, **given)
    assert (outputs["invocationOutput"], outputs["exitCode"]) == ("hallo li\n", 0)
    assert "invokeCommand: InvalidCmdId.NotFound" in await fails(
        party, "InvokeCommand", instanceId=WEB1, commandId="c-none"
    )


# ----------------------------------------------------------------------------- power


async def test_reboot(party: Aliyun) -> None:
    await party.set_power(40)
    story = Cloud(party, product("RebootInstance"), {"instanceId": WEB1})
    assert (await story.end()).status == "Success"
    assert await acts(party) == [(WEB1, "reboot")]
    assert status(party, WEB1) == "Running"
    assert story.apis[0] == "RebootInstance"
    assert set(story.apis[1:]) == {"DescribeInstances"}
    assert 80 <= (story.now - story.journal[0].at).total_seconds() < 120


async def test_start_and_stop_change_only_what_must_change(party: Aliyun) -> None:
    await works(party, "StopInstance", instanceId=WEB1, forceStop=True, stoppedMode="StopCharging")
    await works(party, "StopInstance", instanceId=WEB1)
    assert (await acts(party), status(party, WEB1)) == ([(WEB1, "stop")], "Stopped")
    await works(party, "StartInstance", instanceId=WEB1)
    await works(party, "StartInstance", instanceId=WEB1)
    assert await acts(party) == [(WEB1, "stop"), (WEB1, "start")]
    assert status(party, WEB1) == "Running"


@pytest.mark.parametrize(
    ("name", "api", "ready"),
    [("StartInstance", "StartInstance", "Running"), ("StopInstance", "StopInstance", "Stopped")],
)
async def test_one_that_is_on_its_way_is_waited_for(
    party: Aliyun, name: str, api: str, ready: str
) -> None:
    await party.set_power(20)
    instance = SWITCHED_OFF if ready == "Running" else WEB1
    await Sdk(party).call(api, InstanceId=instance)
    await works(party, name, instanceId=instance)
    assert (len(await party.power()), status(party, instance)) == (1, ready)


@pytest.mark.parametrize("name", ["RebootInstance", "StartInstance", "StopInstance"])
async def test_an_instance_that_is_not_there(party: Aliyun, name: str) -> None:
    sentence = await fails(party, name, instanceId="i-none")
    assert "InvalidInstanceId.NotFound" in sentence
    assert await party.power() == []


async def test_what_the_cloud_refuses_is_told(party: Aliyun) -> None:
    await party.break_machine(WEB1, "reboot", "OperationDenied.Locked")
    assert "reboot: OperationDenied.Locked" in await fails(party, "RebootInstance", instanceId=WEB1)
    assert "IncorrectInstanceStatus" in await fails(
        party, "RebootInstance", instanceId=SWITCHED_OFF
    )


async def test_one_that_never_comes_up_fails_in_the_end(party: Aliyun) -> None:
    await party.set_power(1e7)
    story = Cloud(party, product("RebootInstance"), {"instanceId": WEB1})
    done = await story.end()
    assert done.status == "Failed"
    assert 'the value is "Stopping", it should be one of: "Running"' in str(done.error)
    assert story.apis.count("RebootInstance") == 1
    assert 3000 < (story.now - story.journal[0].at).total_seconds() < 7200


# ----------------------------------------------------------------------------- machines made


NEW = {
    "imageId": "img",
    "instanceType": "ecs.c6.large",
    "securityGroupId": "sg-a",
    "vSwitchId": "vsw-a",
}


async def test_run_instances_and_delete_one(party: Aliyun) -> None:
    outputs = await works(
        party,
        "RunInstances",
        amount=2,
        instanceName="blue",
        tags=[{"Key": "env", "Value": "lab"}],
        **NEW,
    )
    first, second = outputs["instanceIds"]
    assert {status(party, one) for one in (first, second)} == {"Running"}
    found = await works(party, "DescribeInstancesByTag", tagKey="env", tagValue="lab")
    assert found == {"instanceIds": [first, second]}
    sentence = await fails(party, "DeleteInstance", instanceId=first)
    assert 'the value is "Running", it should be one of: "Stopped"' in sentence
    await works(party, "StopInstance", instanceId=first)
    await works(party, "DeleteInstance", instanceId=first)
    assert [act for one, act in await acts(party) if one == first] == ["create", "stop", "delete"]
    assert 'the value is "no such instance"' in await fails(
        party, "DeleteInstance", instanceId=first
    )


async def test_a_subscription_has_a_period(party: Aliyun) -> None:
    await works(party, "RunInstances", instanceChargeType="PrePaid", period=2, **NEW)
    (call,) = await party.calls("RunInstances")
    assert (call["request"]["Period"], call["request"]["PeriodUnit"]) == ("2", "Month")
    assert call["request"]["SystemDisk.Category"] == "cloud_essd"


# ----------------------------------------------------------------------------- the others


async def test_finding(party: Aliyun) -> None:
    by_name = await works(party, "DescribeInstancesByName", instanceName="web-0*")
    assert by_name["instanceIds"] == [WEB1, WEB2, "i-sandbox0web03"]
    stopped = await works(party, "DescribeInstancesByStatus", status="Stopped")
    assert stopped == {"instanceIds": [SWITCHED_OFF]}
    nobody = await works(party, "DescribeInstancesByTag", tagKey="env", tagValue="nowhere")
    assert nobody == {"instanceIds": []}


async def test_attributes(party: Aliyun) -> None:
    wanted = [
        {"instanceId": WEB2, "instanceName": "other"},
        {"instanceId": WEB1, "instanceName": 'a "front"', "description": "first"},
    ]
    given = {"instanceId": WEB1, "instanceAttributes": wanted}
    outputs = await works(party, "ModifyInstanceAttribute", **given)
    machine = party.cloud.machines[WEB1]
    assert (machine.name, machine.description, machine.host) == ('a "front"', "first", "web-01")
    assert outputs["instanceInfos"] == wanted[1]
    assert party.cloud.machines[WEB2].name == "web-02"


async def test_release_protection(party: Aliyun) -> None:
    given = {"instanceId": SWITCHED_OFF}
    await works(party, "EnableInstanceDeletionProtection", deletionProtection=True, **given)
    assert "InvalidOperation.DeletionProtection" in await fails(party, "DeleteInstance", **given)
    await works(party, "EnableInstanceDeletionProtection", deletionProtection=False, **given)
    await works(party, "DeleteInstance", **given)
    assert await acts(party) == [(SWITCHED_OFF, "delete")]


async def test_tags(party: Aliyun) -> None:
    ids = {"resourceIds": [WEB1, DB1]}
    tagged = await works(party, "TagResources", tags=[{"Key": "canary", "Value": "yes"}], **ids)
    assert {"ResourceId": DB1, "TagKey": "canary", "TagValue": "yes"} in tagged["tags"]
    left = await works(party, "UntagResources", tagKeys=["canary", "tier"], **ids)
    assert {tag["TagKey"] for tag in left["tags"]} == {"env"}
    assert "change: InvalidResourceId.NotFound" in await fails(
        party, "UntagResources", tagKeys=["env"], resourceIds=["i-none"]
    )


async def test_disks(party: Aliyun) -> None:
    given = {"instanceId": WEB1, "diskId": DISK}
    await party.set_power(30)
    await works(party, "AttachDisk", deleteWithInstance=True, **given)
    (call,) = await party.calls("AttachDisk")
    assert call["request"]["Bootable"].lower() == "false"
    assert "Password" not in call["request"]
    assert "attach: IncorrectInstanceStatus" in await fails(party, "AttachDisk", **given)
    kept = {"retentionDays": "7", "tags": [{"Key": "why", "Value": "upgrade"}]}
    made = await works(party, "CreateSnapshot", diskId=DISK, snapshotName="before", **kept)
    (call,) = await party.calls("CreateSnapshot")
    assert call["request"]["RetentionDays"] == "7"
    assert call["request"]["Tag.1.Value"] == "upgrade"
    (snapshot,) = party.ecs.disks.snapshots.values()
    assert (made["snapshotId"], snapshot.name) == (snapshot.id, "before")
    await works(party, "DetachDisk", **given)
    assert party.ecs.disks.disks[DISK].status(party.clock.now()) == "Available"


# ----------------------------------------------------------------------------- the guide's story


def guide() -> model.Template:
    path = OURS / "reboot-products.yml"
    return parse.parse(path.read_bytes(), path.stem, path.name)


def asked(*ids: str, **more: Any) -> dict[str, Any]:
    targets = {"Type": "ResourceIds", "ResourceIds": list(ids), "RegionId": REGION}
    return {"targets": targets, "webHookUrl": "http://127.0.0.1:9/hook", **more}


async def test_everyone_is_rebooted_once(party: Aliyun) -> None:
    story = Cloud(party, guide(), asked(WEB1, WEB2, DB1))
    done = await story.end()
    assert (done.status, done.outputs) == ("Success", {"instanceIds": [WEB1, WEB2, DB1]})
    assert sorted(await acts(party)) == sorted([(i, "reboot") for i in (WEB1, WEB2, DB1)])
    counts = story.state.counts()
    assert counts is not None
    assert (counts.done, counts.failed, counts.total) == (3, 0, 3)


async def test_one_of_three_fails_and_the_others_are_rebooted(party: Aliyun) -> None:
    await party.break_machine(WEB2, "reboot", "OperationDenied")
    pace = {"Mode": "Concurrency", "Concurrency": 1, "MaxErrors": 1}
    done = await Cloud(party, guide(), asked(WEB1, WEB2, DB1, rateControl=pace)).end()
    assert done.status == "Success"
    assert await acts(party) == [(WEB1, "reboot"), (DB1, "reboot")]


async def test_max_errors_starts_no_more(party: Aliyun) -> None:
    await party.break_machine(WEB1, "reboot", "OperationDenied")
    pace = {"Mode": "Concurrency", "Concurrency": 1, "MaxErrors": 0}
    done = await Cloud(party, guide(), asked(WEB1, WEB2, DB1, rateControl=pace)).end()
    assert done.status == "Failed"
    assert "1 of 3 items failed, MaxErrors is 0; 2 were not started" in str(done.error)
    assert "OperationDenied" in str(done.error)
    assert await party.power() == []
