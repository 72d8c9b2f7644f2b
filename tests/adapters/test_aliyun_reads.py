"""Finding instances, reading results, and who is calling."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import shlex
import urllib.request
from typing import Any

import pytest

from adapters.aliyun import Aliyun, Credentials, rights
from bot import model
from bot.commands import api, rendering
from bot.oos.engine import calls
from sandbox import aliyun as party_module
from tests.adapters.aliyun_plans import executor, plan, start
from tests.sandbox.aliyun_party import DB1, NO_AGENT, REGION, WEB1, WEB2, until

pytestmark = pytest.mark.usefixtures("hurry")

Party = party_module.Aliyun
BATCH = [{"Key": "countersign-batch", "Value": "b1"}]


# ----------------------------------------------------------------------------- what was started


# ----------------------------------------------------------------------------- finding


async def find(one: Aliyun, *targets: str, region: str = "") -> Any:
    outcome = await one.perform(model.ResolveTargets(targets, region), model.Attempt())
    assert isinstance(outcome, model.Done), outcome
    return outcome.data


def names(data: Any) -> list[str]:
    return [i["name"] for i in data["instances"]]


async def test_ids_names_and_tags(aliyun: Aliyun) -> None:
    data = await find(aliyun, DB1, "web-02", "tag:tier=hr", "web-02", DB1)
    assert names(data) == ["db-01", "web-02", "hr-01"]
    assert data["instances"][0] == {
        "id": DB1,
        "name": "db-01",
        "region": REGION,
        "status": "Running",
        "agent": True,
        "system": "linux",
        "tags": {"env": "prod", "tier": "db"},
    }
    assert (data["unknown"], data["ambiguous"]) == ([], {})


async def test_status_and_agent_are_told(aliyun: Aliyun) -> None:
    data = await find(aliyun, "off-01", "old-01")
    assert [(i["status"], i["agent"]) for i in data["instances"]] == [
        ("Stopped", False),
        ("Running", False),
    ]


async def test_what_is_not_there_is_unknown(aliyun: Aliyun, party: Party) -> None:
    targets = ("nothing", "i-nothere1", "web-*", "tag:env", "tag:=x", "tag:env=none", "*")
    data = await find(aliyun, *targets)
    assert data == {"instances": [], "unknown": list(targets), "ambiguous": {}}


async def test_what_is_not_there_comes_with_the_names_that_may_have_been_meant(
    aliyun: Aliyun, party: Party
) -> None:
    assert (await find(aliyun, "WEB-01"))["near"] == ["web-01"]
    assert {"web-01", "web-02"} <= set((await find(aliyun, "web-9"))["near"])
    assert "near" not in await find(aliyun, "zzz", "i-nothere1", "tag:env=none")


async def test_the_system_of_an_instance_is_told(aliyun: Aliyun, party: Party) -> None:
    await party.add_machine("i-win00001", "win-01", system="windows")
    data = await find(aliyun, "win-01", "web-01")
    assert [one["system"] for one in data["instances"]] == ["windows", "linux"]


async def test_a_name_of_two_is_never_guessed(aliyun: Aliyun, party: Party) -> None:
    await party.add_machine("i-twin0001", "web-01")
    data = await find(aliyun, "web-01", "web-02")
    assert names(data) == ["web-02"]
    assert data["ambiguous"] == {"web-01": [WEB1, "i-twin0001"]}


async def test_a_name_that_looks_like_an_id(aliyun: Aliyun, party: Party) -> None:
    await party.add_machine("i-plain0001", "i-gateway")
    assert [i["id"] for i in (await find(aliyun, "i-gateway"))["instances"]] == ["i-plain0001"]


async def test_every_region_is_searched(party: Party) -> None:
    await party.add_machine("i-far00001", "far", region="cn-beijing")
    await party.add_machine("i-far00002", "web-01", region="cn-beijing")
    async with executor(party.base_url, regions=("cn-beijing",)) as one:
        data = await find(one, "far", "i-far00002", "web-01")
        assert [(i["id"], i["region"]) for i in data["instances"]] == [
            ("i-far00001", "cn-beijing"),
            ("i-far00002", "cn-beijing"),
        ]
        assert data["ambiguous"] == {"web-01": ["i-far00002", WEB1]}
        assert names(await find(one, "web-01", region=REGION)) == ["web-01"]


async def test_all_instances_come_in_pages(aliyun: Aliyun, party: Party) -> None:
    for n in range(230):
        await party.add_machine(f"i-many{n:04d}", f"many-{n}", agent=n % 2 == 0)
    data = await find(aliyun)
    assert len({i["id"] for i in data["instances"]}) == 237
    assert sum(i["agent"] for i in data["instances"]) == 115 + 5
    assert len(await party.calls("DescribeInstances")) == 3
    assert len(await party.calls("DescribeCloudAssistantStatus")) == 5


async def test_agents_that_are_told_in_pages_are_all_known(aliyun: Aliyun, party: Party) -> None:
    await party.page_agents(2)
    data = await find(aliyun, "web-01", "web-02", "web-03", "db-01", "old-01")
    told = {one["name"]: one["agent"] for one in data["instances"]}
    assert told == {"web-01": True, "web-02": True, "web-03": True, "db-01": True, "old-01": False}
    assert len(await party.calls("DescribeCloudAssistantStatus")) == 3


async def test_finding_may_fail_harmlessly(aliyun: Aliyun, party: Party) -> None:
    await party.fault("DescribeInstances", "error", times=3)
    outcome = await aliyun.perform(model.ResolveTargets(("web-01",)), model.Attempt())
    assert isinstance(outcome, model.NotSent)
    await party.fault("DescribeInstances", "error", status=403, code="Forbidden.RAM")
    outcome = await aliyun.perform(model.ResolveTargets(("web-01",)), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert "ecs:DescribeInstances" in outcome.reason


# ----------------------------------------------------------------------------- reading results


async def test_results_tell_what_each_instance_did(aliyun: Aliyun, party: Party) -> None:
    script = 'echo "out $(hostname)"; [ "$(hostname)" = web-01 ] || exit 3'
    done = await aliyun.perform(start(plan(script, WEB1, WEB2)), model.Attempt())
    assert isinstance(done, model.Done)
    await until(lambda: not party.agents.jobs)
    found = await aliyun.poll(REGION, "batch-1", [done.ref, "t-unknown"])
    assert found.keys() == {done.ref}
    one, two = sorted(found[done.ref], key=lambda r: r.instance)
    assert (one.instance, one.status, one.exit_code) == (WEB1, "Success", 0)
    assert (one.output, one.dropped, one.error) == ("out web-01\n", 0, "")
    assert (two.status, two.exit_code, two.output) == ("Failed", 3, "out web-02\n")
    assert two.error.startswith("ExitCodeNonzero: ")
    assert one.started_at.endswith("Z")
    assert one.finished_at.endswith("Z")


async def many(party: Party, count: int, instances: tuple[str, ...] = (NO_AGENT,)) -> list[str]:
    """Invocations of the batch that end at once, since their agent does not run."""
    asked = {
        "RegionId": REGION,
        "Type": "RunShellScript",
        "CommandContent": "true",
        "InstanceId": list(instances),
        "Tag": BATCH,
    }
    return [party.ecs.commands.run_command(asked)["InvokeId"] for _ in range(count)]


async def test_calls_grow_with_pages_not_with_runs(aliyun: Aliyun, party: Party) -> None:
    ids = await many(party, 1000)
    found = await aliyun.poll(REGION, "b1", ids)
    assert set(found) == set(ids)
    assert {r.status for results in found.values() for r in results} == {"Aborted"}
    assert len(await party.calls("DescribeInvocationResults")) == 20


async def test_few_of_a_big_batch_are_asked_for_singly(aliyun: Aliyun, party: Party) -> None:
    ids = await many(party, 400)
    assert set(await aliyun.poll(REGION, "b1", ids[:3])) == set(ids[:3])
    first = len(await party.calls("DescribeInvocationResults"))
    assert first == 1 + 3
    assert set(await aliyun.poll(REGION, "b1", ids[5:8])) == set(ids[5:8])
    assert len(await party.calls("DescribeInvocationResults")) == first + 3


async def test_an_invocation_of_many_instances_is_whole(aliyun: Aliyun, party: Party) -> None:
    machines = tuple(f"i-many{n:03d}" for n in range(90))
    for one in machines:
        await party.add_machine(one, one, agent=False)
    big, other = await many(party, 2, machines)
    found = await aliyun.poll(REGION, "b1", [big])
    assert sorted(r.instance for r in found[big]) == list(machines)
    found = await aliyun.poll(REGION, "b1", [big, other])
    assert [len(found[i]) for i in (big, other)] == [90, 90]
    assert await aliyun.poll(REGION, "b1", []) == {}


async def test_another_batch_is_not_looked_at(aliyun: Aliyun, party: Party) -> None:
    ids = await many(party, 2)
    assert await aliyun.poll(REGION, "b2", ids) == {}


# ----------------------------------------------------------------------------- who is calling

ROLE = Credentials(
    "role",
    "LTAIbase",
    "base-secret",
    role_arn="acs:ram::123:role/chatops",
    external_id="ext-1",
    sts_endpoint="sts.invalid",
)


class Answer:
    """What the credentials library reads of an HTTP answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status_code = status
        self.body = json.dumps(body).encode()


