"""What a person does on the page, and sees there: with the stand-ins alone, and with the real bot
that is killed in the middle."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from sandbox import world
from sandbox.page import playground
from tests.page.visitor import Visitor

pytestmark = pytest.mark.asyncio(loop_scope="session")
PLATFORMS = ("dingtalk", "lark")
WEB1 = "i-sandbox0web01"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def visitor(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Visitor]:
    """Somebody who looks at a page of which the bot was not started."""
    async with (
        playground.open_page(tmp_path_factory.mktemp("page"), "en", launch=False) as server,
        Visitor(server) as visitor,
    ):
        yield visitor


def machine(one: Visitor, id: str = WEB1) -> Any:
    return one.seen.get(("machines", id))


# ----------------------------------------------------------------------------- without a bot


async def test_everything_there_is_to_choose_from_is_on_the_board(visitor: Visitor) -> None:
    await visitor.read(lambda one: one.all("commands"))
    assert {person.id for person in world.EVERYBODY} == {
        key for kind, key in visitor.seen if kind == "people"
    }
    assert visitor.seen["people", "bob"]["roles"] == ["sre"]
    assert visitor.seen["people", "mallory"]["roles"] == []
    restart = visitor.seen["commands", "restart"]
    assert restart["names"] == {"zh-CN": "重启", "en": "restart"}
    assert [each["name"] for each in restart["parameters"]] == ["targets", "service", "reason"]
    role = visitor.seen["commands", "provision"]["parameters"][1]
    assert (role["type"], role["choices"]) == ("choice", ["devops", "dev", "ops"])
    assert visitor.seen["formkinds", "lark/new-hire"]["fields"][1]["choices"] == role["choices"]
    assert len(visitor.all("machines")) == len(world.MACHINES)
    assert visitor.seen["bot", "bot"]["state"] == "stopped"
    for title in [kind["title"] for kind in visitor.all("faultkinds")]:
        assert title["zh-CN"] != title["en"]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_people_write_stands_in_the_chat_though_the_bot_is_away(
    visitor: Visitor, platform: str
) -> None:
    say = {"platform": platform, "person": "alice"}
    said = await visitor.act("say", **say, chat="ops", text="restart web-01")
    more = {"quote": said["message"], "mention": ["bob"]}
    answered = await visitor.act("say", **say, chat="ops", text="please", **more)
    await visitor.act("say", platform=platform, person="dave", chat="direct", text="whoami")
    await visitor.act("recall", platform=platform, message=said["message"])
    key = ("messages", f"{platform}/{said['message']}")
    await visitor.read(lambda one: one.seen.get(key, {}).get("recalled"))
    assert visitor.seen[key]["payload"] == {}
    reply = visitor.seen["messages", f"{platform}/{answered['message']}"]
    assert (reply["from"], reply["chat"], reply["reply_to"]) == ("alice", "ops", said["message"])
    assert reply["mentions"] == ["bob"]
    content = reply["payload"]["text" if platform == "dingtalk" else "content"]
    assert "please" in (content.get("content") or content["text"])
    await visitor.read(
        lambda one: [
            m
            for m in one.all("messages")
            if m["chat"] == "direct:dave" and m["platform"] == platform
        ]
    )


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_form_is_filed_decided_in_turn_and_revoked(visitor: Visitor, platform: str) -> None:
    fields = {"emp_id": "E7", "role": "dev"}
    who = {"platform": platform, "person": "alice", "form": "new-hire", "fields": fields}
    id = (await visitor.act("form.file", **who, approvers=["carol", "bob"]))["id"]
    place, key = {"platform": platform, "id": id}, ("forms", f"{platform}/{id}")
    await visitor.read(lambda one: one.seen.get(key, {}).get("state") == "open")
    assert visitor.seen[key]["fields"] == fields
    assert visitor.seen[key]["approvers"] == ["carol", "bob"]
    said = await visitor.refused("form.decide", **place, person="dave", decision="agree")
    assert said["en"] == "It is not this person's turn to decide."
    said = await visitor.refused("form.decide", **place, person="bob", decision="withdraw")
    assert said["en"] == "Only its filer takes a form back."
    for person in ("carol", "bob"):
        await visitor.act("form.decide", **place, person=person, decision="agree")
    await visitor.read(lambda one: one.seen[key]["state"] == "agreed")
    await visitor.act("form.revoke", **place)
    await visitor.read(lambda one: one.seen[key]["state"] == "revoked")
    assert (
        await visitor.refused("form.file", **(who | {"fields": {"emp_id": "E7", "role": "boss"}}))
    )["en"].endswith("devops, dev, ops.")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_numbers_and_choices_of_a_form_are_written_as_the_platform_does(
    visitor: Visitor, platform: str
) -> None:
    fields = {"project": "shop", "resource": "disk", "amount": "8"}
    who = {"platform": platform, "person": "alice", "form": "resource"}
    for amount in ("-1", "1.5", "²", "8" * 10):
        said = await visitor.refused("form.file", **who, fields=fields | {"amount": amount})
        assert said["en"] == "'Amount' is a number."
    said = await visitor.refused("form.file", **(who | {"person": "guest"}), fields=fields)
    assert "guest" in said["en"]
    id = (await visitor.act("form.file", **who, fields=fields))["id"]
    await visitor.read(lambda one: ("forms", f"{platform}/{id}") in one.seen)
    one = visitor.seen["forms", f"{platform}/{id}"]
    assert (one["form"], one["fields"], one["approvers"]) == ("resource", fields, ["dave"])


async def test_machines_are_switched_slowed_written_on_and_taken_away(visitor: Visitor) -> None:
    await visitor.act("machine.agent", id=WEB1, running=False)
    await visitor.act("machine.slow", id=WEB1, seconds=2.5)
    await visitor.act("machine.file", id=WEB1, name="etc/app.conf", text="port = 1")
    await visitor.read(lambda one: machine(one) and machine(one)["slow"] == 2.5)
    assert machine(visitor)["agent"] is False
    assert {"name": "etc/app.conf", "text": "port = 1"} in machine(visitor)["files"]
    await visitor.act("machine.status", id=WEB1, status="Stopped")
    await visitor.read(lambda one: machine(one)["status"] == "Stopped")
    await visitor.act("machine.status", id=WEB1, status="Running")
    await visitor.read(lambda one: machine(one)["agent"])
    await visitor.act("machine.remove", id="i-sandbox0web02")
    await visitor.read(lambda one: machine(one) and machine(one, "i-sandbox0web02") is None)


async def test_a_script_that_floods_its_machine_does_not_stop_the_page(visitor: Visitor) -> None:
    """Files beyond number and output without end: the page shows some of it, and stays quick."""
    world = visitor.server.world
    assert world is not None
    folder = world.company.aliyun.cloud.machines["i-sandbox0web03"].folder
    (folder / "many").mkdir(parents=True)
    for number in range(5000):
        (folder / "many" / f"{number}").touch()
    content = base64.b64encode(b"timeout 0.3 yes").decode()
    given = {"Type": "RunShellScript", "CommandContent": content, "ContentEncoding": "Base64"}
    given |= {"RegionId": "cn-hangzhou", "InstanceId": ["i-sandbox0web03"]}
    world.company.aliyun.ecs.commands.run_command(given)
    await visitor.read(lambda o: any("y" in run["output"] for run in o.all("runs")))
    began = time.perf_counter()
    for _ in range(20):
        await visitor.act("clock.reset")
    assert time.perf_counter() - began < 2
    await visitor.read(lambda o: all(run["state"] != "Running" for run in o.all("runs")))
    assert len(machine(visitor, "i-sandbox0web03")["files"]) <= 60
    assert all(len(run["output"]) <= 8192 for run in visitor.all("runs"))


async def test_faults_wait_until_they_happen_or_are_cleared(visitor: Visitor) -> None:
    await visitor.act("fault.add", platform="aliyun", kind="throttle", times=2)
    await visitor.act("fault.add", platform="aliyun", kind="hold")
    await visitor.read(lambda one: len(one.all("faults")) == 2)
    first = visitor.seen["faults", "aliyun/0"]
    assert (first["name"], first["do"], first["times"]) == ("throttle", "throttle", 2)
    await visitor.act("fault.clear", platform="aliyun")
    await visitor.read(lambda one: not one.all("faults"))


async def test_the_bot_is_started_once_and_hears_of_its_clock_from_the_first_moment(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whoever presses twice starts one; a signal that comes before it listens does not end it."""
    folder = tmp_path_factory.mktemp("page")
    async with (
        playground.open_page(folder, "en", launch=False) as server,
        Visitor(server) as one,
    ):
        await asyncio.gather(*(one.act("bot.start") for _ in range(3)))
        for _ in range(5):
            await one.act("clock.move", seconds=3600)
        await one.read(lambda o: o.seen.get(("bot", "bot"), {}).get("state") == "connected", 60)
        assert one.seen["bot", "bot"]["starts"] == 1
        await one.act("say", platform="lark", person="alice", chat="ops", text="restart web-01")
        asked = await one.read(lambda o: o.all("audit"))
        assert asked[0]["at"] > time.time() + 4 * 3600


