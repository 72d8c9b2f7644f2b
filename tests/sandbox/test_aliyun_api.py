"""The ECS stand-in through the official SDK: signatures, limits, idempotency, pages, faults."""

from __future__ import annotations

import base64
import json
from typing import Any

import aiohttp
import pytest
from alibabacloud_tea_openapi.utils import Utils

from sandbox.aliyun import Aliyun, parameters
from sandbox.aliyun.errors import ApiError
from tests.sandbox.aliyun_party import (
    NO_AGENT,
    REGION,
    SWITCHED_OFF,
    WEB1,
    WEB2,
    Sdk,
    until,
)

SHELL = {"Type": "RunShellScript", "CommandContent": "true", "InstanceId": [WEB1]}


# ----------------------------------------------------------------------------- who is calling


@pytest.mark.parametrize("algorithm", [None, "v2"], ids=["acs3", "rpc"])
async def test_both_signatures_are_understood(party: Aliyun, algorithm: str | None) -> None:
    sdk = Sdk(party, signature_algorithm=algorithm)
    tag = [{"Key": "why", "Value": "a+b c/d?e=f&g~ü你好*'"}]
    invocation = await sdk.run("echo ok", Tag=tag, Name="name with spaces & 中文")
    assert (await sdk.result(invocation))["Output"] == "ok\n"
    (said,) = await party.invocations()
    assert said["tags"] == {"why": "a+b c/d?e=f&g~ü你好*'"}
    assert said["name"] == "name with spaces & 中文"


@pytest.mark.parametrize("algorithm", [None, "v2"], ids=["acs3", "rpc"])
async def test_wrong_secret_is_refused(party: Aliyun, algorithm: str | None) -> None:
    sdk = Sdk(party, access_key_secret="guess", signature_algorithm=algorithm)
    assert await sdk.refusal("RunCommand", **SHELL) == (400, "SignatureDoesNotMatch")
    assert await party.runs() == []


async def test_unknown_key_is_refused(party: Aliyun) -> None:
    sdk = Sdk(party, access_key_id="LTAIother")
    assert await sdk.refusal("DescribeInstances") == (404, "InvalidAccessKeyId.NotFound")


async def test_unsigned_request_is_refused(party: Aliyun) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{party.base_url}/?Action=DescribeInstances&Version=2014-05-26") as answer,
    ):
        said = await answer.json()
    assert (answer.status, said["Code"]) == (400, "IncompleteSignature")


async def test_nonce_is_good_once(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Utils, "get_nonce", staticmethod(lambda: "same"))
    await sdk.call("DescribeInstances")
    assert await sdk.refusal("DescribeInstances") == (400, "SignatureNonceUsed")


async def test_old_date_is_refused(sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Utils, "get_timestamp", staticmethod(lambda: "2020-01-01T00:00:00Z"))
    assert await sdk.refusal("DescribeInstances") == (400, "InvalidTimeStamp.Expired")


async def test_temporary_key_needs_its_token(party: Aliyun) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{party.base_url}/sandbox/credentials/countersign-7") as answer,
    ):
        key = await answer.json()
    names = {"access_key_id": key["AccessKeyId"], "access_key_secret": key["AccessKeySecret"]}
    assert (await Sdk(party, **names).refusal("DescribeInstances"))[1] == (
        "InvalidSecurityToken.Malformed"
    )
    await Sdk(party, security_token=key["SecurityToken"], **names).run("true")
    assert (await party.invocations())[0]["key"] == "countersign-7"


# ----------------------------------------------------------------------------- limits


def many(count: int) -> list[str]:
    return [f"i-none{n:04d}" for n in range(count)]