class Sts:
    """AssumeRole with only its socket replaced, since the library insists on https: the keys it
    hands out are the stand-in's own."""

    def __init__(self, party: Party) -> None:
        self.party = party
        self.asked: list[dict[str, str]] = []
        self.answer: Answer | None = None

    def do_action(self, request: Any, options: Any = None) -> Answer:
        self.asked.append(dict(request.query))
        if self.answer is not None:
            return self.answer
        session = request.query["RoleSessionName"]
        with urllib.request.urlopen(f"{self.party.base_url}/sandbox/credentials/{session}") as got:
            return Answer(200, {"Credentials": json.load(got)})


@pytest.fixture
def sts(party: Party, monkeypatch: pytest.MonkeyPatch) -> Sts:
    from Tea.core import TeaCore

    service = Sts(party)
    monkeypatch.setattr(TeaCore, "do_action", staticmethod(service.do_action))
    return service


async def test_a_role_is_assumed_in_the_name_of_the_request(party: Party, sts: Sts) -> None:
    async with executor(party.base_url, credentials=ROLE) as one:
        assert isinstance(await one.perform(start(plan()), model.Attempt()), model.Done)
        assert isinstance(
            await one.perform(start(plan()), model.Attempt(uncertain=True)), model.Done
        )
        assert len(await find(one)) == 3
    (said,) = await party.invocations()
    assert said["key"] == "countersign-7"
    assert [a["RoleSessionName"] for a in sts.asked] == ["countersign-7", "countersign"]
    policy = json.loads(sts.asked[0]["Policy"])
    (runs,) = (each for each in policy["Statement"] if "ecs:RunCommand" in each["Action"])
    assert set(runs["Resource"]) == {
        f"acs:ecs:{REGION}:*:instance/{WEB1}",
        f"acs:ecs:{REGION}:*:instance/{WEB2}",
        f"acs:ecs:{REGION}:*:command/*",
    }
    assert sts.asked[0]["ExternalId"] == "ext-1"
    assert "Policy" not in sts.asked[1]