async def test_the_clock_is_set_and_reset(visitor: Visitor) -> None:
    await visitor.act("clock.move", seconds=600)
    await visitor.act("clock.move", seconds=-1200)
    await visitor.read(lambda one: one.seen["clock", "clock"]["offset"] == -600)
    await visitor.act("clock.reset")
    await visitor.read(lambda one: one.seen["clock", "clock"]["offset"] == 0)


async def test_an_event_that_nobody_takes_is_lost_on_the_wire(visitor: Visitor) -> None:
    await visitor.refused("events.post", kind="Hire", platform="lark", emp_id="E1")
    rows = await visitor.read(lambda one: [r for r in one.all("wire") if r["platform"] == "http"])
    assert (rows[-1]["outcome"], rows[-1]["request"]["detail"]["emp_id"]) == ("lost", "E1")


async def test_an_execution_on_oos_is_shown_until_it_is_over(visitor: Visitor) -> None:
    world = visitor.server.world
    assert world is not None
    rest = {"Name": "rest", "Action": "ACS::Sleep", "Properties": {"Duration": "PT0.5S"}}
    content = json.dumps({"FormatVersion": "OOS-2019-06-01", "Tasks": [rest]})
    await world.company.call("aliyun", "add_template", name="rest", content=content)
    id = await world.company.call("aliyun", "start_in_console", TemplateName="rest")
    one = await visitor.read(lambda o: (e := o.seen.get(("executions", id))) and e["tasks"] and e)
    assert (one["template"], one["by"]) == ("rest", "ops@example")
    assert (one["tasks"][0]["name"], one["tasks"][0]["action"]) == ("rest", "ACS::Sleep")
    await visitor.read(lambda o: o.seen["executions", id]["state"] == "Success")