LIMITS: list[tuple[dict[str, Any], str]] = [
    ({"CommandContent": None}, "MissingParameter"),
    ({"Type": None}, "MissingParameter"),
    ({"RegionId": None}, "MissingParameter"),
    ({"RegionId": "moon-1"}, "InvalidRegionId.NotFound"),
    ({"Type": "RunPerl"}, "InvalidCmdType.NotFound"),
    ({"InstanceId": many(101)}, "InstanceIds.ExceedLimit"),
    ({"InstanceId": ["i-none"]}, "InvalidInstance.NotFound"),
    ({"InstanceId": None}, "InvalidParameter.InstanceId"),
    ({"CommandContent": "x" * 18433}, "CmdContent.ExceedLimit"),
    ({"CommandContent": "é%", "ContentEncoding": "Base64"}, "InvalidParameter.CommandContent"),
    ({"Name": "x" * 129}, "CmdName.ExceedLimit"),
    ({"Description": "x" * 513}, "CmdDesc.ExceedLimit"),
    ({"Username": "x" * 256}, "Username.ExceedLimit"),
    ({"WorkingDir": "x" * 201}, "InvalidParameter.WorkingDir"),
    ({"Timeout": 9}, "InvalidParameter.Timeout"),
    ({"Timeout": 86401}, "InvalidParameter.Timeout"),
    ({"ClientToken": "x" * 65}, "InvalidParameter.ClientToken"),
    ({"ClientToken": "é"}, "InvalidParameter.ClientToken"),
    ({"TerminationMode": "Never"}, "InvalidParameter.TerminationMode"),
    ({"Parameters": {"a": "1"}}, "Parameter.Disabled"),
    ({"Tag": [{"Key": f"k{n}", "Value": "v"} for n in range(21)]}, "NumberExceed.Tags"),
    ({"Tag": [{"Key": "acs:x", "Value": "v"}]}, "InvalidTagKey.Malformed"),
    ({"Tag": [{"Key": "k", "Value": "v" * 129}]}, "InvalidTagValue.Malformed"),
]


@pytest.mark.parametrize(
    ("fields", "code"), LIMITS, ids=[f"{c}-{n}" for n, (_, c) in enumerate(LIMITS)]
)
async def test_run_command_limits(
    party: Aliyun, sdk: Sdk, fields: dict[str, Any], code: str
) -> None:
    assert (await sdk.refusal("RunCommand", **(SHELL | fields)))[1] == code
    assert await party.invocations() == []


TEMPLATE = {"CommandContent": "echo {{ Who }}", "EnableParameter": True}
PARAMETERS: list[tuple[dict[str, str], str]] = [
    ({}, "Parameter.NotMatched"),
    ({"who": "x", "more": "y"}, "Parameter.NotMatched"),
    ({"": "x"}, "CmdParam.EmptyKey"),
    ({"who is": "x"}, "CmdParam.InvalidParamName"),
    ({"w" * 65: "x"}, "ParameterKey.ExceedLimit"),
    ({"who": "x", "WHO": "y"}, "ParameterKey.Duplicate"),
    ({f"p{n}": "x" for n in range(11)}, "ParameterCount.ExceedLimit"),
    ({"who": "x" * 24577}, "CmdContent.ExceedLimit"),
]


@pytest.mark.parametrize(("given", "code"), PARAMETERS)
async def test_parameter_rules(sdk: Sdk, given: dict[str, str], code: str) -> None:
    assert (await sdk.refusal("RunCommand", **SHELL | TEMPLATE | {"Parameters": given}))[1] == code


async def test_other_calls_have_limits_too(sdk: Sdk) -> None:
    for action, fields, code in (
        ("DescribeInvocationResults", {"MaxResults": 51}, "InvalidParam.PageSize"),
        ("DescribeInvocations", {"PageNumber": 0}, "InvalidParam.PageNumber"),
        ("DescribeInvocations", {"IncludeOutput": True}, "InvalidParameter.IncludeOutput"),
        ("DescribeInvocations", {"NextToken": "made up"}, "InvalidParameter.NextToken"),
        ("DescribeCloudAssistantStatus", {"InstanceId": many(51)}, "InstanceIds.ExceedLimit"),
        ("DescribeInstances", {"InstanceIds": "i-1,i-2"}, "InvalidParameter.InstanceIds"),
        ("StopInvocation", {"InvokeId": "t-none"}, "InvalidInvokeId.NotFound"),
        ("StopInvocation", {"InvokeId": "t", "InstanceId": many(51)}, "InvalidInvokeId.NotFound"),
        ("InvokeCommand", {"CommandId": "c-none"}, "InvalidCmdId.NotFound"),
        ("CreateCommand", {"Type": "RunShellScript", "Name": "n"}, "MissingParameter"),
        ("RebootInstance", {"InstanceId": "i-none"}, "InvalidInstanceId.NotFound"),
        ("DescribeImages", {}, "InvalidAction.NotFound"),
    ):
        assert (await sdk.refusal(action, **fields))[1] == code, (action, fields)