async def test_a_role_that_may_not_be_assumed(party: Party, sts: Sts) -> None:
    sts.answer = Answer(403, {"Code": "NoPermission", "Message": "base-secret"})
    async with executor(party.base_url, credentials=ROLE) as one:
        outcome = await one.perform(start(plan()), model.Attempt())
        sts.answer = Answer(500, {"Code": "InternalError"})
        later = await one.perform(start(plan()), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert "trust policy" in outcome.reason
    assert "base-secret" not in outcome.reason
    assert isinstance(later, model.NotSent)
    assert await party.calls("RunCommand") == []


async def test_a_templates_calls_are_made_in_the_name_of_the_request(
    party: Party, sts: Sts
) -> None:
    script = {"Type": "RunShellScript", "CommandContent": "true", "InstanceIds": [WEB1]}
    what = calls.Api("ECS", "RunCommand", script, REGION)
    filters = ({"Type": "Tags", "Tags": [{"Key": "env", "Value": "prod"}]},)
    chosen = calls.SelectTargets("ALIYUN::ECS::Instance", filters, REGION)
    async with executor(party.base_url, credentials=ROLE) as one:
        for one_call in (what, chosen):
            effect = model.RunCall(7, "c", "k", "token-1", one_call, REGION)
            assert isinstance(await one.perform(effect, model.Attempt()), model.Done)
    assert (await party.invocations())[0]["key"] == "countersign-7"
    assert [a["RoleSessionName"] for a in sts.asked] == ["countersign-7"]


def test_a_policy_too_long_is_left_out() -> None:
    assert rights.least(REGION, [f"i-bp1{n:017d}" for n in range(100)]) == ""
    assert 0 < len(rights.least(REGION, [f"i-bp1{n:017d}" for n in range(20)])) <= 2048


async def test_incomplete_credentials_are_a_refusal(party: Party) -> None:
    for broken in (
        Credentials("key", "LTAIx", ""),
        dataclasses.replace(ROLE, role_arn=""),
    ):
        async with executor(party.base_url, credentials=broken) as one:
            outcome = await one.perform(start(plan()), model.Attempt())
        assert isinstance(outcome, model.Refused), outcome
        assert "credentials" in outcome.reason


async def test_temporary_keys_are_used_as_given(party: Party) -> None:
    def fetch() -> Any:
        with urllib.request.urlopen(f"{party.base_url}/sandbox/credentials/mine") as got:
            return json.load(got)

    key = await asyncio.to_thread(fetch)
    given = Credentials("key", key["AccessKeyId"], key["AccessKeySecret"], key["SecurityToken"])
    async with executor(party.base_url, credentials=given) as one:
        assert isinstance(await one.perform(start(plan()), model.Attempt()), model.Done)
    assert (await party.invocations())[0]["key"] == "mine"


# ----------------------------------------------------------------------------- nothing escapes

HOSTILE = [
    "; touch escaped",
    "$(touch escaped)",
    "`touch escaped`",
    "a\nb\n\ntouch escaped\n",
    "' ; touch escaped #",
    '" ; touch escaped #',
    "a'b\"c'\"'\"'d",
    "\\' \\\" \\\\ \\n \\$HOME $HOME ${HOME} $$ $? !! ~ * ? [a-z] {a,b}",
    "&& touch escaped || touch escaped & | > escaped < /etc/passwd",
    "{{ACS::InstanceId}} {{oos-secret:db_password}} {{ x }}",
    "会签 naïve 🎉 \u202eevil\u202c \u200b \ufeff x\u0301",
    "\t lead and trail \t",
    "-rf --help",
    "",
    "%s %d %n \x01\x1b[31m\x7f",
    "\r\ntouch escaped\r\n",
    "x" * 5000,
    "".join(chr(n) for n in range(1, 127)),
]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_value_escapes_its_quotes(aliyun: Aliyun, party: Party, value: str) -> None:
    script = f"VALUE={shlex.quote(value)}\nprintf '%s|end' \"$VALUE\"\n"
    done = await aliyun.perform(start(plan(script, WEB1)), model.Attempt())
    assert isinstance(done, model.Done)
    await until(lambda: not party.agents.jobs)
    ((result,),) = (await aliyun.poll(REGION, "batch-1", [done.ref])).values()
    assert (result.status, result.exit_code) == ("Success", 0)
    assert result.output == value + "|end"
    assert (await party.files(WEB1)).keys() == {"passwd"}


def renders(value: str) -> bool:
    """True if the core takes this value at all: it refuses placeholders and control characters."""
    try:
        rendering.render(api.Script("true", {"VALUE": value}))
    except rendering.BadScript:
        return False
    return True


TAKEN = [value for value in HOSTILE if renders(value)]


def test_the_core_takes_most_of_them() -> None:
    assert len(TAKEN) >= 12


@pytest.mark.parametrize("value", TAKEN, ids=range(len(TAKEN)))
async def test_what_the_core_renders_runs_as_meant(
    aliyun: Aliyun, party: Party, value: str
) -> None:
    source = "#!/bin/bash\nset -euo pipefail\nprintf '%s|end' \"$VALUE\"\n"
    script = rendering.render(api.Script(source, {"VALUE": value}))
    done = await aliyun.perform(start(plan(script, WEB1)), model.Attempt())
    assert isinstance(done, model.Done)
    await until(lambda: not party.agents.jobs)
    ((result,),) = (await aliyun.poll(REGION, "batch-1", [done.ref])).values()
    assert result.output == value + "|end"
    assert (await party.files(WEB1)).keys() == {"passwd"}
