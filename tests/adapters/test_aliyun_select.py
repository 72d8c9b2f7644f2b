"""Targets: what a template's filters mean, and how a request resolves them before the vote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.aliyun import Aliyun
from bot import model
from bot.oos.engine import calls
from bot.oos.parameters import targets
from sandbox import aliyun as party_module
from tests.adapters.aliyun_plans import executor
from tests.sandbox.aliyun_party import DB1, NO_AGENT, REGION, SWITCHED_OFF, WEB1, WEB2

Party = party_module.Aliyun
WEB3 = "i-sandbox0web03"
WEBS = [WEB1, WEB2, WEB3]
TYPE = "ALIYUN::ECS::Instance"
ALL = {"Type": "All"}
WEB = {"Type": "Tags", "Tags": [{"Key": "tier", "Value": "web"}]}


async def select(one: Aliyun, *filters: Any, **more: Any) -> model.Outcome:
    given = {"resource_type": TYPE, "filters": filters, "region": REGION, **more}
    what = calls.SelectTargets(**given)
    return await one.perform(model.RunCall(7, "c", "k", "t", what, REGION), model.Attempt())


async def ids(one: Aliyun, *filters: Any, **more: Any) -> list[str]:
    outcome = await select(one, *filters, **more)
    assert isinstance(outcome, model.Done), outcome
    found = outcome.data["document"]
    items = found["Instances"]["Instance"]
    assert found["TotalCount"] == len(items)
    return [item["InstanceId"] for item in items]


def of(*names: str, **more: Any) -> dict[str, Any]:
    return {"Type": "ResourceIds", "ResourceIds": list(names), **more}


# ----------------------------------------------------------------------------- selecting


async def test_the_shape_is_that_of_describe_instances(aliyun: Aliyun) -> None:
    outcome = await select(aliyun, of(WEB1))
    assert isinstance(outcome, model.Done)
    (item,) = outcome.data["document"]["Instances"]["Instance"]
    assert (item["InstanceId"], item["InstanceName"]) == (WEB1, "web-01")
    assert item["Tags"]["Tag"][0].keys() == {"TagKey", "TagValue"}
    assert item["Status"] == "Running"


async def test_ids_and_names_keep_their_order(aliyun: Aliyun) -> None:
    assert await ids(aliyun, of("web-02", DB1, WEB1, "db-01")) == [WEB2, DB1, WEB1]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (WEB, WEBS),
        ({"type": "tags", "tags": [{"key": "tier", "value": "web"}]}, WEBS),
        ({"TYPE": "TAGS", "TAGS": {"Key": "tier", "Value": "web"}}, WEBS),
        ({"Tags": [{"Key": "tier", "Value": "web"}]}, WEBS),
        ({"Type": "InstanceNames", "InstanceNames": ["web-02"]}, [WEB2]),
        (json.dumps(WEB), WEBS),
        ([WEB, of(DB1)], [*WEBS, DB1]),
        (json.dumps([of(DB1), of(WEB1)]), [DB1, WEB1]),
        ({**WEB, "Parameters": {"Status": "Stopped"}}, []),
        ({**ALL, "Parameters": {"status": "Stopped"}}, [SWITCHED_OFF]),
        (of(WEB1, SWITCHED_OFF, Parameters={"Status": "Running"}), [WEB1]),
        ({**ALL, "Parameters": {"RegionId": "cn-beijing"}}, []),
        (of(), []),
        (targets.targets("web-01,web-02"), [WEB1, WEB2]),
        (targets.targets("tag:tier=web"), WEBS),
    ],
    ids=range(15),
)
async def test_filters(aliyun: Aliyun, given: Any, found: list[str]) -> None:
    assert await ids(aliyun, given) == found


async def test_a_key_alone_and_several_tags(aliyun: Aliyun) -> None:
    both = {"Type": "Tags", "Tags": [{"Key": "tier"}, {"Key": "env", "Value": "prod"}]}
    found = await ids(aliyun, both)
    assert WEB1 in found
    assert set(found) < set(await ids(aliyun, ALL))


async def test_all_of_them(aliyun: Aliyun, party: Party) -> None:
    for n in range(230):
        await party.add_machine(f"i-many{n:04d}", f"many-{n}", agent=False)
    found = await ids(aliyun, ALL)
    assert len(set(found)) == len(found) == 237
    many = await ids(aliyun, of(*(f"i-many{n:04d}" for n in range(230))))
    assert many == [f"i-many{n:04d}" for n in range(230)]


async def test_several_filters_must_all_hold(aliyun: Aliyun) -> None:
    assert await ids(aliyun, of(DB1, "web-02", WEB1), WEB) == [WEB2, WEB1]
    assert await ids(aliyun, WEB, of(DB1)) == []
    assert await ids(aliyun, ALL, WEB, of(WEB1)) == [WEB1]


async def test_at_most_so_many(aliyun: Aliyun) -> None:
    assert await ids(aliyun, of(DB1, WEB1, WEB2), most=2) == [DB1, WEB1]


async def test_another_region(aliyun: Aliyun, party: Party) -> None:
    await party.add_machine("i-far00001", "web-01", region="cn-beijing")
    assert await ids(aliyun, of("web-01", RegionId="cn-beijing")) == ["i-far00001"]
    assert await ids(aliyun, of("web-01"), region="cn-beijing") == ["i-far00001"]
    assert await ids(aliyun, of("web-01")) == [WEB1]


@pytest.mark.parametrize("kind", [TYPE, TYPE.lower(), TYPE.upper()])
async def test_the_type_in_any_case(aliyun: Aliyun, kind: str) -> None:
    assert await ids(aliyun, of(WEB1), resource_type=kind) == [WEB1]


@pytest.mark.parametrize(
    ("filters", "more", "words"),
    [
        ([of(WEB1)], {"resource_type": "ALIYUN::RDS::Instance"}, ["RDS", "ECS::Instance"]),
        ([], {}, ["All"]),
        ([of("web-99", "i-nothere1", "web-*", WEB1)], {}, ["web-99, i-nothere1, web-*"]),
        ([of("WEB-01")], {}, ["WEB-01"]),
        ([{"Type": "ResourceIds"}], {}, ["resourceids"]),
        ([{"Type": "Tags", "Tags": []}], {}, ["Tags"]),
        ([{"Type": "Tags", "Tags": [{"Value": "x"}]}], {}, ["Key"]),
        ([{"Type": "ResourceGroup"}], {}, ["ResourceGroupId"]),
        ([{"Type": "Everything"}], {}, ["Everything", "ResourceIds"]),
        ([{}], {}, ["Type"]),
        (["i-1"], {}, ["Type"]),
        (["{broken"], {}, ["JSON"]),
        ([{**ALL, "RegionId": "evil.com/"}], {}, ["not a region"]),
        ([ALL], {"region": "evil.com/"}, ["not a region"]),
        ([{**ALL, "Parameters": {"Statuss": "Stopped"}}], {}, ["Statuss"]),
        ([{**ALL, "Parameters": {"PageSize": 1}}], {}, ["PageSize"]),
        ([{**ALL, "Parameters": "x"}], {}, ["mapping"]),
    ],
    ids=range(17),
)
async def test_what_cannot_be_selected(
    aliyun: Aliyun, filters: list[Any], more: dict[str, Any], words: list[str]
) -> None:
    outcome = await select(aliyun, *filters, **more)
    assert isinstance(outcome, model.Refused), outcome
    assert all(word in outcome.reason for word in words), outcome.reason


async def test_a_name_of_two_is_never_guessed(aliyun: Aliyun, party: Party) -> None:
    await party.add_machine("i-twin0001", "web-01")
    outcome = await select(aliyun, of("web-01", "web-02"))
    assert isinstance(outcome, model.Refused)
    assert WEB1 in outcome.reason
    assert "i-twin0001" in outcome.reason
    assert await ids(aliyun, of(WEB1)) == [WEB1]


async def test_no_ids_are_not_all(aliyun: Aliyun, party: Party) -> None:
    assert await ids(aliyun, of("", " ")) == []
    assert await party.calls("DescribeInstances") == []


async def test_trouble_while_selecting_changed_nothing(aliyun: Aliyun, party: Party) -> None:
    await party.fault("DescribeInstances", "throttle", times=9, retry_after_ms=9000)
    outcome = await select(aliyun, ALL)
    assert outcome == model.NotSent(outcome.reason, 9.0)  # type: ignore[union-attr]
    await party.clear_faults()
    what = calls.SelectTargets(TYPE, (WEB,), REGION)
    for lookup in (False, True):
        again = model.RunCall(7, "c", "k", "t", what, REGION, lookup)
        assert isinstance(await aliyun.perform(again, model.Attempt(uncertain=True)), model.Done)


# ----------------------------------------------------------------------------- before the vote


async def resolve(one: Aliyun, *filters: Any, **more: Any) -> Any:
    effect = model.ResolveTargets(more.pop("targets", ()), filters=filters, **more)
    outcome = await one.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Done), outcome
    return outcome.data


async def test_filters_are_resolved_like_targets(aliyun: Aliyun) -> None:
    data = await resolve(aliyun, of("web-02", DB1, NO_AGENT))
    assert data == {
        "instances": [
            {"id": i, "name": n, "region": REGION, "status": "Running", "agent": agent}
            | {"system": "linux", "tags": {"env": "prod", **tags}}
            for i, n, agent, tags in (
                (WEB2, "web-02", True, {"tier": "web"}),
                (DB1, "db-01", True, {"tier": "db"}),
                (NO_AGENT, "old-01", False, dict[str, str]()),
            )
        ],
        "unknown": [],
        "ambiguous": {},
        "each": [[WEB2, DB1, NO_AGENT]],
    }


async def test_filters_of_several_parameters_are_put_together(aliyun: Aliyun) -> None:
    data = await resolve(aliyun, WEB, of(DB1, "web-01"))
    assert [i["id"] for i in data["instances"]] == [*WEBS, DB1]
    data = await resolve(aliyun, WEB, targets=("db-01",))
    assert [i["id"] for i in data["instances"]] == [DB1, *WEBS]


async def test_what_each_of_several_filters_found_is_told_apart(aliyun: Aliyun) -> None:
    """A parameter that holds instances is frozen to its own, whatever the others hold."""
    either = {"Type": "Any", "Filters": [of("db-01"), of(WEB1)]}
    data = await resolve(aliyun, of("web-02", "web-01"), either)
    assert data["each"] == [[WEB2, WEB1], [DB1, WEB1]]
    assert [found["id"] for found in data["instances"]] == [WEB2, WEB1, DB1]


async def test_what_filters_do_not_find_is_told(aliyun: Aliyun, party: Party) -> None:
    await party.add_machine("i-twin0001", "web-01")
    data = await resolve(aliyun, of("web-01", "web-99"), of("web-99", "web-02"))
    assert [i["id"] for i in data["instances"]] == [WEB2]
    assert data["unknown"] == ["web-99"]
    assert "web-02" in data["near"]
    assert data["ambiguous"] == {"web-01": [WEB1, "i-twin0001"]}


async def test_filters_are_looked_for_in_every_region(party: Party) -> None:
    await party.add_machine("i-far00001", "far", region="cn-beijing")
    async with executor(party.base_url, regions=("cn-beijing",)) as one:
        data = await resolve(one, of("far", WEB1))
        assert [i["region"] for i in data["instances"]] == ["cn-beijing", REGION]
        assert (await resolve(one, of("far"), region=REGION))["unknown"] == ["far"]
        data = await resolve(one, of("far", RegionId="cn-beijing"), region=REGION)
        assert data["unknown"] == []


async def test_filters_that_are_none(aliyun: Aliyun) -> None:
    for bad in ({"Type": "Tags", "Tags": []}, {}, {"Type": "All", "RegionId": "a/b"}):
        outcome = await aliyun.perform(model.ResolveTargets((), filters=(bad,)), model.Attempt())
        assert isinstance(outcome, model.Refused)
        assert "targets" in outcome.reason
    outcome = await aliyun.perform(model.ResolveTargets((), "evil.com/"), model.Attempt())
    assert isinstance(outcome, model.Refused)
