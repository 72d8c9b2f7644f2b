"""A member of the group, or whoever forges one, against the policies."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from adapters.lark import codec
from bot import model, policy
from bot.policy import screening
from sandbox import play
from tests.fuzz import house as houses
from tests.fuzz.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
RULES = """
[policy.two-sre]
approvers = ["bob", "carol", "dave"]
mode = "count"
count = 2

[[security.pattern]]
regex = "frozen"
where = ["text"]
action = "escalate"
policy = "two-sre"
reason = "during the freeze two must agree"

[[security.pattern]]
regex = "routine"
where = ["text"]
action = "escalate"
policy = "one-sre"
reason = "a lesser escalation, which must not win"
"""
_forged = itertools.count(1)
CHANGES = {"direct_chats = true": "direct_chats = false"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with houses.opened(tmp_path_factory.mktemp("house"), CHANGES, RULES) as found:
        yield found


def number_of(card: play.Entry) -> int:
    found = re.search(r"#(\d+)", card["text"])
    assert found, card["text"]
    return int(found[1])


def recorded_clicks(house: House) -> list[Any]:
    """Every click that the platform sent, as payloads."""
    if house.platform == "dingtalk":
        frames = [json.loads(one) for one in house.middle.heard]
        return [f for f in frames if "card/instances" in str(f["headers"].get("topic"))]
    read = [codec.decode(one) for one in house.middle.heard if isinstance(one, bytes)]
    payloads = [json.loads(one.payload) for one in read if one.method == codec.DATA and one.payload]
    return [
        one for one in payloads if one.get("header", {}).get("event_type", "").startswith("card")
    ]


async def forge(house: House, click: Any, **parts: Any) -> None:
    """Send a recorded click again, with another button, card, person or tenant."""
    number = next(_forged)
    click = json.loads(json.dumps(click))
    if house.platform == "dingtalk":
        click["headers"]["messageId"] = f"forged-{number}"
        data = json.loads(click["data"])
        content = json.loads(data["content"])
        params = content["cardPrivateData"]["params"]
        params |= {k: str(v) for k, v in parts.items() if k in ("rid", "code", "action")}
        if "action" in parts:
            params["id"] = parts["action"]
        data["content"] = data["value"] = json.dumps(content)
        names = {"card": "outTrackId", "person": "userId", "tenant": "corpId"}
        data |= {names[k]: v for k, v in parts.items() if k in names}
        click["data"] = json.dumps(data)
        await house.middle.inject(json.dumps(click))
        return
    click["header"]["event_id"] = f"forged-{number}"
    event = click["event"]
    event["token"] = f"c-forged-{number}"
    value = event["action"]["value"]
    names = {"rid": "rid", "code": "code", "action": "act"}
    value |= {names[k]: v for k, v in parts.items() if k in names}
    if "card" in parts:
        event["context"]["open_message_id"] = parts["card"]
    if "person" in parts:
        event["operator"]["open_id"] = parts["person"]
    if "tenant" in parts:
        event["operator"]["tenant_key"] = parts["tenant"]
        click["header"]["tenant_key"] = parts["tenant"]
    headers = [("type", "card"), ("message_id", f"forged-{number}"), ("sum", "1"), ("seq", "0")]
    frame = codec.Frame(method=codec.DATA, headers=headers, payload=json.dumps(click).encode())
    await house.middle.inject(codec.encode(frame))


async def still_pending(house: House, card: play.Entry, votes: int = 0) -> model.Request:
    await house.answers()
    await house.settled()
    with house.reader() as reader:
        request = reader.request(number_of(card))
        assert len(reader.votes(number_of(card))) == votes
    assert request is not None
    assert request.state is model.State.PENDING, request
    await house.check_log()
    return request


def bob_of(house: House) -> str:
    return "u-bob" if house.platform == "dingtalk" else "ou_bob"


async def test_forged_clicks_change_nothing(house: House) -> None:
    first = await house.pending('restart web-01 reason="one"')
    second = await house.pending('restart web-02 reason="two"')
    await house.click("mallory", first, "approve")
    click = recorded_clicks(house)[-1]
    code = house.request(number_of(first)).code
    bob = bob_of(house)
    await forge(house, click, person=bob, tenant="another-company")
    await forge(house, click, person=bob, code="00000000")
    await forge(house, click, person=bob, code="")
    await forge(house, click, person=bob, rid=number_of(second))
    await forge(house, click, person=bob, card=second["ref"])
    await forge(house, click, person=bob, card="nobody-knows-this-card")
    await forge(house, click, person=bob, rid=number_of(second), card=second["ref"], code=code)
    for action in ("approve2", "APPROVE ", "cancel", "stop", "__init__", "同意", "rejec"):
        await forge(house, click, person=bob, action=action)
    for person in ("", "all", "bob", "u-bob ", "U-BOB", "ou_bob\x00", "u-alice", "ou_alice"):
        await forge(house, click, person=person)
    await still_pending(house, first)
    await still_pending(house, second)
    await forge(house, click, person=bob)
    await house.card_says(first, play.SUCCEEDED)


async def test_a_replayed_click_counts_once(house: House) -> None:
    card = await house.pending('restart web-01 reason="frozen"')
    await house.click("bob", card, "approve")
    click = recorded_clicks(house)[-1]
    for _ in range(5):
        await forge(house, click)
        await house.middle.inject(house.middle.heard[-1])
    await house.say("bob", "approve", quote=card["ref"])
    await still_pending(house, card, votes=1)


async def test_one_person_with_two_accounts_has_one_vote(house: House) -> None:
    card = await house.pending('restart web-01 reason="frozen"')
    number, other = number_of(card), "lark" if house.platform == "dingtalk" else "dingtalk"
    here, code = house.platform, house.request(number).code
    await house.click("bob", card, "approve")
    house.on(other)
    known = await house.ids()
    await house.say("bob", f"approve {number} {code}")
    await house.told("#", known, to="bob")
    known = await house.ids()
    await house.say("alice", f"approve {number} {code}")
    await house.told("#", known, to="alice")
    house.on(here)
    await still_pending(house, card, votes=1)
    house.on(other)
    for _ in range(2):  # the card holds no whole plan on DingTalk, so the first time brings it
        known = await house.ids()
        await house.say("carol", f"approve {number} {code}")
        await house.told("#", known, to="carol")
    house.on(here)
    await house.card_says(card, play.SUCCEEDED)


async def test_the_requester_cannot_approve_in_any_words(house: House) -> None:
    card = await house.pending('restart web-01 reason="mine"')
    number, code = number_of(card), house.request(number_of(card)).code
    for words in ("approve", "同意", f"approve {number}", f"approve {number} {code}", "批准"):
        await house.say("alice", words, quote=card["ref"])
    for user in ("dave", "mallory"):
        await house.say(user, f"approve {number} {code}")
        await house.say(user, "approve", quote=card["ref"])
    await still_pending(house, card)


async def test_what_is_over_stays_over(house: House) -> None:
    card = await house.pending('restart web-03 reason="over"')
    number, before = number_of(card), await house.runs_of()
    await house.say("alice", "cancel", quote=card["ref"])
    await house.card_says(card, play.CANCELLED)
    await house.say("bob", f"approve {number}")
    await house.say("bob", "approve", quote=card["ref"])
    answer = await house.click("bob", card, "approve", revision=0)
    assert play.has(answer["said"], play.CANCELLED)
    expired = await house.pending('restart web-03 reason="late"')
    await house.advance(31 * 60)
    await house.card_says(expired, play.EXPIRED)
    await house.say("bob", f"approve {number_of(expired)}")
    await house.click("bob", expired, "approve", revision=0)
    await house.answers()
    await house.settled()
    assert await house.runs_of() == before


async def test_an_escalation_is_not_evaded(house: House) -> None:
    evasions = (
        "frozen",
        "fro\u200bzen",
        "ｆｒｏｚｅｎ",
        "fro\u00adzen",
        "fr\u0301ozen",
        "fro\\zen",
        "𝐟𝐫𝐨𝐳𝐞𝐧",
        "frozen routine",
        "routine frozen",
    )
    for words in evasions:
        card = await house.pending(f"restart web-01 reason=「{words}」")
        assert "two-sre" in house.request(number_of(card)).policies, words
        await house.say("alice", "cancel", quote=card["ref"])
        await house.card_says(card, play.CANCELLED)


async def test_forbidden_scripts_are_not_hidden_by_quoting(house: House) -> None:
    known, before = await house.ids(), await house.runs_of()
    scripts = (
        "rm -rf /",
        'r"m" -rf /',
        "r\\m -rf /",
        "r''m -rf '/'",
        "rm -r\\\nf /",
        "shut''down now",
        "mk\\fs.ext4 /dev/sda",
        "ｒｍ -rf /",
    )
    for script in scripts:
        await house.say("bob", f"run web-01 --\n{script}")
    await house.answers()
    await house.settled()
    new = [entry for entry in await house.transcript() if entry["id"] not in known]
    assert not [entry for entry in new if entry["buttons"]], "none of them may get a card"
    assert await house.runs_of() == before


async def test_strange_places_are_refused(house: House) -> None:
    known = await house.ids()
    before = len(house.middle.heard)
    if house.platform == "dingtalk":
        for changes in (
            {"conversationId": "cidELSEWHERE=="},
            {"chatbotCorpId": "another"},
            {"senderCorpId": "another"},
            {"senderStaffId": None},
            {"conversationType": "1"},
        ):
            await house.call("say", user="alice", text="restart web-01 reason=x", changes=changes)
    else:
        for tenant, chat, kind in (
            ("another", "oc_ops", "group"),
            ("tk_sandbox", "oc_elsewhere", "group"),
            ("tk_sandbox", "oc_ops", "p2p"),
        ):
            await house.say("alice", "whoami")
            payload = (await house.call("deliveries", kind="push.chat"))[-1]["payload"]
            payload["header"]["tenant_key"] = payload["event"]["sender"]["tenant_key"] = tenant
            message = payload["event"]["message"]
            message |= {
                "message_id": f"om_{tenant}{chat}{kind}",
                "chat_id": chat,
                "chat_type": kind,
            }
            text = json.loads(message["content"])["text"].replace("whoami", "restart web-01")
            message["content"] = json.dumps({"text": text})
            await house.call("push_raw", data=payload, kind="push.chat")
    await house.answers()
    await house.settled()
    assert len(house.middle.heard) > before
    new = [entry for entry in await house.transcript() if entry["id"] not in known]
    assert not [entry for entry in new if entry["buttons"]]


async def test_forms_that_must_not_run(house: House) -> None:
    before = await house.runs_of()
    fields = {"emp_id": "E77", "role": "dev"}
    await house.call("form", user="alice", fields=fields, approvers=["alice"])
    await house.call("form", user="alice", fields=fields, approvers=["mallory"])
    await house.call("form", user="mallory", fields=fields, approvers=["bob"])
    await house.call("form", user="dave", fields=fields, approvers=["bob"])
    await house.call("form", user="alice", fields=fields, approvers=["bob"], decision="refuse")
    await house.call("form", user="alice", fields=fields, approvers=["bob"], decision="withdraw")
    await house.call("form", user="alice", fields=fields, approvers=["bob"], decision="")
    if house.platform == "dingtalk":
        for data in (
            {"processInstanceId": "made-up", "processCode": "PROC-NEWHIRE"},
            {"processInstanceId": "made-up2", "processCode": "PROC-OTHER"},
            {"processInstanceId": "../../x?y=z#", "processCode": "PROC-NEWHIRE"},
        ):
            event = data | {"type": "finish", "result": "agree"}
            await house.call("push_event", type="bpms_instance_change", data=event)
    else:
        form = "7C468A54-0000-0000-0000-0000000NHIRE"
        for tenant, code, instance in (
            ("tk_sandbox", form, "made-up"),
            ("another", form, "made-up2"),
            ("tk_sandbox", "OTHER", "made-up3"),
            ("tk_sandbox", form, "../../x?y=z#"),
        ):
            event = {
                "type": "approval_instance",
                "tenant_key": tenant,
                "approval_code": code,
                "instance_code": instance,
                "status": "APPROVED",
            }
            data = {"uuid": f"{tenant}{instance}", "type": "event_callback", "event": event}
            await house.call("push_raw", data=data, kind="push.event")
    await house.answers()
    await house.settled()
    assert await house.runs_of() == before
    await house.check_log()


async def test_a_form_that_revokes_does_not_run_again(house: House) -> None:
    before, known = await house.runs_of(), await house.ids("hr")
    fields = {"emp_id": "E78", "role": "dev"}
    filed = await house.call("form", user="alice", fields=fields, approvers=["bob"])
    await house.told("E78", known, "hr")
    await house.call("revert_form", instance=filed["instance"])
    for delivery in await house.call("deliveries", kind="push.event"):
        await house.call("push_again", delivery=delivery["id"])
    await house.answers()
    await house.settled()
    assert await house.runs_of() == before + 1


async def test_many_outsiders_share_one_rate(tmp_path_factory: pytest.TempPathFactory) -> None:
    rate = {"asks_per_minute = 10000": "asks_per_minute = 5"}
    async with houses.opened(tmp_path_factory.mktemp("rate"), rate) as house:
        for number in range(40):
            changes = {"senderNick": f"Mallory {number}", "senderStaffId": None}
            await house.call("say", user="mallory", text="help", changes=changes)
        await house.answers()
        await house.settled()
        spoken = [entry for entry in await house.transcript() if entry["from"] == "bot"]
        assert len(spoken) <= 5 + 1 + 2, "nicknames of their own choice do not multiply the rate"


async def test_readings_undo_what_hides_words() -> None:
    assert "rm -rf /" in screening.readings("r\\\nm -r'f' \"/\"")
    assert "frozen" in screening.readings("ｆｒｏ\u200bｚｅｎ")
    assert screening.readings("plain") == ("plain",)


async def test_no_escalation_replaces_another_whatever_the_order() -> None:
    found = [policy.Verdict(policies=(name,)) for name in ("few", "many")]
    assert set(policy.together(found).policies) == {"few", "many"}
    assert set(policy.together(reversed(found)).policies) == {"few", "many"}
