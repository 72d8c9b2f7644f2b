"""The stand-ins in one's own event loop: what they tell those who watch, and of a guest."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox import world
from sandbox.base import Changes
from sandbox.client import Sandbox
from sandbox.standins import StandIns


@pytest.fixture
async def company() -> AsyncIterator[StandIns]:
    async with StandIns() as company:
        yield company


async def test_both_ways_of_starting_them_have_the_same_ports_and_methods(
    company: StandIns,
) -> None:
    assert company.ports.keys() == world.PORTS.keys()
    async with Sandbox() as apart:
        assert await apart.call("dingtalk", "people") == await company.call("dingtalk", "people")
        for one in (apart, company):
            with pytest.raises(RuntimeError, match="no control method app"):
                await one.call("lark", "app")
            with pytest.raises(RuntimeError, match="nobody is called 'eve'"):
                await one.call("lark", "say", user="eve", text="x")


async def test_a_guest_is_of_another_company_as_the_platforms_tell_it(company: StandIns) -> None:
    for platform in ("dingtalk", "lark"):
        await company.call(platform, "say", user="guest", text="whoami")
        with pytest.raises(RuntimeError, match="guest is not in"):
            await company.call(platform, "say", user="guest", text="whoami", direct=True)
    [told] = await company.call("dingtalk", "deliveries")
    assert told["payload"]["senderCorpId"] == world.GUEST_CORP
    assert told["payload"]["chatbotCorpId"] == world.DINGTALK_CORP
    assert told["payload"]["senderStaffId"] == "", "a user id is known within the company only"
    [told] = await company.call("lark", "deliveries")
    sender = told["payload"]["event"]["sender"]
    assert told["payload"]["header"]["tenant_key"] == world.LARK_TENANT
    assert sender["tenant_key"] == world.GUEST_TENANT
    assert sender["sender_id"].keys() == {"open_id", "union_id"}


async def test_who_watches_gets_each_change_once_and_of_the_kinds_wanted() -> None:
    changes = Changes()
    changes.note("entry", "before anybody watched")
    watch, other = changes.watch("entry", "form"), changes.watch("call")
    for key in ("1", "2", "1"):
        changes.note("entry", key)
    changes.note("call", "9")
    changes.note("form", "1")
    assert await watch.changes() == [("entry", "1"), ("entry", "2"), ("form", "1")]
    assert await other.changes() == [("call", "9")]


async def test_a_message_is_noted_when_it_comes_and_when_it_is_taken_back(
    company: StandIns,
) -> None:
    for party in (company.dingtalk, company.lark):
        watch = party.changes.watch("entry")
        said = await company.call(party.name, "say", user="alice", text="whoami")
        assert len(await watch.changes()) == 1
        await company.call(party.name, "recall", message=said["message"])
        assert len(await watch.changes()) == 1
