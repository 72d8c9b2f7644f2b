"""OA forms: subscriptions, the events and their order, reading and deciding by API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from sandbox import world
from sandbox.lark import Lark
from tests.sandbox.lark_client import Bot, playing, until

V4 = "/open-apis/approval/v4"
PAYLOADS = Path(__file__).parent.parent / "payloads" / "lark"


@pytest_asyncio.fixture
async def played() -> AsyncIterator[tuple[Lark, Bot]]:
    async with playing() as (lark, bot):
        await bot.join()
        yield lark, bot


async def _subscribe(bot: Bot, verb: str = "subscribe", code: str = world.LARK_FORM) -> int:
    return int((await bot.call("POST", f"{V4}/approvals/{code}/{verb}"))[1]["code"])


async def _quiet(lark: Lark) -> None:
    await until(lambda: all(d.done for d in lark.pushes.deliveries))


def _story(bot: Bot, kind: str = "approval_instance") -> list[str]:
    return [p["event"]["status"] for p in bot.got if p["event"]["type"] == kind]


async def test_events_come_only_for_subscribed_forms(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await lark.form("alice", {"emp_id": "E1"})
    assert lark.pushes.deliveries == []
    assert await _subscribe(bot, code="NO-SUCH") == 1390002
    assert [await _subscribe(bot), await _subscribe(bot)] == [0, 1390007]
    await lark.form("alice", {"emp_id": "E2"})
    await _quiet(lark)
    assert _story(bot) == ["PENDING", "APPROVED"]
    assert _story(bot, "approval_task") == ["PENDING", "APPROVED"]
    assert [await _subscribe(bot, "unsubscribe"), await _subscribe(bot, "unsubscribe")] == [
        0,
        1390007,
    ]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("official_approval_instance_v1_event.json", "approval_instance"),
        ("official_approval_task_v1_event.json", "approval_task"),
        ("official_approval_cc_v1_event.json", "approval_cc"),
    ],
)
async def test_events_have_the_fields_of_the_vendors_samples(
    played: tuple[Lark, Bot], name: str, kind: str
) -> None:
    lark, bot = played
    await _subscribe(bot)
    filed = await lark.form("alice", {"emp_id": "E1"}, decision="")
    await lark.cc_form(filed["instance"], "dave")
    await _quiet(lark)
    sample = json.loads((PAYLOADS / name).read_text())
    [event] = [p for p in bot.got if p["event"]["type"] == kind]
    assert _types(event) == _types(sample)
    assert _types(event["event"]) == _types(sample["event"])


def _types(value: dict[str, Any]) -> dict[str, type]:
    return {key: type(one) for key, one in sorted(value.items())}


async def test_refused_withdrawn_and_reverted(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await _subscribe(bot)
    await lark.form("alice", {}, decision="refuse")
    await lark.form("alice", {}, decision="withdraw")
    passed = await lark.form("alice", {}, decision="agree")
    await lark.revert_form(passed["instance"])
    await _quiet(lark)
    by_instance: dict[str, list[str]] = {}
    for payload in bot.got:
        if payload["event"]["type"] == "approval_instance":
            code = payload["event"]["instance_code"]
            by_instance.setdefault(code, []).append(payload["event"]["status"])
    assert list(by_instance.values()) == [
        ["PENDING", "REJECTED"],
        ["PENDING", "CANCELED"],
        ["PENDING", "APPROVED", "REVERTED"],
    ]
    [reverted] = [p["event"] for p in bot.got if p["event"]["status"] == "REVERTED"]
    assert isinstance(reverted["operate_time"], int)
    read = (await bot.call("GET", f"{V4}/instances/{passed['instance']}"))[1]["data"]
    assert (read["status"], read["reverted"]) == ("APPROVED", True)
    with pytest.raises(ValueError, match="taken back"):
        await lark.revert_form(passed["instance"])


async def test_order_waits_for_the_previous_event_of_its_kind(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await _subscribe(bot)
    bot.answer = lambda p: {"code": 500 if p["event"]["type"] == "approval_instance" else 200}
    await lark.form("alice", {})
    await until(lambda: _story(bot, "approval_task") == ["PENDING", "APPROVED"])
    await until(lambda: lark.pushes.deliveries[0].ack)
    assert _story(bot) == ["PENDING"]
    bot.answer = lambda _: {"code": 200}
    lark.clock.advance(15)
    await _quiet(lark)
    assert _story(bot) == ["PENDING", "PENDING", "APPROVED"]


async def test_all_must_agree_or_one_is_enough(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await _subscribe(bot)
    both = await lark.form("alice", {}, approvers=["bob", "carol"], decision="")
    assert await lark.decide_form(both["instance"], "agree", by="bob") == {"status": "PENDING"}
    assert await lark.decide_form(both["instance"], "agree", by="carol") == {"status": "APPROVED"}
    await _quiet(lark)
    assert _story(bot, "approval_task") == [
        "PENDING",
        "PENDING",
        "APPROVED",
        "PENDING",
        "APPROVED",
    ]
    bot.got.clear()
    one = await lark.form("alice", {}, approvers=["bob", "carol"], decision="", kind="OR")
    assert await lark.decide_form(one["instance"], "agree", by="carol") == {"status": "APPROVED"}
    await _quiet(lark)
    assert _story(bot, "approval_task") == ["PENDING", "PENDING", "APPROVED", "DONE"]


async def test_reading_an_instance(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    fields = {"emp_id": "E123", "role": "devops"}
    filed = await lark.form("alice", fields, approvers=["bob"])
    path = f"{V4}/instances/{filed['instance']}?user_id_type=open_id"
    read = (await bot.call("GET", path))[1]["data"]
    sample = json.loads((PAYLOADS / "official_approval_instance_get_response.json").read_text())
    expected = {
        k for k in sample["data"] if k not in ("modified_instance_code", "reverted_instance_code")
    }
    assert set(read) == expected
    assert {w["custom_id"]: w["value"] for w in json.loads(read["form"])} == fields
    assert (read["open_id"], read["status"]) == ("ou_alice", "APPROVED")
    assert [t["type"] for t in read["timeline"]] == ["START", "PASS"]
    [task] = read["task_list"]
    assert (task["open_id"], task["status"]) == ("ou_bob", "APPROVED")
    assert (await bot.call("GET", f"{V4}/instances/{filed['uuid']}"))[1]["data"] == read
    assert (await bot.call("GET", f"{V4}/instances/none"))[1]["code"] == 1390003


async def test_listing_takes_windows_of_ten_hours(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    codes = [(await lark.form("alice", {}))["instance"] for _ in range(3)]
    now = lark.clock.ms()

    async def page(start: int, end: int, **more: Any) -> dict[str, Any]:
        query = "&".join(f"{k}={v}" for k, v in more.items())
        path = f"{V4}/instances?approval_code={world.LARK_FORM}&start_time={start}&end_time={end}"
        return (await bot.call("GET", f"{path}&{query}"))[1]

    whole = (await page(now - 36_000_000, now))["data"]
    assert whole == {"instance_code_list": codes, "has_more": False, "page_token": ""}
    assert (await page(now - 36_000_001, now))["code"] == 1390001
    assert (await page(now - 1000, now, page_size=101))["code"] == 1390001
    first = (await page(now - 1000, now, page_size=2))["data"]
    assert first["has_more"]
    rest = (await page(now - 1000, now, page_size=2, page_token=first["page_token"]))["data"]
    assert first["instance_code_list"] + rest["instance_code_list"] == codes


async def test_the_bot_decides_for_an_approver(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    filed = await lark.form("alice", {}, decision="")
    read = (await bot.call("GET", f"{V4}/instances/{filed['instance']}"))[1]["data"]
    body = {
        "approval_code": world.LARK_FORM,
        "instance_code": filed["instance"],
        "user_id": "ou_carol",
        "task_id": read["task_list"][0]["id"],
        "comment": "via chat",
    }
    path = f"{V4}/tasks/approve?user_id_type=open_id"
    assert (await bot.call("POST", path, body))[1]["code"] == 1390010
    assert (await bot.call("POST", path, {**body, "note": "x"}))[1]["code"] == 99992402
    wrong = {**body, "instance_code": "none"}
    assert (await bot.call("POST", path, wrong))[1]["code"] == 1390003
    mine = {**body, "user_id": "ou_bob"}
    other_type = f"{V4}/tasks/approve?user_id_type=user_id"
    assert (await bot.call("POST", other_type, mine))[1]["code"] == 1390010
    assert (await bot.call("POST", path, mine))[1] == {"code": 0, "msg": "success", "data": {}}
    assert (await bot.call("POST", path, mine))[1]["code"] == 1390010
    read = (await bot.call("GET", f"{V4}/instances/{filed['instance']}"))[1]["data"]
    assert (read["status"], read["timeline"][1]["comment"]) == ("APPROVED", "via chat")
    other = await lark.form("alice", {}, decision="")
    task = (await bot.call("GET", f"{V4}/instances/{other['instance']}"))[1]["data"]["task_list"][0]
    rejected = {**mine, "instance_code": other["instance"], "task_id": task["id"]}
    assert (await bot.call("POST", f"{V4}/tasks/reject", rejected))[1]["code"] == 0
    assert lark.approvals.find(other["instance"]).status == "REJECTED"


async def test_an_event_may_come_twice_as_it_was(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    await _subscribe(bot)
    await lark.form("alice", {}, decision="")
    await _quiet(lark)
    again = next(d for d in await lark.deliveries("push.event"))
    await lark.push_again(again["id"])
    await until(lambda: len(bot.got) == 3)
    assert bot.got[2]["uuid"] == again["id"]


async def _read(bot: Bot, code: str) -> dict[str, Any]:
    answer = (await bot.call("GET", f"{V4}/instances/{code}"))[1]
    data: dict[str, Any] = answer["data"]
    return data


async def test_a_form_waits_again_while_its_revocation_is_decided(
    played: tuple[Lark, Bot],
) -> None:
    lark, bot = played
    await _subscribe(bot)
    code = (await lark.form("alice", {"emp_id": "E1"}))["instance"]
    other = (await lark.revoke_form(code, ""))["instance"]
    assert (await _read(bot, other))["reverted_instance_code"] == code
    assert (await _read(bot, code))["status"] == "PENDING"
    assert "reverted_instance_code" not in await _read(bot, code)
    await lark.decide_form(other, "agree")
    got = await _read(bot, code)
    assert (got["status"], got["reverted"]) == ("APPROVED", True)
    await _quiet(lark)
    told = [(p["event"]["instance_code"] == code, p["event"]["status"]) for p in bot.got]
    of_original = [s for own, s in told if own and s in ("PENDING", "APPROVED", "REVERTED")]
    assert of_original[-1] == "REVERTED"


async def test_a_rolled_back_form_keeps_what_was_agreed_before(played: tuple[Lark, Bot]) -> None:
    lark, bot = played
    code = (await lark.form("alice", {"role": "dev"}, ("bob", "carol"), ""))["instance"]
    await lark.decide_form(code, "agree", "bob")
    await lark.send_back_form(code, "carol", {"role": "ops"})
    await lark.decide_form(code, "auto", "bob")
    await lark.decide_form(code, "agree", "carol")
    got = await _read(bot, code)
    assert json.loads(got["form"])[0]["value"] == "ops"
    assert [(entry["type"], entry["open_id"]) for entry in got["timeline"]] == [
        ("START", "ou_alice"),
        ("PASS", "ou_bob"),
        ("ROLLBACK", "ou_carol"),
        ("PASS", "ou_alice"),
        ("AUTO_PASS", ""),
        ("PASS", "ou_carol"),
    ]
    assert [(t["open_id"], t["status"], t["type"]) for t in got["task_list"]] == [
        ("ou_bob", "APPROVED", "AND"),
        ("ou_carol", "DONE", "AND"),
        ("ou_alice", "APPROVED", "AND"),
        ("", "APPROVED", "AUTO_PASS"),
        ("ou_carol", "APPROVED", "AND"),
    ]


async def test_a_modified_form_names_the_original_and_answers_may_lag(
    played: tuple[Lark, Bot],
) -> None:
    lark, bot = played
    code = (await lark.form("alice", {"role": "dev"}))["instance"]
    new = (await lark.modify_form(code, {"role": "ops"}))["instance"]
    assert (await _read(bot, new))["modified_instance_code"] == code
    await lark.lag_form(new, 1)
    assert [(await _read(bot, new))["status"] for _ in range(2)] == ["PENDING", "APPROVED"]
    await lark.lag_form(new, 1, missing=True)
    assert (await bot.call("GET", f"{V4}/instances/{new}"))[1]["code"] == 1390003