def test_parameters_are_the_models() -> None:
    fields = parameters.API.schema("RunCommand")
    assert fields["InstanceId"] == "list"
    assert fields["Tag"] == {"Key": "str", "Value": "str"}
    assert fields["Parameters"] == "map"
    assert (fields["Timeout"], fields["EnableParameter"]) == ("int", "bool")
    asked = {"RegionId": REGION, "Type": "t", "CommandContent": "c", "EnableParameter": "True"}
    assert parameters.API.parse("RunCommand", asked)["EnableParameter"] is True


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        ({"Colour": "red"}, "UnsupportedParameter"),
        ({"Timeout": "soon"}, "InvalidParameter.Timeout"),
        ({"EnableParameter": "yes"}, "InvalidParameter.EnableParameter"),
        ({"Parameters": "[1]"}, "InvalidParameter.Parameters"),
        ({"InstanceId.2": "i-1"}, "InvalidParameter.InstanceId"),
        ({"InstanceId": "i-1"}, "InvalidParameter.InstanceId"),
        ({"Tag.1.Colour": "red"}, "InvalidParameter.Tag"),
    ],
)
def test_malformed_parameters_are_refused(extra: dict[str, str], code: str) -> None:
    asked = {"RegionId": REGION, "Type": "t", "CommandContent": "c", **extra}
    with pytest.raises(ApiError) as refused:
        parameters.API.parse("RunCommand", asked)
    assert refused.value.code == code


# ----------------------------------------------------------------------------- client tokens


async def test_same_token_runs_once(party: Aliyun, sdk: Sdk) -> None:
    first = await sdk.run("echo once >> ran", ClientToken="token-1")
    assert await sdk.run("echo once >> ran", ClientToken="token-1") == first
    await sdk.result(first)
    assert (await party.files(WEB1))["ran"] == "once\n"
    assert [r["runs"] for i in await party.invocations() for r in i["results"]] == [1]


async def test_same_token_for_something_else_is_refused(party: Aliyun, sdk: Sdk) -> None:
    await sdk.run("echo a", ClientToken="token-1")
    answer = await sdk.refusal("RunCommand", **SHELL, ClientToken="token-1")
    assert answer == (400, "IdempotentParameterMismatch")
    assert len(await party.invocations()) == 1


async def test_refused_call_does_not_use_up_its_token(party: Aliyun, sdk: Sdk) -> None:
    await sdk.refusal("RunCommand", **SHELL | {"Timeout": 1}, ClientToken="token-1")
    await sdk.call("RunCommand", **SHELL, ClientToken="token-1")
    assert len(await party.invocations()) == 1


async def test_token_is_forgotten_after_a_while(party: Aliyun, sdk: Sdk) -> None:
    first = await sdk.run("true", ClientToken="token-1")
    party.clock.advance(3600)
    assert await sdk.run("true", ClientToken="token-1") != first


# ----------------------------------------------------------------------------- looking


async def test_pages_stay_stable_while_more_arrive(party: Aliyun, sdk: Sdk) -> None:
    ids = [await sdk.run("true", NO_AGENT, Tag=[{"Key": "b", "Value": "1"}]) for _ in range(7)]
    asked: dict[str, Any] = {"Tag": [{"Key": "b", "Value": "1"}], "MaxResults": 3}
    seen: list[str] = []
    token = ""
    while True:
        more = {"NextToken": token} if token else {}
        box = (await sdk.call("DescribeInvocationResults", **asked, **more))["Invocation"]
        seen += [r["InvokeId"] for r in box["InvocationResults"]["InvocationResult"]]
        await sdk.run("true", NO_AGENT, Tag=[{"Key": "b", "Value": "1"}])
        token = box["NextToken"]
        if not token:
            break
    assert seen == ids[::-1]


async def test_results_are_filtered(party: Aliyun, sdk: Sdk) -> None:
    one = await sdk.run("true", WEB1, NO_AGENT, Tag=[{"Key": "b", "Value": "1"}])
    two = await sdk.run("true", WEB1, Tag=[{"Key": "b", "Value": "2"}])
    await sdk.result(two)

    async def found(**fields: Any) -> list[tuple[str, str]]:
        return sorted((r["InvokeId"], r["InstanceId"]) for r in await sdk.results(**fields))

    assert await found(Tag=[{"Key": "b", "Value": "1"}]) == sorted([(one, WEB1), (one, NO_AGENT)])
    assert await found(Tag=[{"Key": "b"}], InstanceId=NO_AGENT) == [(one, NO_AGENT)]
    assert await found(InvokeId=two) == [(two, WEB1)]
    assert await found(InvokeRecordStatus="Failed") == [(one, NO_AGENT)]
    assert await found(Tag=[{"Key": "other", "Value": "1"}]) == []
    assert await found(InvokeId=one, RegionId="cn-beijing") == []


