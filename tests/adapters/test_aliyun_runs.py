"""Starting and stopping runs, against the ECS stand-in over a real socket with the real SDK."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
from typing import Any

import pytest

from adapters.aliyun import Aliyun
from bot import model
from sandbox import aliyun as party_module
from tests.adapters.aliyun_plans import plan, start
from tests.sandbox.aliyun_party import NO_AGENT, REGION, WEB1, WEB2, Sdk, until

pytestmark = pytest.mark.usefixtures("hurry")

Party = party_module.Aliyun


async def ran(party: Party) -> list[str]:
    """Where scripts really ran, once nothing is under way."""
    await until(lambda: not party.agents.jobs)
    return [r["instance"] for r in await party.runs()]


async def tokens(party: Party, action: str = "RunCommand") -> list[str]:
    return [c["request"].get("ClientToken") for c in await party.calls(action)]


# ----------------------------------------------------------------------------- the way it goes


async def test_a_plan_runs_as_approved(aliyun: Aliyun, party: Party) -> None:
    script = "echo 你好 {{ACS::InstanceId}} > said"
    effect = start(plan(script, user="ops", workdir="/srv", timeout=120), who="bob")
    outcome = await aliyun.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Done)
    (said,) = await party.invocations()
    assert outcome.ref == said["id"]
    assert outcome.data == {"command_id": said["command_id"]}
    assert said["content"] == script
    assert said["tags"] == effect.tags
    assert said["name"] == effect.name
    assert (said["token"], said["timeout"], said["username"]) == ("token-1", 120, "ops")
    assert sorted(await ran(party)) == [WEB1, WEB2]
    assert (await party.files(WEB1))["srv/said"] == "你好 {{ACS::InstanceId}}\n"
    (call,) = await party.calls("RunCommand")
    assert base64.b64decode(call["request"]["CommandContent"]).decode() == script
    assert call["request"]["EnableParameter"] == "False"
    assert call["request"]["TerminationMode"] == "ProcessTree"


def stored(id: str, content: str, script: str, **more: Any) -> model.Plan:
    """The plan of a stored command, as it was read when it was planned."""
    digest = hashlib.sha256(content.encode()).hexdigest()
    found = (model.Definition(id, "", digest),)
    return plan(script, WEB1, command_id=id, definitions=found, format=2, **more)


async def test_a_stored_command_is_read_as_it_is_kept(aliyun: Aliyun, party: Party) -> None:
    id = await party.add_command(
        "greet", "echo hi {{ who }} 你好", EnableParameter=True, Timeout=90, WorkingDir="/srv",
        Launcher="sh -u {{ACS::ScriptFileName}}",
    )  # fmt: skip
    wanted = model.FetchDefinition("ecs", ((id, ""), ("c-none", "")), REGION)
    outcome = await aliyun.perform(wanted, model.Attempt())
    assert isinstance(outcome, model.Done)
    (item,) = outcome.data["definitions"]
    assert item == {
        "name": id,
        "version": "",
        "content": "echo hi {{ who }} 你好",
        "type": "RunShellScript",
        "timeout": 90,
        "workdir": "/srv",
        "launcher": "sh -u {{ACS::ScriptFileName}}",
        "braces": True,
    }
    assert outcome.data["missing"] == ["c-none"]
    await party.fault("DescribeCommands", "error", status=403, code="Forbidden.RAM")
    denied = await aliyun.perform(wanted, model.Attempt())
    assert isinstance(denied, model.Refused)
    assert "ecs:DescribeCommands" in denied.reason
    await party.fault("DescribeCommands", "throttle", retry_after_ms=60_000)
    assert isinstance(await aliyun.perform(wanted, model.Attempt()), model.NotSent)


async def test_a_stored_command_runs_as_the_text_that_was_shown(
    aliyun: Aliyun, party: Party
) -> None:
    id = await party.add_command("greet", "echo hi {{ who }}", EnableParameter=True)
    shown = stored(id, "echo hi {{ who }}", "echo hi E-1.2_3@x", parameters={"who": "E-1.2_3@x"})
    await party.change_command(id, "echo something else")
    outcome = await aliyun.perform(start(shown), model.Attempt())
    assert isinstance(outcome, model.Done)
    await ran(party)
    (said,) = await party.invocations()
    assert said["results"][0]["output"] == "hi E-1.2_3@x\n"
    assert said["tags"]["countersign-step"] == "token-1"
    assert await party.calls("InvokeCommand") == []


async def test_one_invoked_by_its_id_is_compared_before_and_after(
    aliyun: Aliyun, party: Party
) -> None:
    content = "echo hi {{ who }}"
    id = await party.add_command("greet", content, EnableParameter=True)
    shown = stored(id, content, "echo hi E1", parameters={"who": "E1"}, invoke=True)
    same = await aliyun.perform(start(shown), model.Attempt())
    assert isinstance(same, model.Done)
    assert same.data["content"] == "same"
    await party.change_command(id, "echo swapped {{ who }}", late=True)
    late = await aliyun.perform(start(shown, "token-2"), model.Attempt())
    assert isinstance(late, model.Done)
    assert (late.data["content"], late.data["ran"]) == ("different", "echo swapped {{ who }}")
    before = await aliyun.perform(start(shown, "token-3"), model.Attempt())
    assert isinstance(before, model.Refused)
    assert before.code == "DefinitionChanged"
    await ran(party)
    assert len(await party.invocations()) == 2


async def test_what_was_invoked_is_compared_after_a_lost_answer_too(
    aliyun: Aliyun, party: Party
) -> None:
    id = await party.add_command("greet", "echo hi")
    shown = stored(id, "echo hi", "echo hi", invoke=True)
    await party.change_command(id, "echo swapped", late=True)
    await party.fault("InvokeCommand", "lose_answer", times=99)
    effect = start(shown)
    assert isinstance(await aliyun.perform(effect, model.Attempt()), model.Unknown)
    found = await aliyun.perform(effect, model.Attempt(uncertain=True))
    assert isinstance(found, model.Done)
    assert found.data["content"] == "different"
    party.faults.clear()
    await party.fault("DescribeInvocations", "error", times=99, status=403, code="Forbidden.RAM")
    again = await party.add_command("greet2", "echo hi")
    effect = start(stored(again, "echo hi", "echo hi", invoke=True), "token-9")
    unseen = await aliyun.perform(effect, model.Attempt())
    assert isinstance(unseen, model.Done)
    assert unseen.data["content"] == "unseen"
    assert "ecs:DescribeInvocations" in unseen.data["why"]
    await ran(party)


async def test_a_stored_command_whose_text_was_not_shown_is_not_run(
    aliyun: Aliyun, party: Party
) -> None:
    old = start(plan("", command_id="c-1", parameters={"who": "x"}))
    assert (await refused(aliyun, party, old)).code == "NotShown"


async def test_a_long_name_is_cut(aliyun: Aliyun, party: Party) -> None:
    effect = dataclasses.replace(start(plan()), name="名" * 300)
    assert isinstance(await aliyun.perform(effect, model.Attempt()), model.Done)
    assert (await party.invocations())[0]["name"] == "名" * 128


# ----------------------------------------------------------------------------- what is not sent


async def refused(aliyun: Aliyun, party: Party, effect: model.StartRun) -> model.Refused:
    outcome = await aliyun.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Refused), outcome
    assert await party.invocations() == []
    return outcome


async def test_other_instances_than_the_approved_ones_are_refused(
    aliyun: Aliyun, party: Party
) -> None:
    effect = start(plan("echo approved"))
    fewer = dataclasses.replace(effect, plan=plan("echo approved", WEB1))
    assert (await refused(aliyun, party, fewer)).code == "DigestMismatch"
    step = dataclasses.replace(effect.step, instances=(WEB1, "i-another"))
    outcome = await refused(aliyun, party, dataclasses.replace(effect, step=step))
    assert "i-another" in outcome.reason
    assert await party.calls() == []


@pytest.mark.parametrize(
    "value",
    ["; reboot", "$(id)", "a b", "`id`", "x\ny", "a'b", 'a"b', "你", "*", "~", "\\", "&", "|", "<"],
)
async def test_a_value_that_a_shell_would_read_is_refused(
    aliyun: Aliyun, party: Party, value: str
) -> None:
    effect = start(stored("c-1", "echo {{who}}", f"echo {value}", parameters={"who": value}))
    assert (await refused(aliyun, party, effect)).code == "UnsafeParameter"


@pytest.mark.parametrize("value", ["{{oos-secret:db_password}}", "{{ACS::InstanceId}}", "a}}b"])
async def test_a_placeholder_in_a_value_is_refused(
    aliyun: Aliyun, party: Party, value: str
) -> None:
    for effect in (
        start(stored("c-1", "echo {{who}}", f"echo {value}", parameters={"who": value})),
        start(stored("c-1", "echo {{who}}", "echo", parameters={"who": value}, invoke=True)),
    ):
        assert "who" in (await refused(aliyun, party, effect)).reason


async def test_a_machine_without_agent_is_named(aliyun: Aliyun, party: Party) -> None:
    outcome = await refused(aliyun, party, start(plan("true", WEB1, NO_AGENT)))
    assert outcome.code == "ClientNotRunning"
    assert f"name-of-{NO_AGENT}" in outcome.reason
    assert f"name-of-{WEB1}" not in outcome.reason


async def test_too_many_for_one_call(aliyun: Aliyun, party: Party) -> None:
    effect = start(plan("true", *(f"i-many{n:03d}" for n in range(101))))
    assert (await refused(aliyun, party, effect)).code == "InstanceIds.ExceedLimit"


# ----------------------------------------------------------------------------- trouble on the way


# ----------------------------------------------------------------------------- in doubt


async def test_a_token_used_by_somebody_else_is_a_persons_matter(
    aliyun: Aliyun, party: Party
) -> None:
    await Sdk(party).run("echo other", ClientToken="token-1")
    outcome = await aliyun.perform(start(plan()), model.Attempt())
    assert isinstance(outcome, model.Unknown)
    assert len(await party.invocations()) == 1


# ----------------------------------------------------------------------------- stopping


async def test_stop_ends_what_runs(aliyun: Aliyun, party: Party) -> None:
    done = await aliyun.perform(start(plan("sleep 1000")), model.Attempt())
    assert isinstance(done, model.Done)
    stop = model.StopRun(7, REGION, done.ref, (WEB1, WEB2))
    assert await aliyun.perform(stop, model.Attempt()) == model.Done(done.ref)
    await until(lambda: not party.agents.jobs)
    (said,) = await party.invocations()
    assert {r["status"] for r in said["results"]} <= {"Terminated", "Cancelled"}
    assert await aliyun.perform(stop, model.Attempt(uncertain=True)) == model.Done(done.ref)


async def test_stop_goes_in_parts_of_fifty(aliyun: Aliyun, party: Party) -> None:
    ids = [f"i-many{n:03d}" for n in range(70)]
    for one in ids:
        await party.add_machine(one, one, agent=False)
    invocation = await Sdk(party).run("true", *ids)
    stop = model.StopRun(7, REGION, invocation, (*ids, "i-released"))
    assert await aliyun.perform(stop, model.Attempt()) == model.Done(invocation)
    calls = await party.calls("StopInvocation")
    sizes = [sum(k.startswith("InstanceId.") for k in c["request"]) for c in calls]
    assert sorted(sizes) == [1] * 21 + [21, 50]


# ----------------------------------------------------------------------------- discretion
