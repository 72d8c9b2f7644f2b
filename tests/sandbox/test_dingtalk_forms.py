"""OA approval: the events of every course a form can take, and the calls on instances."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox import world
from tests.sandbox import dingtalk_party as dt

ONE = "/v1.0/workflow/processInstances"
QUERY = "/v1.0/workflow/processes/instanceIds/query"
FIELDS = {"emp_id": "E123", "role": "devops"}


def course(client: dt.Client) -> list[tuple[str, str, str]]:
    """(event, type, result) of everything pushed."""
    return [
        (d.headers["eventType"].split("_")[1], d.payload["type"], d.payload.get("result", ""))
        for d in client.party.gateway.deliveries
    ]


async def fetch(client: dt.Client, id: str) -> dict[str, Any]:
    status, answer = await client.call("GET", ONE, params={"processInstanceId": id})
    assert status == 200
    assert answer["success"] is True
    result: dict[str, Any] = answer["result"]
    return result


@pytest.mark.parametrize(
    ("decision", "approvers", "expected", "ended"),
    [
        (
            "agree",
            ["bob", "carol"],
            [
                ("instance", "start", ""),
                ("task", "start", ""),
                ("task", "finish", "agree"),
                ("task", "start", ""),
                ("task", "finish", "agree"),
                ("instance", "finish", "agree"),
            ],
            ("COMPLETED", "agree"),
        ),
        (
            "refuse",
            ["bob", "carol"],
            [
                ("instance", "start", ""),
                ("task", "start", ""),
                ("task", "finish", "refuse"),
                ("instance", "finish", "refuse"),
            ],
            ("COMPLETED", "refuse"),
        ),
        (
            "withdraw",
            ["bob"],
            [
                ("instance", "start", ""),
                ("task", "start", ""),
                ("task", "cancel", ""),
                ("instance", "terminate", ""),
            ],
            ("TERMINATED", ""),
        ),
        ("", ["bob"], [("instance", "start", ""), ("task", "start", "")], ("RUNNING", "")),
    ],
)
async def test_the_courses_of_a_form(
    decision: str, approvers: list[str], expected: Any, ended: tuple[str, str]
) -> None:
    async with dt.served() as client:
        filed = await client.party.form("alice", FIELDS, approvers, decision)
        got = await fetch(client, filed["instance"])
        assert course(client) == expected
    assert (got["status"], got["result"]) == ended
    assert (got["finishTime"] is None) == (decision == "")


async def test_an_event_frame_has_its_headers_and_no_form_data() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        filed = await client.party.form("alice", FIELDS, decision="")
        frames = [await socket.frame() for _ in range(2)]
    for frame in frames:
        headers, data = frame["headers"], json.loads(frame["data"])
        assert (frame["type"], headers["topic"]) == ("EVENT", "*")
        assert headers["eventType"] == data["EventType"]
        assert headers["eventCorpId"] == world.DINGTALK_CORP
        assert headers["eventBornTime"].isdigit()
        assert headers["eventUnifiedAppId"]
        assert data["processInstanceId"] == filed["instance"]
        assert data["processCode"] == world.DINGTALK_FORM
        assert "E123" not in frame["data"]
    assert len({frame["headers"]["eventId"] for frame in frames}) == 2


async def test_an_instance_as_it_is_fetched() -> None:
    async with dt.served() as client:
        fields = FIELDS | {"tags": ["a", "b"]}
        filed = await client.party.form("alice", fields, ["bob"], "agree")
        got = await fetch(client, filed["instance"])
    assert got["originatorUserId"] == "u-alice"
    assert [(f["name"], f["value"]) for f in got["formComponentValues"]] == [
        ("emp_id", "E123"),
        ("role", "devops"),
        ("tags", '["a", "b"]'),
    ]
    (task,) = got["tasks"]
    assert (task["userId"], task["status"], task["result"]) == ("u-bob", "COMPLETED", "AGREE")
    assert isinstance(task["taskId"], int)
    assert [r["type"] for r in got["operationRecords"]] == [
        "START_PROCESS_INSTANCE",
        "EXECUTE_TASK_NORMAL",
        "FINISH_PROCESS_INSTANCE",
    ]
    assert got["createTime"].endswith("Z")
    assert len(got["createTime"]) == 17
    assert got["bizAction"] == "NONE"


async def test_approvers_decide_in_their_turn() -> None:
    async with dt.served() as client:
        id = (await client.party.form("alice", FIELDS, ["bob", "carol"], ""))["instance"]
        with pytest.raises(ValueError, match="turn"):
            await client.party.decide_form(id, "agree", by="carol")
        await client.party.decide_form(id, "agree", by="bob")
        assert (await fetch(client, id))["status"] == "RUNNING"
        await client.party.decide_form(id, "agree", by="carol")
        assert (await fetch(client, id))["result"] == "agree"
        with pytest.raises(ValueError, match="COMPLETED"):
            await client.party.decide_form(id, "agree")


async def test_revoking_is_a_new_instance() -> None:
    async with dt.served() as client:
        id = (await client.party.form("alice", FIELDS))["instance"]
        other = (await client.party.revert_form(id))["instance"]
        got = await fetch(client, other)
        running = await client.party.form("alice", FIELDS, decision="")
        with pytest.raises(ValueError, match="not agreed"):
            await client.party.revert_form(running["instance"])
    assert (got["bizAction"], got["mainProcessInstanceId"]) == ("REVOKE", id)
    assert got["result"] == "agree"


async def test_a_modified_form_is_attached_to_the_original() -> None:
    async with dt.served() as client:
        id = (await client.party.form("alice", FIELDS))["instance"]
        new = (await client.party.modify_form(id, {"role": "ops"}, ""))["instance"]
        got, original = await fetch(client, new), await fetch(client, id)
    assert (got["bizAction"], got["mainProcessInstanceId"], got["status"]) == (
        "MODIFY",
        id,
        "RUNNING",
    )
    assert original["attachedProcessInstanceIds"] == [new]
    assert [f["value"] for f in got["formComponentValues"]] == ["E123", "ops"]


async def test_records_of_what_passed_by_itself_was_sent_back_or_done_for_another() -> None:
    async with dt.served() as client:
        party = client.party
        id = (await party.form("alice", FIELDS, ["bob", "carol"], ""))["instance"]
        await party.decide_form(id, "auto", by="bob")
        await party.send_back_form(id, by="carol", fields={"role": "ops"})
        await party.decide_form(id, "silent", by="bob")
        await party.decide_form(id, "agree", by="carol", actor="bob")
        got = await fetch(client, id)
    assert got["result"] == "agree"
    assert [(r["type"], r["userId"], r["result"]) for r in got["operationRecords"]] == [
        ("START_PROCESS_INSTANCE", "u-alice", "NONE"),
        ("EXECUTE_TASK_AUTO", "u-bob", "AGREE"),
        ("REDIRECT_PROCESS", "u-carol", "NONE"),
        ("EXECUTE_TASK_NORMAL", "u-alice", "NONE"),
        ("EXECUTE_TASK_AGENT", "u-bob", "AGREE"),
        ("FINISH_PROCESS_INSTANCE", "u-alice", "AGREE"),
    ]


async def test_answers_may_lag_behind_events() -> None:
    async with dt.served() as client:
        id = (await client.party.form("alice", FIELDS))["instance"]
        await client.party.lag_form(id, 1)
        assert (await fetch(client, id))["status"] == "RUNNING"
        assert (await fetch(client, id))["status"] == "COMPLETED"
        await client.party.lag_form(id, 1, missing=True)
        status, _ = await client.call("GET", ONE, params={"processInstanceId": id})
        assert status == 400
        assert (await fetch(client, id))["result"] == "agree"


async def test_the_app_can_act_for_an_approver() -> None:
    async with dt.served() as client:
        id = (await client.party.form("alice", FIELDS, ["bob"], ""))["instance"]
        task = (await fetch(client, id))["tasks"][0]["taskId"]
        body = {
            "processInstanceId": id,
            "taskId": task,
            "actionerUserId": "u-bob",
            "result": "agree",
            "remark": "by the bot",
        }
        wrong = [
            ({"actionerUserId": "u-carol"}, "needAuth"),
            ({"actionerUserId": "u-x"}, "userNotExist"),
            ({"taskId": 1}, "invalidInstanceExecuteTaskId"),
            ({"taskId": str(task)}, "InvalidParameter"),
            ({"result": "maybe"}, "invalidParameter"),
            ({"remark": "x" * 1025}, "invalidParameter"),
            ({"processInstanceId": "x"}, "processInstanceInvalidParameter"),
        ]
        for change, code in wrong:
            status, answer = await client.post(f"{ONE}/execute", body | change)
            assert (status, answer["code"]) == (400, code)
        assert (await client.post(f"{ONE}/execute", body))[1] == {"success": True, "result": True}
        assert course(client)[-1] == ("instance", "finish", "agree")
        assert client.party.gateway.deliveries[-2].payload["remark"] == "by the bot"
        _, answer = await client.post(f"{ONE}/execute", body)
        assert answer["code"] == "aflowProcessInstStatusException"


async def test_comments() -> None:
    async with dt.served() as client:
        id = (await client.party.form("alice", FIELDS))["instance"]
        body = {"processInstanceId": id, "text": "ran: exit 0", "commentUserId": "u-bob"}
        assert (await client.post(f"{ONE}/comments", body))[0] == 200
        assert (await fetch(client, id))["operationRecords"][-1]["remark"] == "ran: exit 0"
        assert client.party.gateway.deliveries[-1].payload["content"] == "ran: exit 0"
        status, answer = await client.post(f"{ONE}/comments", body | {"text": "x" * 1025})
        assert (status, answer["code"]) == (400, "invalidParameter")


async def test_terminating_not_in_the_first_fifteen_seconds() -> None:
    async with dt.served() as client:
        id = (await client.party.form("alice", FIELDS, decision=""))["instance"]
        body = {"processInstanceId": id, "isSystem": True}
        assert (await client.post(f"{ONE}/terminate", body))[0] == 400
        client.clock.advance(15)
        assert (await client.post(f"{ONE}/terminate", body))[0] == 200
        assert (await fetch(client, id))["status"] == "TERMINATED"


async def test_listing_in_pages() -> None:
    async with dt.served() as client:
        made = [(await client.party.form("alice", FIELDS))["instance"] for _ in range(3)]
        await client.party.form("alice", FIELDS, form="PROC-OTHER")
        await client.party.form("alice", FIELDS, decision="")
        base = {
            "processCode": world.DINGTALK_FORM,
            "startTime": client.clock.ms() - 60_000,
            "statuses": ["COMPLETED"],
        }
        page = {"nextToken": 0, "maxResults": 2}
        _, first = await client.post(QUERY, base | page)
        assert first["result"] == {"list": made[:2], "nextToken": "2"}
        _, second = await client.post(QUERY, base | {"nextToken": 2, "maxResults": 2})
        assert second["result"] == {"list": made[2:]}
        for change in ({"maxResults": 21}, {"statuses": ["DONE"]}, {"startTime": 1}):
            status, answer = await client.post(QUERY, base | page | change)
            assert (status, answer["code"]) == (400, "invalidParameter")
        status, answer = await client.post(QUERY, base)
        assert (status, answer["code"]) == (400, "MissingmaxResults")
