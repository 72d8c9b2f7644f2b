"""Cards: creation, delivery, updates, clicks; who sees what; every limit and error."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from sandbox import world
from tests.sandbox import dingtalk_party as dt

BY_KEY = {"updateCardDataByKey": True, "updatePrivateDataByKey": True}


async def shown(client: dt.Client, viewer: str = "", chat: str = "ops") -> dict[str, Any]:
    cards = await client.party.cards(chat, viewer=viewer)
    assert len(cards) == 1
    return cards[0]


async def test_a_card_is_created_and_delivered_in_one_call() -> None:
    async with dt.served() as client:
        model = {"robotCode": world.DINGTALK_ROBOT, "atUserIds": {"u-bob": "Bob", "u-x": "X"}}
        answer = await client.card(imGroupOpenDeliverModel=model)
        card = await shown(client)
    result = answer["result"]
    assert answer["success"] is True
    assert result["outTrackId"] == "t1"
    (delivered,) = result["deliverResults"]
    assert (delivered["spaceType"], delivered["spaceId"]) == ("IM_GROUP", dt.OPS)
    assert delivered["success"] is True
    assert delivered["carrierId"] == card["id"]
    assert card["text"] == "Restart\nweb-01\nwaiting"
    assert card["buttons"] == [
        {"action": "approve", "label": "Approve"},
        {"action": "reject", "label": "Reject"},
    ]
    assert card["mentions"] == ["bob"]
    assert card["from"] == "bot"


async def test_everybody_can_be_called_by_a_card() -> None:
    async with dt.served() as client:
        model = {"robotCode": world.DINGTALK_ROBOT, "atUserIds": {"@ALL": "@ALL"}}
        await client.card(imGroupOpenDeliverModel=model)
        assert len((await shown(client))["mentions"]) == len(world.PEOPLE)


async def test_create_and_deliver_apart() -> None:
    async with dt.served() as client:
        whole = dt.card()
        deliver = {k: whole.pop(k) for k in ("openSpaceId", "imGroupOpenDeliverModel")}
        status, created = await client.post(dt.CARDS, whole)
        assert (status, created) == (200, {"success": True, "result": "t1"})
        assert await client.party.cards("ops") == []
        status, answer = await client.post(
            dt.DELIVER, {"outTrackId": "t1", "userIdType": 1, **deliver}
        )
        assert isinstance(answer["result"], list)
        assert (await shown(client))["ref"] == "t1"


async def test_a_card_for_one_person() -> None:
    async with dt.served() as client:
        await client.card(
            openSpaceId="dtv1.card//IM_ROBOT.u-alice",
            imRobotOpenSpaceModel={"supportForward": False},
            imRobotOpenDeliverModel={"spaceType": "IM_ROBOT"},
        )
        assert (await shown(client, chat="alice"))["text"].startswith("Restart")
        assert await client.party.cards("ops") == []


async def test_recipients_alone_see_a_card() -> None:
    async with dt.served() as client:
        model = {"robotCode": world.DINGTALK_ROBOT, "recipients": ["u-bob"]}
        await client.card(imGroupOpenDeliverModel=model)
        assert len(await client.party.cards("ops", viewer="bob")) == 1
        assert await client.party.cards("ops", viewer="dave") == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cardTemplateId": "none.schema"}, "param.templateNotExist"),
        ({"cardData": {"cardParamMap": {"title": 7}}}, "InvalidParameter"),
        ({"cardData": {"cardParamMap": {"title": "é" * 513}}}, "param.error"),
        ({"cardData": {"cardParamMap": {"k" * 101: ""}}}, "param.error"),
        ({"cardData": {"params": {}}}, "InvalidParameter"),
        ({"privateData": {"u-bob": {"cardParamMap": {"k": "v" * 1025}}}}, "param.error"),
        ({"callbackType": "PIGEON"}, "param.error"),
        ({"openSpaceId": "IM_GROUP." + dt.OPS}, "param.error"),
        ({"openSpaceId": None}, "MissingopenSpaceId"),
        ({"outTrackId": None}, "MissingoutTrackId"),
        ({"outTrackID": "x"}, "InvalidParameter"),
        ({"userIdType": "1"}, "InvalidParameter"),
        ({"imGroupOpenSpaceModel": {"supportForward": "no"}}, "InvalidParameter"),
    ],
)
async def test_what_is_refused(changes: dict[str, Any], code: str) -> None:
    async with dt.served() as client:
        status, answer = await client.post(dt.CREATE_DELIVER, dt.card(**changes))
        journal = await client.party.calls("card/instances/createAndDeliver")
        assert await client.party.cards("*") == []
    assert (status, answer["code"]) == (400, code)
    assert [call["code"] for call in journal] == [code]
    assert journal[0]["request"]["cardData"] == dt.card(**changes)["cardData"]


async def test_exactly_the_longest_value_and_key_pass_and_the_limit_moves() -> None:
    async with dt.served() as client:
        params = {"k" * 100: "", "markdown": "v" * 1024}
        await client.card(cardData={"cardParamMap": params})
        await client.party.configure(card_value_bytes=4000)
        await client.card("t2", cardData={"cardParamMap": {"markdown": "v" * 4000}})


async def test_the_same_card_cannot_be_created_twice() -> None:
    async with dt.served() as client:
        await client.card()
        data = {"cardParamMap": {"title": "other"}}
        status, answer = await client.post(dt.CREATE_DELIVER, dt.card(cardData=data))
        assert (status, answer["code"]) == (400, "param.cardAlreadyExist")
        assert (await shown(client))["text"].startswith("Restart")


@pytest.mark.parametrize(
    "changes",
    [
        {"openSpaceId": "dtv1.card//IM_GROUP.cidNOWHERE=="},
        {"imGroupOpenDeliverModel": {"robotCode": "another"}},
        {"imGroupOpenSpaceModel": None},
        {"openSpaceId": "dtv1.card//IM_ROBOT.u-alice"},
    ],
)
async def test_an_undelivered_card_is_http_200(changes: dict[str, Any]) -> None:
    async with dt.served() as client:
        answer = await client.card(**changes)
        (result,) = answer["result"]["deliverResults"]
        assert result["success"] is False
        assert result["errorMsg"]
        assert "carrierId" not in result
        assert await client.party.cards("*") == []


async def test_a_delivery_can_be_made_to_fail() -> None:
    async with dt.served() as client:
        await client.party.fault(dt.CREATE_DELIVER, "deliver_error", message="later")
        (result,) = (await client.card())["result"]["deliverResults"]
        assert (result["success"], result["errorMsg"]) == (False, "later")


async def test_an_update_overwrites_all_unless_by_key() -> None:
    async with dt.served() as client:
        await client.card()
        change = {"outTrackId": "t1", "cardData": {"cardParamMap": {"tips": "approved"}}}
        status, answer = await client.call(
            "PUT", dt.CARDS, change | {"cardUpdateOptions": BY_KEY, "userIdType": 1}
        )
        assert (status, answer) == (200, {"success": True, "result": True})
        assert (await shown(client))["text"] == "Restart\nweb-01\napproved"
        await client.call("PUT", dt.CARDS, change)
        card = await shown(client)
    assert card["text"] == "approved"
    assert card["buttons"] == []
    assert card["revision"] == 2
    assert card["history"] == ["Restart\nweb-01\nwaiting", "Restart\nweb-01\napproved"]


async def test_private_data_is_for_one_person() -> None:
    async with dt.served() as client:
        await client.card()
        private = {"u-bob": {"cardParamMap": {"tips": "your turn"}}}
        await client.call("PUT", dt.CARDS, {"outTrackId": "t1", "privateData": private})
        assert (await shown(client, "bob"))["text"].endswith("your turn")
        assert (await shown(client, "carol"))["text"].endswith("waiting")


async def test_an_update_of_no_card() -> None:
    async with dt.served() as client:
        status, answer = await client.call("PUT", dt.CARDS, {"outTrackId": "gone"})
    assert (status, answer["code"]) == (400, "param.cardNotExist")


@pytest.mark.parametrize("key", ["sys_full_json_obj", "msgButtons"])
async def test_buttons_in_both_spellings(key: str) -> None:
    buttons: Any = [
        {"text": "Yes", "id": "b1", "request": True, "params": {"action": "approve"}},
        {"text": "Docs", "url": "https://example.com/42"},
    ]
    value = json.dumps(buttons if key == "msgButtons" else {"msgButtons": buttons})
    async with dt.served() as client:
        await client.card(cardData={"cardParamMap": {"title": "T", key: value}})
        card = await shown(client)
        with pytest.raises(ValueError, match="no button"):
            await client.party.click("bob", "t1", "Docs")
    assert [b["label"] for b in card["buttons"]] == ["Yes", "Docs"]
    assert card["buttons"][0]["action"] == "approve"
    assert card["links"] == ["https://example.com/42"]


async def test_the_plain_template_has_no_buttons() -> None:
    async with dt.served() as client:
        await client.card(cardTemplateId=world.DINGTALK_PLAIN_TEMPLATE)
        card = await shown(client)
    assert card["buttons"] == []
    assert card["text"] == "Restart\nweb-01"


async def test_a_click_is_called_back_and_its_answer_changes_the_clickers_card_only() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.card()
        click = asyncio.create_task(client.party.click("bob", "t1", "reject"))
        frame = await socket.frame()
        answer = {"cardUpdateOptions": BY_KEY, "cardData": {"cardParamMap": {"tips": "…"}}}
        await socket.ack(frame, {"response": answer})
        result = await click
        data = json.loads(frame["data"])
        bob, carol = await shown(client, "bob"), await shown(client, "carol")
        change = {"outTrackId": "t1", "cardData": {"cardParamMap": {"tips": "rejected"}}}
        await client.call("PUT", dt.CARDS, change)
        assert (await shown(client, "bob"))["text"] == "rejected"
    assert frame["headers"]["topic"] == dt.CARD_TOPIC
    assert (data["type"], data["outTrackId"], data["userId"]) == ("actionCallback", "t1", "u-bob")
    assert data["content"] == data["value"]
    assert json.loads(data["content"]) == {
        "cardPrivateData": {"actionIds": ["reject"], "params": {"n": "7"}}
    }
    assert result["acked"] is True
    assert result["answer"] == {"response": answer}
    assert result["toast"] == "…"
    assert 0 <= result["latency"] < 2
    assert bob["text"] == "Restart\nweb-01\n…"
    assert carol["text"] == "Restart\nweb-01\nwaiting"
    assert carol["revision"] == 0


@pytest.mark.parametrize(
    "response",
    [
        {"cardData": {"cardParamMap": {"tips": 1}}},
        {"cardData": {"params": {}}},
        {"cardUpdateOptions": {"updateCardDataByKey": "yes"}},
        {"toast": "hello"},
        {"userPrivateData": {"u-bob": {"cardParamMap": {}}}},
        {"cardData": {"cardParamMap": {"tips": "x" * 1025}}},
        "OK",
    ],
)
async def test_a_malformed_answer_to_a_click_is_no_answer(response: Any) -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.card()
        click = asyncio.create_task(client.party.click("bob", "t1", "approve"))
        await socket.ack(await socket.frame(), {"response": response})
        result = await click
        assert (await shown(client, "bob"))["text"].endswith("waiting")
        assert len(await client.party.calls("ack.card")) == 1
    assert (result["acked"], result["toast_type"]) == (False, "error")


async def test_a_click_waits_two_seconds_and_is_never_pushed_again() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.card()
        click = asyncio.create_task(client.party.click("bob", "t1", "approve"))
        await socket.frame()
        client.clock.advance(1.5)
        assert await socket.silent()
        assert not click.done()
        client.clock.advance(0.5)
        assert (await click)["acked"] is False
        client.clock.advance(25)
        assert await socket.silent()


async def test_an_outdated_card_can_be_clicked() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.card()
        change = {"outTrackId": "t1", "cardData": {"cardParamMap": {"tips": "approved"}}}
        await client.call("PUT", dt.CARDS, change)
        with pytest.raises(ValueError, match="no button"):
            await client.party.click("bob", "t1", "approve")
        click = asyncio.create_task(client.party.click("bob", "t1", "approve", revision=0))
        await socket.ack(await socket.frame(), {"response": {}})
        assert (await click)["acked"] is True


async def test_a_click_can_be_forged_and_delivered_twice() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.card()
        await client.party.fault("push.card", "duplicate")
        click = asyncio.create_task(client.party.click("mallory", "t1", "nuke", force=True))
        frames = [await socket.frame() for _ in range(2)]
        for frame in frames:
            await socket.ack(frame, {"response": None})
        assert (await click)["acked"] is True
        assert await client.party.calls("ack") == []
    assert frames[0] == frames[1]
    assert '"nuke"' in json.loads(frames[0]["data"])["content"]


async def test_an_update_inside_the_callback_is_refused_and_after_the_ack_it_is_not() -> None:
    async with dt.served() as client:
        await client.party.configure(callback_grace=0.05)
        socket = await client.connect()
        await client.card()
        change = {"outTrackId": "t1", "cardData": {"cardParamMap": {"tips": "approved"}}}
        click = asyncio.create_task(client.party.click("bob", "t1", "approve"))
        frame = await socket.frame()
        inside, answer = await client.call("PUT", dt.CARDS, change)
        await socket.ack(frame, {"response": None})
        after, _ = await client.call("PUT", dt.CARDS, change)
        await click
    assert (inside, answer["code"]) == (400, "card.callbackPending")
    assert after == 200


@pytest.mark.parametrize("do", ["drop_ack", "no_push", "reorder"])
async def test_what_never_reached_the_bot_or_was_answered_does_not_block_an_update(do: str) -> None:
    async with dt.served() as client:
        await client.party.configure(callback_grace=0.05)
        socket = await client.connect()
        await client.card()
        await client.party.fault("push.card", do)
        click = asyncio.create_task(client.party.click("bob", "t1", "approve"))
        await dt.until(lambda: client.party.gateway.deliveries)
        if do == "drop_ack":
            await socket.ack(await socket.frame(), {"response": None})
            await dt.until(lambda: client.party.gateway.deliveries[0].seconds is not None)
        change = {"outTrackId": "t1", "cardData": {"cardParamMap": {"tips": "approved"}}}
        assert (await client.call("PUT", dt.CARDS, change))[0] == 200
        client.clock.advance(2)
        assert (await click)["acked"] is False


async def test_an_update_waits_for_other_peoples_clicks_that_are_being_answered() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.card()
        change = {"outTrackId": "t1", "cardData": {"cardParamMap": {"tips": "approved"}}}
        click = asyncio.create_task(client.party.click("carol", "t1", "approve"))
        frame = await socket.frame()
        update = asyncio.create_task(client.call("PUT", dt.CARDS, change))
        await dt.until(lambda: [c for c in client.party.journal if c.api.startswith("PUT")])
        await socket.ack(frame, {"response": None})
        assert (await update)[0] == 200
        assert (await click)["acked"] is True


async def test_clicks_need_a_streaming_card_and_somebody_who_sees_it() -> None:
    async with dt.served() as client:
        await client.card(callbackType="HTTP")
        with pytest.raises(ValueError, match="callbackType"):
            await client.party.click("bob", "t1", "approve")
        await client.card(
            "t2",
            openSpaceId="dtv1.card//IM_ROBOT.u-alice",
            imRobotOpenSpaceModel={"supportForward": False},
        )
        with pytest.raises(ValueError, match="does not see"):
            await client.party.click("bob", "t2", "approve")


async def test_a_forced_click_presses_the_button_that_once_was_there() -> None:
    async with dt.served() as client:
        socket = await client.connect()
        await client.card()
        change = {"outTrackId": "t1", "cardData": {"cardParamMap": {"tips": "rejected"}}}
        await client.call("PUT", dt.CARDS, change)
        click = asyncio.create_task(
            client.party.click("carol", "t1", "reject", reason="lost", force=True)
        )
        frame = await socket.frame()
        await socket.ack(frame, {"response": {"cardData": change["cardData"]}})
        result = await click
    content = json.loads(json.loads(frame["data"])["content"])
    assert content["cardPrivateData"] == {"actionIds": ["reject"], "params": {"n": "7"}}
    assert "lost" not in frame["data"]
    assert (result["toast"], result["toast_type"]) == ("rejected", "info")