# ----------------------------------------------------------------------------- with the real bot


async def offered(one: Visitor, platform: str, text: str) -> Any:
    """Wait for the card about a text that offers approval."""
    return await one.read(
        lambda o: (card := o.card(platform, text)) and "approve" in str(card["payload"]) and card
    )


async def test_a_run_outlives_the_bot_that_was_killed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """On both platforms at once: asked, refused to who may not, approved; killed and started again
    while the script runs; told, once, with proof."""
    folder = tmp_path_factory.mktemp("page")
    async with playground.open_page(folder, "en") as server, Visitor(server) as one:
        await one.read(lambda o: o.seen.get(("bot", "bot"), {}).get("state") == "connected", 60)
        asked = {"person": "alice", "form": "resource"}
        for platform, amount in zip(PLATFORMS, ("11", "12"), strict=True):
            fields = {"project": "shop", "resource": "disk", "amount": amount}
            form = await one.act("form.file", platform=platform, **asked, fields=fields)
            agreed = {"platform": platform, "person": "dave", "decision": "agree"}
            await one.act("form.decide", **agreed, id=form["id"])
            await offered(one, platform, f"amount={amount}")
        for platform in PLATFORMS:
            text = f"run web-03 -- echo begun {platform}; sleep 3; echo survived"
            await one.act("say", platform=platform, person="bob", chat="ops", text=text)
        for platform in PLATFORMS:
            card = await offered(one, platform, f"echo begun {platform}")
            press = {"platform": platform, "ref": card["ref"], "action": "approve"}
            assert "account" in (await one.act("click", **press, person="mallory"))["toast"]
            assert "Outside accounts" in (await one.act("click", **press, person="guest"))["toast"]
            assert "own request" in (await one.act("click", **press, person="bob"))["toast"]
            assert (await one.act("click", **press, person="carol"))["acked"]
        await one.read(lambda o: sum("begun" in run["output"] for run in o.all("runs")) == 2)
        assert {run["state"] for run in one.all("runs")} == {"Running"}
        assert len([toast for toast in one.all("toasts") if toast["person"] == "carol"]) == 2
        await one.act("bot.kill")
        await one.read(lambda o: not any(o.seen["bot", "bot"]["connections"].values()))
        assert one.seen["bot", "bot"]["state"] == "killed"
        vain = await one.act("click", **(press | {"action": "stop", "person": "bob"}))
        assert (vain["acked"], vain["kind"]) == (False, "error")
        assert "code: 200342" in vain["toast"]
        await one.act("bot.start")
        for platform in PLATFORMS:
            done = await one.read(
                lambda o, p=platform: o.card(p, "succeeded") and o.card(p, "to run a script"), 60
            )
            assert done["revision"] > 0
        assert len(one.all("runs")) == 2, "each ran once"
        assert one.seen["bot", "bot"]["starts"] == 2
        assert (await one.act("audit.verify"))["ok"]
        await one.read(lambda o: o.seen.get(("verified", "audit")))
        rows = sorted(one.all("audit"), key=lambda row: row["id"])
        assert [row["id"] for row in rows] == [*range(1, len(rows) + 1)]
        assert all(row["previous"] == before["hash"] for before, row in itertools.pairwise(rows))
        assert {"vote.refused", "request.approved", "run.finished"} & {
            row["action"] for row in rows
        }
        assert all(
            row["outcome"] != "open" for row in one.all("wire") if row["name"] == "RunCommand"
        )
        await one.act("world.reset")
        await one.read(lambda o: o.events.count("snapshot") == 2 and o.all("machines"))
        assert not [*one.all("messages"), *one.all("audit"), *one.all("runs")]
        assert one.seen["bot", "bot"]["starts"] == 1
