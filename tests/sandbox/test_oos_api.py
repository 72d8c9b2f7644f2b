"""The OOS stand-in's rules: parameters, tokens, pages, templates, refusals, faults."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.aliyun import Aliyun
from sandbox.aliyun.errors import ApiError
from sandbox.oos import acts, parameters
from tests.sandbox.aliyun_party import WEB1
from tests.sandbox.oos_client import Sdk, api, approve, script, template

SLEEP = template({"Name": "sleep", "Action": "ACS::Sleep", "Properties": {"Duration": "PT1H"}})
LOOK = template(api("look"))


# ----------------------------------------------------------------------------- starting


async def test_a_token_starts_once(oos: Sdk, party: Aliyun) -> None:
    first = await oos.start(LOOK, ClientToken="t1")
    assert await oos.start(LOOK, ClientToken="t1") == first
    other = await oos.refusal("StartExecution", TemplateContent=SLEEP, ClientToken="t1")
    assert other == (400, "IdempotentParameterMismatch")
    party.clock.advance(31 * 60)
    assert await oos.start(LOOK, ClientToken="t1") != first
    long = await oos.refusal("StartExecution", TemplateContent=LOOK, ClientToken="x" * 65)
    assert long == (400, "InvalidParameter.ClientToken")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "MissingParameter"),
        ({"TemplateName": "nothing"}, "EntityNotExists.Template"),
        ({"TemplateContent": "x: ["}, "InvalidTemplate"),
        ({"TemplateContent": template()}, "InvalidTemplate"),
        ({"TemplateURL": "https://example.com"}, "InvalidParameter.TemplateURL"),
        ({"TemplateContent": LOOK, "SafetyCheck": "No"}, "InvalidParameter.SafetyCheck"),
        ({"TemplateContent": LOOK, "Mode": "Debug"}, "InvalidParameter.Mode"),
        ({"TemplateContent": LOOK, "Parameters": "["}, "InvalidParameter.Parameters"),
        ({"TemplateContent": LOOK, "Parameters": "[]"}, "InvalidParameter.Parameters"),
        ({"TemplateContent": LOOK, "Parameters": '{"a": 1}'}, "InvalidParameter.Parameters"),
        ({"TemplateContent": LOOK, "RegionId": "moon"}, "InvalidRegionId.NotFound"),
        ({"TemplateContent": LOOK, "Tags": {"acs:x": "y"}}, "InvalidTag.Malformed"),
        ({"TemplateContent": LOOK, "Tags": {"x": "http://y"}}, "InvalidTag.Malformed"),
        ({"TemplateContent": LOOK, "Tags": {str(n): "" for n in range(21)}}, "NumberExceed.Tags"),
    ],
)
async def test_what_cannot_be_started(
    oos: Sdk, party: Aliyun, fields: dict[str, Any], code: str
) -> None:
    assert (await oos.refusal("StartExecution", **fields))[1] == code
    assert await party.executions() == []


async def test_validating_says_what_is_wrong_and_where(oos: Sdk) -> None:
    text = template(
        script("touch", "true"),
        Parameters={"n": {"Type": "Number"}},
        Outputs={"id": {"Type": "String", "Value": "{{ touch.id }}"}},
        RamRole="OOSServiceRole",
    )
    said = await oos.call("ValidateTemplateContent", Content=text)
    assert json.loads(said["Parameters"]) == {"n": {"Type": "Number"}}
    assert (said["Tasks"][0]["Name"], said["Tasks"][0]["Type"]) == ("touch", "ACS::ExecuteAPI")
    bad = template({"Name": "x", "Action": "ACS::Nothing::X"})
    with pytest.raises(Exception, match=r"line 1, column \d+: unknown action `ACS::Nothing::X`"):
        await oos.call("ValidateTemplateContent", Content=bad)
    assert (await oos.refusal("ValidateTemplateContent"))[1] == "MissingParameter"


# ----------------------------------------------------------------------------- templates


async def test_templates_have_versions(oos: Sdk) -> None:
    made = await oos.call("CreateTemplate", TemplateName="mine", Content=LOOK, Tags={"a": "b"})
    assert made["Template"]["TemplateVersion"] == "v1"
    assert made["Template"]["TemplateFormat"] == "JSON"
    again = await oos.refusal("CreateTemplate", TemplateName="mine", Content=LOOK)
    assert again == (400, "EntityAlreadyExists.Template")
    newer = await oos.call("UpdateTemplate", TemplateName="mine", Content=SLEEP)
    assert newer["Template"]["TemplateVersion"] == "v2"
    assert (await oos.call("GetTemplate", TemplateName="mine"))["Content"] == SLEEP
    old = await oos.call("GetTemplate", TemplateName="mine", TemplateVersion="v1")
    assert old["Content"] == LOOK
    gone = await oos.refusal("GetTemplate", TemplateName="mine", TemplateVersion="v9")
    assert gone == (404, "EntityNotExists.TemplateVersion")
    missing = await oos.refusal("UpdateTemplate", TemplateName="other", Content=LOOK)
    assert missing == (404, "EntityNotExists.Template")
    named = await oos.refusal("CreateTemplate", TemplateName="acs-mine", Content=LOOK)
    assert named == (400, "InvalidParameter.TemplateName")
    await oos.call("CreateTemplate", TemplateName="yours", Content=LOOK)
    listed = (await oos.call("ListTemplates"))["Templates"]
    assert [item["TemplateName"] for item in listed] == ["yours", "mine"]
    id = (await oos.call("StartExecution", TemplateName="mine", TemplateVersion="v1"))["Execution"]
    assert (await oos.ended(id["ExecutionId"]))["TemplateVersion"] == "v1"


async def test_a_stored_template_is_part_of_another(oos: Sdk, party: Aliyun) -> None:
    inner = template(script("touch", "true", "{{ at }}"), Parameters={"at": {"Type": "String"}})
    await oos.call("CreateTemplate", TemplateName="inner", Content=inner)
    use = {"TemplateName": "inner", "Parameters": {"at": WEB1}}
    id = await oos.start(template({"Name": "use", "Action": "ACS::Template", "Properties": use}))
    assert (await oos.ended(id))["Status"] == "Success"
    (row,) = await oos.tasks(id)
    part = await oos.execution(row["ChildExecutionId"])
    assert (part["TemplateName"], part["Status"]) == ("inner", "Success")
    assert [r["TaskName"] for r in await oos.tasks(row["ChildExecutionId"])] == ["touch"]


# ----------------------------------------------------------------------------- lists


async def test_lists_come_in_pages(oos: Sdk) -> None:
    ids = [await oos.start(LOOK, Tags={"n": str(n % 2)}) for n in range(23)]
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        said = await oos.call("ListExecutions", MaxResults=10, **token)
        seen += [one["ExecutionId"] for one in said["Executions"]]
        if not said["NextToken"]:
            break
        token = {"NextToken": said["NextToken"]}
    assert seen == ids[::-1]
    odd = await oos.call("ListExecutions", Tags={"n": "1"}, SortOrder="Ascending")
    assert [one["ExecutionId"] for one in odd["Executions"]] == ids[1::2]
    assert (await oos.call("ListExecutions", Tags={"n": "1", "m": ""}))["Executions"] == []
    first = await oos.call("ListExecutions", MaxResults=10, SortOrder="Ascending")
    more = {"NextToken": first["NextToken"], "SortOrder": "Ascending"}
    rest = await oos.call("ListExecutions", **more)
    assert [one["ExecutionId"] for one in rest["Executions"]] == ids[10:]


async def test_lists_are_filtered(oos: Sdk) -> None:
    waits = await oos.start(template(approve()))
    sleeps = await oos.start(SLEEP)
    await oos.reached(waits, "Waiting")
    await oos.reached(sleeps, "Running")
    for filters, wanted in (
        ({"Status": "Waiting"}, [waits]),
        ({"Status": "Running"}, [sleeps]),
        ({"TemplateName": "content"}, [sleeps, waits]),
        ({"TemplateName": "other"}, []),
        ({"StartDateAfter": "2999-01-01T00:00:00Z"}, []),
        ({"StartDateBefore": "2999-01-01T00:00:00Z"}, [sleeps, waits]),
        ({"RegionId": "cn-beijing"}, []),
    ):
        found = (await oos.call("ListExecutions", **filters))["Executions"]
        assert [one["ExecutionId"] for one in found] == wanted, filters
    (row,) = (await oos.call("ListTaskExecutions", Status="Waiting"))["TaskExecutions"]
    assert row["ExecutionId"] == waits


@pytest.mark.parametrize(
    ("action", "fields", "code"),
    [
        ("ListExecutions", {"MaxResults": 9}, "InvalidParameter.MaxResults"),
        ("ListExecutions", {"MaxResults": 101}, "InvalidParameter.MaxResults"),
        ("ListTaskExecutions", {"MaxResults": 19}, "InvalidParameter.MaxResults"),
        ("ListExecutions", {"NextToken": "x"}, "InvalidParameter.NextToken"),
        ("ListExecutions", {"SortField": "Status"}, "InvalidParameter.SortField"),
        ("ListExecutions", {"SortOrder": "Up"}, "InvalidParameter.SortOrder"),
        ("ListExecutions", {"RamRole": "x"}, "InvalidParameter.RamRole"),
        ("ListTaskExecutions", {"ExecutionId": "x"}, "EntityNotExists.Execution"),
        ("ListExecutionLogs", {}, "MissingParameter"),
        ("NotifyExecution", {"ExecutionId": "x"}, "MissingParameter"),
        ("CancelExecution", {"ExecutionId": "x"}, "EntityNotExists.Execution"),
        ("DeleteExecutions", {"ExecutionIds": "[]"}, "InvalidAction.NotFound"),
    ],
)
async def test_what_is_refused(oos: Sdk, action: str, fields: dict[str, Any], code: str) -> None:
    assert (await oos.refusal(action, **fields))[1] == code


async def test_words_that_are_refused(oos: Sdk) -> None:
    id = await oos.start(template(approve()))
    await oos.reached(id, "Waiting")
    for fields, code in (
        ({"NotifyType": "Shout"}, "InvalidParameter.NotifyType"),
        ({"NotifyType": "SkipTask"}, "InvalidParameter.NotifyType"),
        ({"NotifyType": "Approve", "TaskName": "other"}, "InvalidNotify"),
        ({"NotifyType": "Approve", "TaskExecutionId": f"{id}.t0009"}, "InvalidNotify"),
        ({"NotifyType": "Approve", "TaskExecutionIds": "x"}, "InvalidParameter.TaskExecutionIds"),
    ):
        assert (await oos.refusal("NotifyExecution", ExecutionId=id, **fields))[1] == code
    assert (await oos.execution(id))["Status"] == "Waiting"
    ids = json.dumps([f"{id}.t0001"])
    await oos.call("NotifyExecution", ExecutionId=id, NotifyType="Approve", TaskExecutionIds=ids)
    assert (await oos.ended(id))["Status"] == "Success"


def test_parameters_are_those_of_the_sdk() -> None:
    kinds = parameters.API.schema("ListExecutions")
    assert {kinds["Tags"], kinds["MaxResults"], kinds["Status"]} == {"map", "int", "str"}
    for flat, code in (
        ({"Nothing": "1"}, "UnsupportedParameter"),
        ({"MaxResults": "ten"}, "InvalidParameter.MaxResults"),
        ({"IncludeChildExecution": "maybe"}, "InvalidParameter.IncludeChildExecution"),
        ({"Tags": "x"}, "InvalidParameter.Tags"),
    ):
        with pytest.raises(ApiError) as caught:
            parameters.API.parse("ListExecutions", flat)
        assert caught.value.code == code
    assert parameters.API.parse(
        "ListExecutions", {"IncludeChildExecution": "True", "Status": ""}
    ) == {"IncludeChildExecution": True}


# ----------------------------------------------------------------------------- faults


async def test_ordered_misbehaviour(oos: Sdk, party: Aliyun) -> None:
    await party.fault("StartExecution", "error", status=503, code="ServiceUnavailable")
    assert await oos.refusal("StartExecution", TemplateContent=LOOK) == (503, "ServiceUnavailable")
    await party.fault("StartExecution", "throttle")
    assert (await oos.refusal("StartExecution", TemplateContent=LOOK))[1] == "Throttling.User"
    await party.fault("StartExecution", "hang_up")
    await oos.refusal("StartExecution", TemplateContent=LOOK)
    assert await party.executions() == []
    await party.fault("StartExecution", "lose_answer")
    await oos.refusal("StartExecution", TemplateContent=LOOK)
    assert len(await party.executions()) == 1
    await party.fault("StartExecution", "slow", seconds=0.05)
    assert await oos.start(LOOK)


async def test_the_calls_of_an_execution_misbehave_too(oos: Sdk, party: Aliyun) -> None:
    await party.fault("RunCommand", "error", status=403, code="Forbidden.RAM", message="no")
    id = await oos.start(template(script("touch", "true")))
    ended = await oos.ended(id)
    assert ended["StatusMessage"] == "touch: Forbidden.RAM: no"
    (made,) = await party.calls("RunCommand")
    assert (made["status"], made["request"]["InstanceId.1"]) == (403, WEB1)


async def test_calls_that_executions_cannot_make_here(oos: Sdk, party: Aliyun) -> None:
    for task, said in (
        (api("x", properties={"Service": "nothing"}), "There is no product nothing."),
        (api("x", properties={"URI": "/clusters", "Method": "GET"}), "RPC calls only"),
    ):
        ended = await oos.ended(await oos.start(template(task)))
        assert said in ended["StatusMessage"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([{"Type": "Tags", "Tags": [{"Key": "tier", "Value": "web"}]}], 3),
        (
            [
                {"type": "tags", "tags": [{"Key": "tier", "Value": "web"}]},
                {"Type": "Tags", "Tags": [{"Key": "env", "Value": "prod"}]},
            ],
            2,
        ),
        ([{"Type": "ResourceIds", "ResourceIds": [WEB1, "i-nowhere"]}], 1),
        ([json.dumps({"Type": "ResourceIds", "ResourceIds": [WEB1]})], 1),
        ([{"Type": "All"}], 7),
    ],
)
async def test_targets_are_selected(oos: Sdk, filters: list[Any], found: int) -> None:
    select = {"ResourceType": "ALIYUN::ECS::Instance", "Filters": filters}
    ids = {"ids": {"Type": "List", "ValueSelector": "Instances.Instance[].InstanceId"}}
    task = {"Name": "find", "Action": "ACS::SelectTargets", "Properties": select, "Outputs": ids}
    outputs = {"ids": {"Type": "List", "Value": "{{ find.ids }}"}}
    ended = await oos.ended(await oos.start(template(task, Outputs=outputs)))
    assert len(json.loads(ended["Outputs"])["ids"]) == found, ended["StatusMessage"]


# ----------------------------------------------------------------------------- pure


def test_parameters_of_ecs_as_templates_write_them() -> None:
    assert acts.shaped("RunCommand", {"InstanceIds": ["a", "b"], "EnableParameter": True}) == {
        "InstanceId.1": "a",
        "InstanceId.2": "b",
        "EnableParameter": "true",
    }
    assert acts.shaped("DescribeInstances", {"instanceids": ["a"], "Status": ""}) == {
        "InstanceIds": '["a"]'
    }
    assert acts.shaped("DescribeInstances", {"Tags": [{"Key": "a", "Value": "b"}]}) == {
        "Tag.1.Key": "a",
        "Tag.1.Value": "b",
    }
    assert acts.flattened({"a": {"b": [1, False]}, "c": None}) == {"a.b.1": "1", "a.b.2": "false"}


def test_what_robots_answer() -> None:
    assert acts.refused('{"errcode": 0}') is None
    assert acts.refused("ok") is None
    failed = acts.refused('{"errcode": 310000, "errmsg": "keywords not in content"}')
    assert failed is not None
    assert failed.message == "310000: keywords not in content"
    lark = acts.refused('{"code": 19024, "msg": "Key Words Not Found"}')
    assert lark is not None
    assert lark.message.startswith("19024")
