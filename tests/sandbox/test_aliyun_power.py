"""Machines of the ECS stand-in through the official SDK: what is done to them, once, and how."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aliyun import Aliyun
from tests.sandbox.aliyun_party import (
    DB1,
    NO_AGENT,
    REGION,
    SWITCHED_OFF,
    WEB1,
    WEB2,
    Sdk,
    until,
)


@pytest.fixture(autouse=True)
async def slow(party: Aliyun) -> None:
    """A machine takes a minute to start or stop."""
    await party.set_power(60)


async def status(sdk: Sdk, instance: str) -> str:
    answer = await sdk.call("DescribeInstances", InstanceIds=f'["{instance}"]')
    (item,) = answer["Instances"]["Instance"]
    return str(item["Status"])


async def passes(party: Aliyun, sdk: Sdk, instance: str, *statuses: str) -> None:
    """The machine goes through these, each as long as it was told, and stays in the last."""
    for wanted in statuses[:-1]:
        assert await status(sdk, instance) == wanted
        party.clock.advance(30)
        assert await status(sdk, instance) == wanted
        party.clock.advance(30)
        await until(lambda before=wanted: party.cloud.machines[instance].status != before)
    party.clock.advance(600)
    assert await status(sdk, instance) == statuses[-1]


def acts(done: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["instance"], one["act"]) for one in done]


# ----------------------------------------------------------------------------- one machine


async def test_a_reboot_goes_down_and_up(party: Aliyun, sdk: Sdk) -> None:
    answer = await sdk.call("RebootInstance", InstanceId=WEB1)
    await passes(party, sdk, WEB1, "Stopping", "Starting", "Running")
    (done,) = await party.power()
    assert acts([done]) == [(WEB1, "reboot")]
    assert done["request_id"] == answer["RequestId"]
    assert party.clock.now() - 800 < done["at"] < party.clock.now()


async def test_stop_and_start(party: Aliyun, sdk: Sdk) -> None:
    await sdk.call("StopInstance", InstanceId=WEB1)
    await passes(party, sdk, WEB1, "Stopping", "Stopped")
    await sdk.call("StartInstance", InstanceId=WEB1)
    await passes(party, sdk, WEB1, "Starting", "Running")
    assert acts(await party.power(WEB1)) == [(WEB1, "stop"), (WEB1, "start")]
    assert (await sdk.result(await sdk.run("echo back")))["Output"] == "back\n"


async def test_a_reboot_interrupts_scripts_and_the_agent_comes_back(
    party: Aliyun, sdk: Sdk
) -> None:
    invocation = await sdk.run("echo begun; sleep 60")
    await until(lambda: bool(party.cloud.invocations[invocation].tasks[0].output.head))
    await sdk.call("RebootInstance", InstanceId=WEB1)
    item = await sdk.result(invocation)
    assert (item["InvocationStatus"], item["ErrorCode"]) == ("Failed", "ExecutionInterrupted")
    assert item["Output"] == "begun\n"
    down = await sdk.result(await sdk.run("true"))
    assert (down["InvocationStatus"], down["ErrorCode"]) == ("Aborted", "InstanceNotRunning")
    party.clock.advance(120)
    await until(lambda: party.cloud.machines[WEB1].able)
    assert (await sdk.result(await sdk.run("true")))["InvocationStatus"] == "Success"


async def test_a_machine_without_an_agent_has_none_after_a_reboot(party: Aliyun, sdk: Sdk) -> None:
    await sdk.call("RebootInstance", InstanceId=NO_AGENT)
    party.clock.advance(120)
    await until(lambda: party.cloud.machines[NO_AGENT].status == "Running")
    assert not party.cloud.machines[NO_AGENT].able


@pytest.mark.parametrize(
    ("action", "instance", "expected"),
    [
        ("RebootInstance", "i-none", (404, "InvalidInstanceId.NotFound")),
        ("StartInstance", "i-none", (404, "InvalidInstanceId.NotFound")),
        ("StopInstance", "i-none", (404, "InvalidInstanceId.NotFound")),
        ("DeleteInstance", "i-none", (404, "InvalidInstanceId.NotFound")),
        ("RebootInstance", SWITCHED_OFF, (403, "IncorrectInstanceStatus")),
        ("StopInstance", SWITCHED_OFF, (403, "IncorrectInstanceStatus")),
        ("StartInstance", WEB1, (403, "IncorrectInstanceStatus")),
        ("DeleteInstance", WEB1, (403, "IncorrectInstanceStatus")),
        ("RebootInstance", None, (400, "MissingParameter")),
        ("DescribeInstanceAttribute", "i-none", (404, "InvalidInstanceId.NotFound")),
        ("ModifyInstanceAttribute", "i-none", (404, "InvalidInstanceId.NotFound")),
    ],
)
async def test_what_cannot_be_says_why(
    party: Aliyun, sdk: Sdk, action: str, instance: str, expected: tuple[int, str]
) -> None:
    assert await sdk.refusal(action, InstanceId=instance) == expected
    assert await party.power() == []


async def test_a_machine_in_between_takes_no_orders(party: Aliyun, sdk: Sdk) -> None:
    await sdk.call("RebootInstance", InstanceId=WEB1)
    for action in ("RebootInstance", "StopInstance", "StartInstance"):
        assert (await sdk.refusal(action, InstanceId=WEB1))[1] == "IncorrectInstanceStatus"
    assert acts(await party.power()) == [(WEB1, "reboot")]


async def test_a_dry_run_does_nothing(party: Aliyun, sdk: Sdk) -> None:
    one = {"InstanceId": WEB1, "DryRun": True}
    assert await sdk.refusal("RebootInstance", **one) == (400, "DryRunOperation")
    assert await sdk.refusal("StartInstance", **one) == (403, "IncorrectInstanceStatus")
    several = {"InstanceId": [WEB1, WEB2], "DryRun": True}
    assert (await sdk.refusal("RebootInstances", **several))[1] == "DRYRUN.SUCCESS"
    assert await party.power() == []
    assert await status(sdk, WEB1) == "Running"


async def test_release(party: Aliyun, sdk: Sdk) -> None:
    await sdk.call("DeleteInstance", InstanceId=SWITCHED_OFF)
    await sdk.call("DeleteInstance", InstanceId=WEB1, Force=True)
    answer = await sdk.call("DescribeInstances", MaxResults=100)
    left = {item["InstanceId"] for item in answer["Instances"]["Instance"]}
    assert not left & {SWITCHED_OFF, WEB1}
    assert (await sdk.refusal("DeleteInstance", InstanceId=WEB1))[0] == 404
    assert acts(await party.power()) == [(SWITCHED_OFF, "delete"), (WEB1, "delete")]


async def test_release_protection(party: Aliyun, sdk: Sdk) -> None:
    await sdk.call("ModifyInstanceAttribute", InstanceId=SWITCHED_OFF, DeletionProtection=True)
    refused = await sdk.refusal("DeleteInstance", InstanceId=SWITCHED_OFF)
    assert refused == (403, "InvalidOperation.DeletionProtection")
    assert await party.power() == []


# ----------------------------------------------------------------------------- several machines


async def test_all_together_or_none(party: Aliyun, sdk: Sdk) -> None:
    answer = await sdk.call("RebootInstances", InstanceId=[WEB1, WEB2, WEB1])
    assert answer["InstanceResponses"]["InstanceResponse"] == [
        {
            "InstanceId": instance,
            "PreviousStatus": "Running",
            "CurrentStatus": "Stopping",
            "Code": "200",
            "Message": "success",
        }
        for instance in (WEB1, WEB2)
    ]
    refused = await sdk.refusal("StopInstances", InstanceId=[DB1, SWITCHED_OFF])
    assert refused == (403, "IncorrectInstanceStatus")
    assert acts(await party.power()) == [(WEB1, "reboot"), (WEB2, "reboot")]


async def test_success_first(party: Aliyun, sdk: Sdk) -> None:
    await party.break_machine(DB1, "stop", "OperationDenied")
    answer = await sdk.call(
        "StopInstances",
        InstanceId=[WEB1, SWITCHED_OFF, "i-none", DB1],
        BatchOptimization="SuccessFirst",
    )
    items = answer["InstanceResponses"]["InstanceResponse"]
    assert [(item["InstanceId"], item["Code"], item["CurrentStatus"]) for item in items] == [
        (WEB1, "200", "Stopping"),
        (SWITCHED_OFF, "IncorrectInstanceStatus", "Stopped"),
        ("i-none", "InvalidInstanceId.NotFound", ""),
        (DB1, "OperationDenied", "Running"),
    ]
    assert acts(await party.power()) == [(WEB1, "stop")]


async def test_start_several(party: Aliyun, sdk: Sdk) -> None:
    await sdk.call("StartInstances", InstanceId=[SWITCHED_OFF])
    await passes(party, sdk, SWITCHED_OFF, "Starting", "Running")
    assert (await sdk.result(await sdk.run("true", SWITCHED_OFF)))["InvocationStatus"] == "Success"
    too_many = [f"i-{n}" for n in range(101)]
    assert (await sdk.refusal("StartInstances", InstanceId=too_many))[1] == (
        "InstanceIds.ExceedLimit"
    )


# ----------------------------------------------------------------------------- machines made


NEW = {"ImageId": "img", "InstanceType": "ecs.c6.large", "SecurityGroupId": "sg-a"}


async def test_new_machines(party: Aliyun, sdk: Sdk) -> None:
    answer = await sdk.call(
        "RunInstances",
        Amount=2,
        InstanceName="blue",
        UniqueSuffix=True,
        SystemDisk={"Category": "cloud_essd", "Size": "40"},
        DataDisk=[{"Category": "cloud_essd", "Size": 20}],
        Tag=[{"Key": "env", "Value": "lab"}],
        **NEW,
    )
    ids = answer["InstanceIdSets"]["InstanceIdSet"]
    assert acts(await party.power()) == [(one, "create") for one in ids]
    await passes(party, sdk, ids[0], "Pending", "Starting", "Running")
    found = await sdk.call("DescribeInstances", Tag=[{"Key": "env", "Value": "lab"}])
    names = {i["InstanceName"]: i["InstanceType"] for i in found["Instances"]["Instance"]}
    assert names == {"blue001": "ecs.c6.large", "blue002": "ecs.c6.large"}
    result = await sdk.result(await sdk.run("echo born", ids[1]))
    assert result["Output"] == "born\n"


async def test_a_client_token_makes_machines_once(party: Aliyun, sdk: Sdk) -> None:
    first = await sdk.call("RunInstances", ClientToken="t", **NEW)
    again = await sdk.call("RunInstances", ClientToken="t", **NEW)
    assert again["InstanceIdSets"] == first["InstanceIdSets"]
    other = await sdk.refusal("RunInstances", ClientToken="t", Amount=2, **NEW)
    assert other == (400, "IdempotentParameterMismatch")
    assert len(await party.power()) == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ImageId": None}, "MissingParameter.ImageId"),
        ({"InstanceType": "big"}, "InvalidInstanceType.ValueNotSupported"),
        ({"Amount": 101}, "InvalidAmount.NotSupported"),
        ({"DryRun": True}, "DryRunOperation"),
        ({"Tag": [{"Key": "acs:x", "Value": ""}]}, "InvalidTagKey.Malformed"),
        ({"ClientToken": "x" * 65}, "InvalidParameter.ClientToken"),
    ],
)
async def test_limits_of_new_machines(
    party: Aliyun, sdk: Sdk, fields: dict[str, Any], code: str
) -> None:
    assert (await sdk.refusal("RunInstances", **{**NEW, **fields}))[1] == code
    assert await party.power() == []


# ----------------------------------------------------------------------------- names, tags, looks


async def test_attributes(sdk: Sdk) -> None:
    await sdk.call(
        "ModifyInstanceAttribute", InstanceId=WEB1, InstanceName="front", Description="the front"
    )
    seen = await sdk.call("DescribeInstanceAttribute", InstanceId=WEB1)
    assert (seen["InstanceName"], seen["Description"]) == ("front", "the front")
    found = await sdk.call("DescribeInstances", InstanceName="front")
    assert [item["InstanceId"] for item in found["Instances"]["Instance"]] == [WEB1]
    refused = await sdk.refusal("ModifyInstanceAttribute", InstanceId=WEB1, InstanceName="x")
    assert refused == (400, "InvalidInstanceName.Malformed")
    refused = await sdk.refusal("ModifyInstanceAttribute", InstanceId=WEB1, UserData="eA==")
    assert refused == (400, "InvalidParameter.UserData")


async def test_statuses_and_regions(sdk: Sdk) -> None:
    answer = await sdk.call("DescribeInstanceStatus", InstanceId=[WEB1, SWITCHED_OFF])
    items = answer["InstanceStatuses"]["InstanceStatus"]
    assert {item["InstanceId"]: item["Status"] for item in items} == {
        WEB1: "Running",
        SWITCHED_OFF: "Stopped",
    }
    page = await sdk.call("DescribeInstanceStatus", PageSize=2, PageNumber=2)
    assert (page["TotalCount"], len(page["InstanceStatuses"]["InstanceStatus"])) == (7, 2)
    regions = (await sdk.call("DescribeRegions"))["Regions"]["Region"]
    assert REGION in [region["RegionId"] for region in regions]


async def test_tags(sdk: Sdk) -> None:
    kind = {"ResourceType": "instance", "ResourceId": [WEB1, WEB2]}
    await sdk.call("TagResources", Tag=[{"Key": "canary", "Value": "yes"}], **kind)
    await sdk.call("UntagResources", TagKey=["tier", "never"], **kind)
    listed = (await sdk.call("ListTagResources", **kind))["TagResources"]["TagResource"]
    assert {(t["ResourceId"], t["TagKey"], t["TagValue"]) for t in listed} == {
        (one, key, value)
        for one in (WEB1, WEB2)
        for key, value in (("env", "prod"), ("canary", "yes"))
    }
    found = await sdk.call("DescribeInstances", Tag=[{"Key": "canary", "Value": "yes"}])
    assert found["TotalCount"] == 2
    by_tag = await sdk.call(
        "ListTagResources", ResourceType="instance", Tag=[{"Key": "canary", "Value": "yes"}]
    )
    assert {t["ResourceId"] for t in by_tag["TagResources"]["TagResource"]} == {WEB1, WEB2}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ResourceId": ["i-none", WEB1]}, "InvalidResourceId.NotFound"),
        ({"ResourceType": "disk"}, "InvalidResourceType.NotFound"),
        ({"ResourceId": [f"i-{n}" for n in range(51)]}, "NumberExceed.ResourceIds"),
        ({"Tag": [{"Key": f"k{n}", "Value": "v"} for n in range(19)]}, "TagNumberLimitExceed"),
        ({"Tag": None}, "MissingParameter"),
    ],
)
async def test_limits_of_tags(party: Aliyun, sdk: Sdk, fields: dict[str, Any], code: str) -> None:
    usual = {
        "ResourceType": "instance",
        "ResourceId": [WEB1],
        "Tag": [{"Key": "k", "Value": "v"}],
    }
    before = dict(party.cloud.machines[WEB1].tags)
    assert (await sdk.refusal("TagResources", **{**usual, **fields}))[1] == code
    assert party.cloud.machines[WEB1].tags == before


# ----------------------------------------------------------------------------- disks


async def test_disks(party: Aliyun, sdk: Sdk) -> None:
    disk = {"InstanceId": WEB1, "DiskId": "d-sandbox0data1"}

    async def state() -> tuple[str, str]:
        answer = await sdk.call("DescribeDisks", DiskIds='["d-sandbox0data1"]')
        (item,) = answer["Disks"]["Disk"]
        return item["Status"], item["InstanceId"]

    assert await state() == ("Available", "")
    await sdk.call("AttachDisk", **disk)
    assert await state() == ("Attaching", WEB1)
    assert (await sdk.refusal("AttachDisk", **disk))[1] == "IncorrectInstanceStatus"
    party.clock.advance(60)
    assert await state() == ("In_use", WEB1)
    made = (await sdk.call("CreateSnapshot", DiskId="d-sandbox0data1"))["SnapshotId"]
    shown = (await sdk.call("DescribeSnapshots"))["Snapshots"]["Snapshot"]
    assert [(one["SnapshotId"], one["Status"]) for one in shown] == [(made, "progressing")]
    await sdk.call("DetachDisk", **disk)
    assert await state() == ("Detaching", "")
    party.clock.advance(60)
    assert await state() == ("Available", "")
    shown = (await sdk.call("DescribeSnapshots", SnapshotIds=f'["{made}"]'))["Snapshots"]
    assert shown["Snapshot"][0]["Status"] == "accomplished"
    assert (await sdk.refusal("DetachDisk", **disk))[1] == "DependencyViolation"
    assert (await sdk.refusal("CreateSnapshot", DiskId="d-none"))[1] == "InvalidDiskId.NotFound"


# ----------------------------------------------------------------------------- what goes wrong


async def test_a_broken_machine_fails_until_it_is_mended(party: Aliyun, sdk: Sdk) -> None:
    await party.break_machine(WEB1, "reboot", "InternalError")
    assert await sdk.refusal("RebootInstance", InstanceId=WEB1) == (500, "InternalError")
    await sdk.call("RebootInstance", InstanceId=WEB2)
    assert acts(await party.power()) == [(WEB2, "reboot")]
    await party.mend_machine(WEB1)
    await sdk.call("RebootInstance", InstanceId=WEB1)
    assert acts(await party.power(WEB1)) == [(WEB1, "reboot")]
    with pytest.raises(ValueError, match="none of reboot, start, stop"):
        await party.break_machine(WEB1, "explode")


@pytest.mark.parametrize(
    ("do", "done"),
    [("lose_answer", 1), ("slow", 1), ("hang_up", 0), ("throttle", 0), ("error", 0), ("html", 0)],
)
async def test_faults(party: Aliyun, sdk: Sdk, do: str, done: int) -> None:
    await party.fault("RebootInstance", do, seconds=0.05)
    if do == "slow":
        await sdk.call("RebootInstance", InstanceId=WEB1)
    else:
        await sdk.refusal("RebootInstance", InstanceId=WEB1)
    assert acts(await party.power()) == [(WEB1, "reboot")] * done


async def test_set_instance_ends_what_it_was_passing_through(party: Aliyun, sdk: Sdk) -> None:
    await sdk.call("RebootInstance", InstanceId=WEB1)
    await party.set_instance(WEB1, "Stopped")
    party.clock.advance(600)
    assert await status(sdk, WEB1) == "Stopped"
