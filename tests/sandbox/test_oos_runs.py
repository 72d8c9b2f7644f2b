"""Executions of the OOS stand-in, through the official SDK over a real socket."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from sandbox.aliyun import Aliyun
from tests.sandbox.aliyun_party import DB1, WEB1, WEB2, until
from tests.sandbox.oos_client import Sdk, api, approve, script, template


async def test_an_execution_really_runs(oos: Sdk, party: Aliyun) -> None:
    text = template(
        api(
            "find",
            parameters={"InstanceIds": [WEB1, WEB2]},
            Outputs={"ids": {"Type": "List", "ValueSelector": "Instances.Instance[].InstanceId"}},
        ),
        script("touch", "touch here", DB1),
        Outputs={"ids": {"Type": "List", "Value": "{{ find.ids }}"}},
    )
    started = await oos.call(
        "StartExecution", TemplateContent=text, Description="try", Tags={"a": "b"}
    )
    one = started["Execution"]
    assert one["ExecutionId"].startswith("exec-")
    assert (one["Status"], one["Parameters"], one["Tags"]) == ("Started", "{}", {"a": "b"})
    ended = await oos.ended(one["ExecutionId"])
    assert ended["Status"] == "Success"
    assert sorted(json.loads(ended["Outputs"])["ids"]) == sorted([WEB1, WEB2])
    assert ended["Counters"] == {"TotalTasks": 2, "SuccessTasks": 2, "FailedTasks": 0}
    assert (ended["CurrentTasks"], ended["Description"]) == ([], "try")
    find, touch = await oos.tasks(one["ExecutionId"])
    assert find["TaskExecutionId"] == f"{one['ExecutionId']}.t0001"
    assert (touch["TaskName"], touch["Status"]) == ("touch", "Success")
    assert json.loads(touch["Outputs"])["id"].startswith("t-")
    await until(lambda: not party.agents.jobs)
    assert [run["instance"] for run in await party.runs()] == [DB1]
    logs = (await oos.call("ListExecutionLogs", ExecutionId=one["ExecutionId"]))["ExecutionLogs"]
    assert "The task touch ended: Success." in [line["Message"] for line in logs]


async def test_what_the_cloud_refuses_fails_it_with_a_sentence(oos: Sdk) -> None:
    id = await oos.start(template(script("touch", "true", "i-nowhere"), api("after")))
    ended = await oos.ended(id)
    assert ended["Status"] == "Failed"
    assert ended["StatusMessage"].startswith("touch: InvalidInstance.NotFound: ")
    assert ended["Counters"] == {"TotalTasks": 2, "SuccessTasks": 0, "FailedTasks": 1}
    assert [(row["TaskName"], row["Status"]) for row in await oos.tasks(id)] == [
        ("touch", "Failed")
    ]


async def test_an_approval_waits_and_goes_on(oos: Sdk, party: Aliyun) -> None:
    text = template(approve(Approvers=["bob"]), script("touch", "true"))
    id = await oos.start(text)
    waits = await oos.reached(id, "Waiting")
    (task,) = waits["CurrentTasks"]
    assert (task["TaskName"], task["TaskAction"]) == ("ask", "ACS::Approve")
    (row,) = await oos.tasks(id)
    assert (row["Status"], json.loads(row["Properties"])) == ("Waiting", {"Approvers": ["bob"]})
    assert await party.runs() == []
    await oos.call("NotifyExecution", ExecutionId=id, NotifyType="Approve", NotifyNote="go")
    assert (await oos.ended(id))["Status"] == "Success"
    assert (await oos.tasks(id))[0]["ExtraData"] == {"NotifyNote": "go"}
    again = await oos.refusal("NotifyExecution", ExecutionId=id, NotifyType="Approve")
    assert again == (400, "InvalidExecutionStatus")


async def test_a_rejection_cancels(oos: Sdk, party: Aliyun) -> None:
    id = await oos.start(template(approve(), script("touch", "true")))
    await oos.reached(id, "Waiting")
    await oos.call("NotifyExecution", ExecutionId=id, NotifyType="Reject", TaskName="ask")
    ended = await oos.ended(id)
    assert ended["Status"] == "Cancelled"
    assert ended["StatusMessage"].startswith("ask: Rejected: ")
    assert await party.runs() == []


async def test_several_approvals_are_counted(oos: Sdk, party: Aliyun) -> None:
    id = await oos.start(template(approve(MinRequiredApprovals=2)))
    await oos.reached(id, "Waiting")
    await oos.call("NotifyExecution", ExecutionId=id, NotifyType="Approve")
    assert (await oos.execution(id))["Status"] == "Waiting"
    await oos.call("NotifyExecution", ExecutionId=id, NotifyType="Approve")
    assert (await oos.ended(id))["Status"] == "Success"
    party.oos.teller.distinct_approvers = True
    id = await oos.start(template(approve(MinRequiredApprovals=2)))
    await oos.reached(id, "Waiting")
    for _ in range(3):
        await oos.call("NotifyExecution", ExecutionId=id, NotifyType="Approve")
    assert (await oos.execution(id))["Status"] == "Waiting"


@pytest.mark.parametrize("check", ["Skip", "ConfirmEveryHighRiskAction", ""])
async def test_a_task_of_high_risk_is_confirmed(oos: Sdk, party: Aliyun, check: str) -> None:
    text = template(script("touch", "true", properties={"Risk": "High"}))
    id = await oos.start(text, **({"SafetyCheck": check} if check else {}))
    if check != "Skip":
        waits = await oos.reached(id, "Waiting", "Success")
        assert (waits["Status"], waits["WaitingStatus"]) == ("Waiting", "Confirm")
        assert await party.runs() == []
        word = "Approve" if check else "ExecuteTask"
        await oos.call("NotifyExecution", ExecutionId=id, NotifyType=word)
    assert (await oos.ended(id))["Status"] == "Success"
    await until(lambda: not party.agents.jobs)
    assert len(await party.runs()) == 1


@pytest.mark.parametrize("word", ["CancelTask", "Reject"])
async def test_a_task_of_high_risk_is_not_confirmed(oos: Sdk, party: Aliyun, word: str) -> None:
    id = await oos.start(template(script("touch", "true", properties={"Risk": "High"})))
    await oos.reached(id, "Waiting")
    await oos.call("NotifyExecution", ExecutionId=id, NotifyType=word)
    assert (await oos.execution(id))["Status"] == "Cancelled"
    assert (await oos.tasks(id))[0]["Status"] == "Cancelled"
    assert await party.runs() == []


async def test_a_pause_and_an_end_by_hand(oos: Sdk) -> None:
    pause = {"Name": "hold", "Action": "ACS::Pause"}
    id = await oos.start(template(pause, api("after")))
    await oos.reached(id, "Waiting")
    wrong = await oos.refusal("NotifyExecution", ExecutionId=id, NotifyType="Approve")
    assert wrong == (400, "InvalidNotify")
    await oos.call("NotifyExecution", ExecutionId=id, NotifyType="ExecuteTask")
    assert (await oos.ended(id))["Status"] == "Success"
    id = await oos.start(template(pause))
    await oos.reached(id, "Waiting")
    assert await oos.refusal("NotifyExecution", ExecutionId=id, NotifyType="CompleteExecution") == (
        400,
        "MissingParameter",
    )
    done = {"NotifyType": "CompleteExecution", "ExecutionStatus": "Failed"}
    await oos.call("NotifyExecution", ExecutionId=id, **done)
    assert (await oos.execution(id))["Status"] == "Failed"


async def test_sleeping_takes_the_sandboxs_time(oos: Sdk, party: Aliyun) -> None:
    sleep = {"Name": "sleep", "Action": "ACS::Sleep", "Properties": {"Duration": "PT1H"}}
    id = await oos.start(template(sleep))
    running = await oos.reached(id, "Running")
    assert [task["TaskName"] for task in running["CurrentTasks"]] == ["sleep"]
    party.clock.advance(3601)
    assert (await oos.ended(id))["Status"] == "Success"


async def test_cancelling_ends_it_at_once(oos: Sdk) -> None:
    sleep = {"Name": "sleep", "Action": "ACS::Sleep", "Properties": {"Duration": "PT1H"}}
    id = await oos.start(template(sleep))
    await oos.call("CancelExecution", ExecutionId=id)
    assert (await oos.execution(id))["Status"] == "Cancelled"
    assert await oos.refusal("CancelExecution", ExecutionId=id) == (400, "InvalidExecutionStatus")
    unknown = await oos.refusal("CancelExecution", ExecutionId="exec-nothing")
    assert unknown == (404, "EntityNotExists.Execution")


async def test_a_loop_shows_its_items_and_its_errors(oos: Sdk) -> None:
    machines = [WEB1, "i-nowhere", WEB2]
    loop = {
        "Items": machines,
        "RateControl": {"Mode": "Concurrency", "Concurrency": 1, "MaxErrors": 1},
    }
    id = await oos.start(template(script("touch", "true", "{{ ACS::TaskLoopItem }}", Loop=loop)))
    assert (await oos.ended(id))["Status"] == "Success"
    (parent,) = await oos.tasks(id)
    assert {k: parent["Loop"][k] for k in ("TotalCount", "SuccessCount", "FailedCount")} == {
        "TotalCount": 3,
        "SuccessCount": 2,
        "FailedCount": 1,
    }
    items = await oos.tasks(id, ParentTaskExecutionId=parent["TaskExecutionId"])
    shown = [(item["LoopItem"], item["Status"]) for item in items]
    assert shown == [(WEB1, "Success"), ("i-nowhere", "Failed"), (WEB2, "Success")]
    assert items[1]["StatusMessage"].startswith("touch[1]: InvalidInstance.NotFound")
    assert len(await oos.tasks(id, IncludeChildTaskExecution=True)) == 4


async def test_the_approval_of_a_part_is_told_to_the_part(oos: Sdk, party: Aliyun) -> None:
    await party.add_product_action("ACS::Approve::Robot", template(approve(Approvers=["bob"])))
    outer = {"Name": "robot", "Action": "ACS::Approve::Robot", "Properties": {}}
    id = await oos.start(template(outer, api("after")))
    await oos.reached(id, "Waiting")
    (row,) = await oos.tasks(id)
    part = row["ChildExecutionId"]
    assert (await oos.execution(part))["ParentExecutionId"] == id
    assert (await oos.tasks(part))[0]["TaskAction"] == "ACS::Approve"
    listed = (await oos.call("ListExecutions"))["Executions"]
    assert [one["ExecutionId"] for one in listed] == [id]
    below = (await oos.call("ListExecutions", ParentExecutionId=id))["Executions"]
    assert [one["ExecutionId"] for one in below] == [part]
    await oos.call("NotifyExecution", ExecutionId=part, NotifyType="Approve")
    assert (await oos.ended(id))["Status"] == "Success"
    assert (await oos.execution(part))["Status"] == "Success"


async def test_the_approval_is_announced_to_its_robot(oos: Sdk) -> None:
    heard: list[dict[str, Any]] = []

    async def robot(request: web.Request) -> web.Response:
        heard.append(await request.json())
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    app = web.Application()
    app.router.add_post("/robot", robot)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    uri = f"http://127.0.0.1:{runner.addresses[0][1]}/robot"
    content = {"msgtype": "text", "text": {"content": "please"}, "at": {"isAtAll": True}}
    id = await oos.start(
        template(approve(NotifyType="WebHook", WebHook={"URI": uri, "Content": content}))
    )
    await oos.reached(id, "Waiting")
    await until(lambda: bool(heard))
    (said,) = heard
    assert said["text"]["content"].startswith("please\nhttps://oos.console.aliyun.com/")
    assert said["text"]["content"].endswith(id)
    assert said["at"] == {"isAtAll": True}
    notify = {"NotifyType": "WebHook", "WebHook": {"URI": "https://example.com/", "Content": "x"}}
    id = await oos.start(template({"Name": "say", "Action": "ACS::Notify", "Properties": notify}))
    assert "does not reach example.com" in (await oos.ended(id))["StatusMessage"]
    await runner.cleanup()


async def test_the_guides_shape_runs_with_shipped_product_actions(oos: Sdk, party: Aliyun) -> None:
    """Find, ask, restart one after another; one of them cannot be restarted."""
    await party.add_machine("i-off", "off", status="Stopped", tags={"fleet": "x"})
    await party.add_machine("i-on", "on", tags={"fleet": "x"})
    select = {
        "ResourceType": "ALIYUN::ECS::Instance",
        "Filters": [{"Type": "Tags", "Tags": [{"Key": "fleet", "Value": "x"}]}],
    }
    ids = {"ids": {"Type": "List", "ValueSelector": "Instances.Instance[].InstanceId"}}
    restart = {
        "Name": "restart",
        "Action": "ACS::ECS::RebootInstance",
        "Properties": {"instanceId": "{{ ACS::TaskLoopItem }}", "regionId": "cn-hangzhou"},
        "Loop": {"Items": "{{ find.ids }}", "RateControl": {"Concurrency": 1, "MaxErrors": 1}},
    }
    find = {"Name": "find", "Action": "ACS::SelectTargets", "Properties": select, "Outputs": ids}
    id = await oos.start(template(find, approve(), restart))
    await oos.reached(id, "Waiting")
    await oos.call("NotifyExecution", ExecutionId=id, NotifyType="Approve")

    async def over() -> bool:
        party.clock.advance(2)
        return (await oos.execution(id))["Status"] in ("Success", "Failed")

    await until(over)
    row = (await oos.tasks(id))[2]
    assert (await oos.execution(id))["Status"] == "Success", row
    counts = {key: row["Loop"][key] for key in ("SuccessCount", "FailedCount")}
    assert counts == {"SuccessCount": 1, "FailedCount": 1}
    assert [act["instance"] for act in await party.power() if act["act"] == "reboot"] == ["i-on"]