async def test_output_is_base64_unless_asked_otherwise(sdk: Sdk) -> None:
    invocation = await sdk.run("echo 你好")
    await sdk.result(invocation)
    answer = await sdk.call("DescribeInvocationResults", InvokeId=invocation)
    (item,) = answer["Invocation"]["InvocationResults"]["InvocationResult"]
    assert base64.b64decode(item["Output"]).decode() == "你好\n"


async def test_invocations_are_summed_up(sdk: Sdk) -> None:
    invocation = await sdk.run("true", WEB1, NO_AGENT, Name="mixed", Tag=[{"Key": "b"}])

    async def ended() -> bool:
        answer = await sdk.call("DescribeInvocations", InvokeId=invocation)
        (one,) = answer["Invocations"]["Invocation"]
        return bool(one["InvocationStatus"] == "PartialFailed")

    await until(ended)
    answer = await sdk.call("DescribeInvocations", CommandName="mix*", IncludeOutput=False)
    (one,) = answer["Invocations"]["Invocation"]
    each = {t["InstanceId"]: t for t in one["InvokeInstances"]["InvokeInstance"]}
    assert each[WEB1]["ExitCode"] == 0
    assert each[WEB1]["FinishTime"]
    assert each[NO_AGENT]["ErrorCode"] == "ClientNotRunning"


async def test_instances_by_id_name_and_tag(party: Aliyun, sdk: Sdk) -> None:
    async def names(**fields: Any) -> list[str]:
        answer = await sdk.call("DescribeInstances", MaxResults=100, **fields)
        return sorted(i["InstanceName"] for i in answer["Instances"]["Instance"])

    assert await names(InstanceIds=json.dumps([WEB1, "i-none"])) == ["web-01"]
    assert await names(InstanceName="web-02") == ["web-02"]
    assert await names(InstanceName="web-*") == ["web-01", "web-02", "web-03"]
    tags = [{"Key": "env", "Value": "prod"}, {"Key": "tier", "Value": "web"}]
    assert await names(Tag=tags) == ["web-01", "web-02"]
    await party.set_instance(WEB1, "Released")
    assert await names(Tag=tags) == ["web-02"]
    await party.add_machine("i-far", "far", region="cn-beijing")
    assert await names(RegionId="cn-beijing") == ["far"]


async def test_agent_status_is_told(party: Aliyun, sdk: Sdk) -> None:
    ids = [WEB1, WEB2, NO_AGENT, SWITCHED_OFF, "i-none"]
    await party.set_agent(WEB2, False)
    answer = await sdk.call("DescribeCloudAssistantStatus", InstanceId=ids)
    box = answer["InstanceCloudAssistantStatusSet"]["InstanceCloudAssistantStatus"]
    said = {i["InstanceId"]: i["CloudAssistantStatus"] for i in box}
    assert said == {WEB1: "true", WEB2: "false", NO_AGENT: "false", SWITCHED_OFF: "false"}


async def test_stored_commands(party: Aliyun, sdk: Sdk) -> None:
    script = base64.b64encode(b"echo hello {{ name }}").decode()
    made = await sdk.call(
        "CreateCommand",
        Name="greet",
        Type="RunShellScript",
        CommandContent=script,
        EnableParameter=True,
    )
    answer = await sdk.call("DescribeCommands", Name="gre*", ContentEncoding="PlainText")
    (command,) = answer["Commands"]["Command"]
    assert command["CommandContent"] == "echo hello {{ name }}"
    ran = await sdk.call(
        "InvokeCommand",
        CommandId=made["CommandId"],
        InstanceId=[WEB1],
        Parameters={"NAME": "you; echo injected"},
    )
    assert (await sdk.result(ran["InvokeId"]))["Output"] == "hello you\ninjected\n"


# ----------------------------------------------------------------------------- faults


async def test_faults_come_on_demand(party: Aliyun, sdk: Sdk) -> None:
    await party.fault("RunCommand", "error", status=503, code="ServiceUnavailable")
    assert await sdk.refusal("RunCommand", **SHELL) == (503, "ServiceUnavailable")
    await party.fault("RunCommand", "throttle", retry_after_ms=250)
    assert await sdk.refusal("RunCommand", **SHELL) == (400, "Throttling.User")
    for do in ("hang_up", "html"):
        await party.fault("RunCommand", do)
        await sdk.refusal("RunCommand", **SHELL)
    assert await party.invocations() == []
    await party.fault("RunCommand", "lose_answer")
    await sdk.refusal("RunCommand", **SHELL)
    assert len(await party.invocations()) == 1
    calls = await party.calls("RunCommand")
    assert [c["status"] for c in calls] == [503, 400, 0, 502, 0]
