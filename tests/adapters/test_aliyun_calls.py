"""A template's calls of ECS: made once, repeated only where that is harmless, or looked up."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.aliyun import Aliyun, Credentials, pages
from bot import failpoints, model
from bot.oos.engine import calls
from sandbox import aliyun as party_module
from tests.adapters.aliyun_plans import Clock, executor
from tests.sandbox.aliyun_party import DB1, REGION, SWITCHED_OFF, WEB1, WEB2, until

pytestmark = pytest.mark.usefixtures("hurry")

Party = party_module.Aliyun
TOKEN = "call-token-1"


def call(api: str, lookup: bool = False, age: float | None = 5, **parameters: Any) -> model.RunCall:
    """A call of ECS as the interpreter writes it, first tried ``age`` seconds ago."""
    what = calls.Api("ECS", api, parameters, REGION)
    at = None if age is None else Clock().now() - timedelta(seconds=age)
    return model.RunCall(7, "c0de", "tasks/one#0", TOKEN, what, REGION, lookup, at)


def script(text: str = "echo hi", *instances: str, **more: Any) -> dict[str, Any]:
    ids = list(instances or (WEB1,))
    return {"Type": "RunShellScript", "CommandContent": text, "InstanceIds": ids, **more}


async def document(one: Aliyun, effect: model.RunCall, attempt: model.Attempt | None = None) -> Any:
    outcome = await one.perform(effect, attempt or model.Attempt())
    assert isinstance(outcome, model.Done), outcome
    json.dumps(outcome.data)
    return outcome.data["document"]


async def made(party: Party, action: str) -> list[dict[str, Any]]:
    return [c["request"] for c in await party.calls(action)]


# ----------------------------------------------------------------------------- the way it goes


async def test_a_read_gives_the_answer_as_it_is(aliyun: Aliyun, party: Party) -> None:
    found = await document(aliyun, call("DescribeInstances", InstanceIds=[WEB1, DB1]))
    assert [i["InstanceId"] for i in found["Instances"]["Instance"]] == [WEB1, DB1]
    assert found["TotalCount"] == 2
    assert found["RequestId"]
    (sent,) = await made(party, "DescribeInstances")
    assert json.loads(sent["InstanceIds"]) == [WEB1, DB1]
    assert sent["RegionId"] == REGION
    assert "ClientToken" not in sent


async def test_a_command_runs_with_token_and_tags(aliyun: Aliyun, party: Party) -> None:
    tags = [{"Key": "owner", "Value": "hr"}, {"Key": "countersign-step", "Value": "forged"}]
    found = await document(aliyun, call("runcommand", **script("echo hi", WEB1, WEB2, Tags=tags)))
    (said,) = await party.invocations()
    assert (said["id"], said["command_id"]) == (found["InvokeId"], found["CommandId"])
    assert said["token"] == TOKEN
    assert said["tags"] == {"owner": "hr", "countersign-step": TOKEN, "countersign-request": "7"}
    await until(lambda: not party.agents.jobs)
    assert sorted(r["instance"] for r in await party.runs()) == [WEB1, WEB2]


async def test_a_token_of_the_templates_own_stays(aliyun: Aliyun, party: Party) -> None:
    await document(aliyun, call("RunCommand", **script(ClientToken="theirs")))
    (said,) = await party.invocations()
    assert said["token"] == "theirs"
    assert said["tags"] == {}


async def test_an_empty_token_is_filled(aliyun: Aliyun, party: Party) -> None:
    await document(aliyun, call("RunCommand", **script(clientToken="")))
    assert (await party.invocations())[0]["token"] == TOKEN


async def test_checkpoints_stand_around_the_call(aliyun: Aliyun) -> None:
    seen: list[str] = []
    failpoints.install(seen.append)
    try:
        await document(aliyun, call("RunCommand", **script()))
    finally:
        failpoints.install(None)
    assert seen == ["aliyun.before.RunCommand", "aliyun.after.RunCommand"]


async def test_connections_are_kept(aliyun: Aliyun, party: Party) -> None:
    for _ in range(5):
        await document(aliyun, call("DescribeInstances"))
    assert len(aliyun._api.clients) == 1


# ----------------------------------------------------------------------------- all pages


async def test_a_list_comes_whole(aliyun: Aliyun, party: Party) -> None:
    for n in range(230):
        await party.add_machine(f"i-many{n:04d}", f"many-{n}", agent=False)
    found = await document(aliyun, call("DescribeInstances"))
    ids = [i["InstanceId"] for i in found["Instances"]["Instance"]]
    assert len(ids) == len(set(ids)) == found["TotalCount"] == 237
    assert len(await party.calls("DescribeInstances")) == 5


async def test_results_of_many_instances_come_whole(aliyun: Aliyun, party: Party) -> None:
    machines = [f"i-many{n:03d}" for n in range(90)]
    for one in machines:
        await party.add_machine(one, one, agent=False)
    made = await document(aliyun, call("RunCommand", **script("true", *machines)))
    found = await document(aliyun, call("DescribeInvocationResults", InvokeId=made["InvokeId"]))
    results = found["Invocation"]["InvocationResults"]["InvocationResult"]
    assert sorted(r["InstanceId"] for r in results) == machines


@pytest.mark.parametrize(
    ("asked", "paging", "shown", "calls"),
    [
        ({}, None, 67, 2),
        ({"PageSize": 20}, None, 67, 4),
        ({"MaxResults": 30}, None, 67, 3),
        ({"PageSize": 20, "PageNumber": 1}, None, 67, 4),
        ({"pageNumber": 2}, None, 10, 1),
        ({"PageSize": 20}, True, 67, 4),
        ({"PageSize": 20}, False, 20, 1),
        ({"MaxResults": 30}, False, 30, 1),
        ({}, False, 10, 1),
    ],
)
async def test_auto_paging_says_whether_all_pages_are_wanted(
    aliyun: Aliyun, party: Party, asked: dict[str, int], paging: bool | None, shown: int, calls: int
) -> None:
    """True where nothing is said, as OOS documents it, unless the template asks for one page."""
    for n in range(60):
        await party.add_machine(f"i-many{n:04d}", f"many-{n}", agent=False)
    made = call("DescribeInstances", **asked)
    found = await document(aliyun, replace(made, what=replace(made.what, paging=paging)))
    assert len(found["Instances"]["Instance"]) == shown
    assert len(await party.calls("DescribeInstances")) == calls


async def test_a_list_without_end_is_refused(
    aliyun: Aliyun, party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST", 2)
    for n in range(160):
        await party.add_machine(f"i-many{n:04d}", f"many-{n}", agent=False)
    outcome = await aliyun.perform(call("DescribeInstances"), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert "ask for less" in outcome.reason


# ----------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("what", "word"),
    [
        (calls.Notify(""), "notify"),
        (calls.Approve(), "approve"),
        (calls.Product("", {}, REGION), "product"),
        ({"api": "Describe Instances"}, "name of an API"),
        ({"api": "Run\r\nHost: x"}, "name of an API"),
        ({"region": "evil.com/"}, "not a region"),
        ({"region": "cn-hangzhou.evil.com"}, "not a region"),
        ({"version": "newest"}, "version"),
        ({"endpoint": "evil.com"}, "evil.com"),
        ({"endpoint": "wss://["}, "not one of Alibaba Cloud's"),
        ({"endpoint": "ecs.aliyuncs.com.evil.com"}, "evil.com"),
        ({"endpoint": "https://evil.com/ecs.aliyuncs.com"}, "evil.com"),
        ({"endpoint": "evil.com#.aliyuncs.com"}, "evil.com"),
        ({"endpoint": "x@evil.com:80/.aliyuncs.com"}, "evil.com"),
        ({"headers": {"Host": "evil.com"}}, "Host"),
        ({"headers": {"X-Acs-Action": "DeleteInstance"}}, "X-Acs-Action"),
        ({"headers": {"a": "b\r\nc: d"}}, "cannot be sent"),
        ({"headers": "x"}, "mapping"),
        ({"parameters": {"Action": "DeleteInstance"}}, "Action"),
        ({"parameters": {"securityToken": "x"}}, "securityToken"),
        ({"method": "DELETE"}, "GET, POST"),
        ({"body": "x"}, "mapping"),
    ],
)
async def test_what_must_not_be_sent(
    aliyun: Aliyun, party: Party, what: dict[str, Any] | calls.What, word: str
) -> None:
    if isinstance(what, dict):
        usual = calls.Api("ecs", "DescribeInstances", {}, REGION)
        what = replace(usual, **what)
    outcome = await aliyun.perform(model.RunCall(7, "c", "k", TOKEN, what, REGION), model.Attempt())
    assert isinstance(outcome, model.Refused), outcome
    assert word in outcome.reason
    assert await party.calls() == []


SECRET = "{{ oos-secret:db_password }}"


@pytest.mark.parametrize(
    "given",
    [
        script("echo '{{what}}'", EnableParameter=True, Parameters={"what": SECRET}),
        script("echo '{{what}}'", EnableParameter="true", Parameters=json.dumps({"what": SECRET})),
        script("echo '{{what}}'", enableParameter=True, parameters={"what": "{{ACS::InstanceId}}"}),
        script(f"echo {SECRET}"),
        script("ZWNobyB7e29vcy1zZWNyZXQ6ZGJ9fQ==", ContentEncoding="Base64"),
    ],
)
async def test_a_value_never_becomes_a_secret_of_the_operators(
    aliyun: Aliyun, party: Party, given: dict[str, Any]
) -> None:
    """What Cloud Assistant would put in for a placeholder would be printed into the chat."""
    outcome = await aliyun.perform(call("RunCommand", **given), model.Attempt())
    assert isinstance(outcome, model.Refused), outcome
    assert outcome.code == "InvalidCall"
    assert not await made(party, "RunCommand")


async def test_a_refusal_of_the_platform_says_what_to_do(aliyun: Aliyun, party: Party) -> None:
    await party.fault("RunCommand", "error", status=403, code="Forbidden.RAM")
    outcome = await aliyun.perform(call("RunCommand", **script()), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert (outcome.code, "ecs:RunCommand" in outcome.reason) == ("Forbidden.RAM", True)


async def test_incomplete_credentials_are_a_refusal(party: Party) -> None:
    async with executor(party.base_url, credentials=Credentials("key", "LTAIx", "")) as one:
        outcome = await one.perform(call("DescribeInstances"), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert "credentials" in outcome.reason


# ----------------------------------------------------------------------------- trouble on the way


@pytest.mark.parametrize("do", ["throttle", "error", "hang_up", "html", "lose_answer"])
async def test_a_call_with_a_token_is_ridden_out(aliyun: Aliyun, party: Party, do: str) -> None:
    more = {"retry_after_ms": 5} if do == "throttle" else {}
    await party.fault("RunCommand", do, times=2, **more)
    found = await document(aliyun, call("RunCommand", **script()))
    assert [i["id"] for i in await party.invocations()] == [found["InvokeId"]]
    assert [r["ClientToken"] for r in await made(party, "RunCommand")] == [TOKEN] * 3


@pytest.mark.parametrize("do", ["error", "hang_up", "lose_answer", "html"])
async def test_a_call_without_a_token_is_never_repeated(
    aliyun: Aliyun, party: Party, do: str
) -> None:
    await party.fault("StopInvocation", do, times=9)
    outcome = await aliyun.perform(call("StopInvocation", InvokeId="t-1"), model.Attempt())
    assert isinstance(outcome, model.Unknown)
    assert outcome.token == TOKEN
    assert len(await made(party, "StopInvocation")) == 1


async def test_throttling_did_not_happen(aliyun: Aliyun, party: Party) -> None:
    await party.fault("StopInvocation", "throttle", times=9, retry_after_ms=5)
    outcome = await aliyun.perform(call("StopInvocation", InvokeId="t-1"), model.Attempt())
    assert isinstance(outcome, model.NotSent)
    assert len(await made(party, "StopInvocation")) == 3


async def test_a_read_that_fails_changed_nothing(aliyun: Aliyun, party: Party) -> None:
    await party.fault("DescribeInstances", "hang_up", times=9)
    for doubt in (False, True):
        outcome = await aliyun.perform(call("DescribeInstances"), model.Attempt(uncertain=doubt))
        assert isinstance(outcome, model.NotSent)


async def test_a_slow_answer_is_unknown(party: Party) -> None:
    await party.fault("StopInvocation", "slow", seconds=30)
    async with executor(party.base_url, call_timeout=0.1) as one:
        outcome = await one.perform(call("StopInvocation", InvokeId="t-1"), model.Attempt())
    assert isinstance(outcome, model.Unknown)
    assert "in time" in outcome.reason
    party.clock.advance(60)


async def test_refused_after_a_lost_answer_is_looked_up(aliyun: Aliyun, party: Party) -> None:
    await party.fault("RunCommand", "lose_answer")
    await party.fault("RunCommand", "error", times=9, status=403, code="Forbidden.RAM")
    found = await document(aliyun, call("RunCommand", **script()))
    assert found["InvokeId"] == (await party.invocations())[0]["id"]


async def test_a_token_used_for_something_else_is_a_persons_matter(
    aliyun: Aliyun, party: Party
) -> None:
    first = call("CreateCommand", Name="a", Type="RunShellScript", CommandContent="ZQ==")
    other = call("CreateCommand", Name="b", Type="RunShellScript", CommandContent="ZQ==")
    await document(aliyun, first)
    outcome = await aliyun.perform(other, model.Attempt())
    assert isinstance(outcome, model.Unknown)


# ----------------------------------------------------------------------------- in doubt


async def test_in_doubt_a_read_is_made_again(aliyun: Aliyun) -> None:
    found = await document(
        aliyun, call("DescribeInstances", age=None), model.Attempt(uncertain=True)
    )
    assert found["TotalCount"] == 7


async def test_in_doubt_a_young_call_with_our_token_is_made_again(
    aliyun: Aliyun, party: Party
) -> None:
    effect = call("RunCommand", **script())
    first = await document(aliyun, effect)
    assert (await document(aliyun, effect, model.Attempt(uncertain=True)))["InvokeId"] == first[
        "InvokeId"
    ]
    await until(lambda: not party.agents.jobs)
    assert len(await party.runs()) == 1


@pytest.mark.parametrize(
    "effect",
    [
        call("RunCommand", age=601, **script()),
        call("RunCommand", age=None, **script()),
        call("RunCommand", **script(ClientToken="theirs")),
        call("RebootInstance", InstanceId=WEB1),
        call("StopInvocation", InvokeId="t-1"),
        call("RebootInstance", InstanceId=WEB1, ClientToken=""),
        call("NovelApi", ClientToken="", A=1, age=None),
    ],
    ids=[
        "old",
        "ageless",
        "their token",
        "no token",
        "no token either",
        "takes none",
        "unknown api",
    ],
)
async def test_in_doubt_all_else_is_not_made(
    aliyun: Aliyun, party: Party, effect: model.RunCall
) -> None:
    outcome = await aliyun.perform(effect, model.Attempt(uncertain=True))
    assert isinstance(outcome, model.Unknown)
    assert outcome.token == TOKEN
    assert await party.calls() == []


async def test_in_doubt_a_refusal_is_no_proof(aliyun: Aliyun, party: Party) -> None:
    await party.fault("CreateCommand", "error", times=9, status=403, code="CmdCount.ExceedQuota")
    effect = call("CreateCommand", Name="a", Type="RunShellScript", CommandContent="ZQ==")
    assert isinstance(await aliyun.perform(effect, model.Attempt(uncertain=True)), model.Unknown)
    assert isinstance(await aliyun.perform(effect, model.Attempt()), model.Refused)


async def test_in_doubt_throttling_decides_nothing(aliyun: Aliyun, party: Party) -> None:
    await party.fault("RunCommand", "throttle", times=9, retry_after_ms=5)
    outcome = await aliyun.perform(call("RunCommand", **script()), model.Attempt(uncertain=True))
    assert isinstance(outcome, model.Unknown)


# ----------------------------------------------------------------------------- looked up


async def test_a_command_is_found_by_its_tag(aliyun: Aliyun, party: Party) -> None:
    first = await document(aliyun, call("RunCommand", **script()))
    for age in (5, 9999, None):
        found = await document(aliyun, call("RunCommand", lookup=True, age=age, **script()))
        assert found == {k: first[k] for k in ("InvokeId", "CommandId")}
    assert len(await made(party, "RunCommand")) == 1


async def test_a_command_without_a_trace(aliyun: Aliyun, party: Party) -> None:
    outcome = await aliyun.perform(
        call("RunCommand", lookup=True, age=601, **script()), model.Attempt()
    )
    assert isinstance(outcome, model.Unknown)
    assert await made(party, "RunCommand") == []


async def test_a_young_call_is_looked_up_with_its_token(aliyun: Aliyun, party: Party) -> None:
    body = {"Name": "a", "Type": "RunShellScript", "CommandContent": "ZQ=="}
    first = await document(aliyun, call("CreateCommand", **body))
    found = await document(aliyun, call("CreateCommand", lookup=True, **body))
    assert found["CommandId"] == first["CommandId"]
    old = await aliyun.perform(call("CreateCommand", lookup=True, age=601, **body), model.Attempt())
    assert isinstance(old, model.Unknown)


async def test_a_reboot_cannot_be_looked_up(aliyun: Aliyun, party: Party) -> None:
    outcome = await aliyun.perform(
        call("RebootInstance", lookup=True, InstanceId=WEB1), model.Attempt()
    )
    assert isinstance(outcome, model.Unknown)
    assert await party.calls() == []


@pytest.mark.parametrize(
    ("action", "status", "told"),
    [
        ("StartInstance", "Running", "done"),
        ("StartInstance", "Starting", "done"),
        ("startinstance", "Stopped", "refused"),
        ("StartInstance", "Stopping", "unknown"),
        ("StartInstance", "Released", "unknown"),
        ("StopInstance", "Stopped", "done"),
        ("StopInstance", "Stopping", "done"),
        ("StopInstance", "Running", "refused"),
        ("StopInstance", "Starting", "unknown"),
        ("DeleteInstance", "Released", "done"),
        ("DeleteInstance", "Stopped", "refused"),
        ("DeleteInstance", "Stopping", "unknown"),
    ],
)
async def test_a_state_tells_what_happened(
    aliyun: Aliyun, party: Party, action: str, status: str, told: str
) -> None:
    await party.set_instance(WEB1, status)
    effect = call(action, lookup=True, age=None, InstanceId=WEB1)
    outcome = await aliyun.perform(effect, model.Attempt())
    assert outcome.kind == told
    if isinstance(outcome, model.Refused):
        assert outcome.code == "not_made"
        assert WEB1 in outcome.reason
    if isinstance(outcome, model.Done):
        assert outcome.data == {"document": {}}
    assert {c["api"] for c in await party.calls()} == {"DescribeInstances"}


async def test_several_instances_in_different_states(aliyun: Aliyun, party: Party) -> None:
    ids = [WEB1, SWITCHED_OFF]
    effect = call("StartInstances", lookup=True, InstanceIds=ids)
    assert isinstance(await aliyun.perform(effect, model.Attempt()), model.Unknown)
    await party.set_instance(SWITCHED_OFF, "Running")
    assert isinstance(await aliyun.perform(effect, model.Attempt()), model.Done)


async def test_a_state_without_an_instance(aliyun: Aliyun) -> None:
    outcome = await aliyun.perform(call("StartInstance", lookup=True), model.Attempt())
    assert isinstance(outcome, model.Unknown)


@pytest.mark.parametrize("do", ["throttle", "hang_up", "error"])
async def test_a_look_that_cannot_be_made_now(aliyun: Aliyun, party: Party, do: str) -> None:
    for watched, effect in (
        ("DescribeInvocations", call("RunCommand", lookup=True, **script())),
        ("DescribeInstances", call("StopInstance", lookup=True, InstanceId=WEB1)),
    ):
        await party.fault(
            watched, do, times=3, **({"retry_after_ms": 5} if do == "throttle" else {})
        )
        assert isinstance(await aliyun.perform(effect, model.Attempt()), model.NotSent)


async def test_a_look_that_is_forbidden_proves_nothing(aliyun: Aliyun, party: Party) -> None:
    await party.fault("DescribeInstances", "error", status=403, code="Forbidden.RAM")
    effect = call("StopInstance", lookup=True, InstanceId=WEB1)
    outcome = await aliyun.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Unknown)
    assert "DescribeInstances" in outcome.reason


# ----------------------------------------------------------------------------- discretion


async def test_no_script_and_no_secret_in_any_log(
    party: Party, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await party.fault("RunCommand", "hang_up", times=99)
    async with executor(party.base_url) as one:
        outcome = await one.perform(
            call("RunCommand", **script("echo very-secret")), model.Attempt()
        )
    said = caplog.text + repr(outcome)
    assert "very-secret" not in said
    assert "Signature=" not in said
    assert "try 1" in said


async def test_many_at_once(aliyun: Aliyun, party: Party) -> None:
    found = await asyncio.gather(*(document(aliyun, call("DescribeInstances")) for _ in range(30)))
    assert {f["TotalCount"] for f in found} == {7}


async def test_a_call_of_another_plan_is_never_taken_for_ours(aliyun: Aliyun, party: Party) -> None:
    """Looked up by its tag; one of an earlier release carries no digest and is found as ever."""
    ours = replace(call("RunCommand", **script()), digest="a" * 64)
    first = await document(aliyun, ours)
    look = replace(ours, lookup=True)
    assert (await document(aliyun, look))["InvokeId"] == first["InvokeId"]
    other = await aliyun.perform(replace(look, digest="b" * 64), model.Attempt())
    assert isinstance(other, model.Unknown)
    assert "another plan" in other.reason
    earlier = replace(look, digest="")
    assert (await document(aliyun, earlier))["InvokeId"] == first["InvokeId"]


async def test_a_call_that_the_record_says_was_never_made_is_looked_for_once_its_token_is_old(
    aliyun: Aliyun, party: Party
) -> None:
    """The record is that of a store that was put back; the platform has forgotten the token."""
    first = await document(aliyun, replace(call("RunCommand", **script()), digest="a" * 64))
    party.clock.advance(3600)
    again = replace(call("RunCommand", age=3600, **script()), digest="a" * 64)
    assert (await document(aliyun, again))["InvokeId"] == first["InvokeId"]
    assert len(await party.invocations()) == 1
