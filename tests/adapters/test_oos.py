"""Starting executions on OOS, against the stand-in over a real socket with the real SDK."""

from __future__ import annotations

import dataclasses
import hashlib

import pytest

from adapters.oos import Oos
from bot import model
from sandbox.aliyun import Aliyun
from tests.adapters.oos_plans import (
    TOUCH,
    begun,
    count,
    ended,
    executor,
    start,
)
from tests.sandbox.aliyun_party import DB1, REGION, until
from tests.sandbox.oos_client import Sdk, script, template
from tests.sandbox.oos_client import api as call

pytestmark = pytest.mark.usefixtures("hurry")


# ----------------------------------------------------------------------------- starting


async def test_a_template_runs_as_approved(oos: Oos, party: Aliyun) -> None:
    text = template(
        script("touch", "echo {{ word }}", "{{ target }}"),
        Parameters={"word": {"Type": "String"}, "target": {"Type": "String"}},
        Outputs={"id": {"Type": "String", "Value": "{{ touch.id }}"}},
    )
    effect = start(text, parameters={"word": "你好", "target": DB1})
    outcome = await oos.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Done)
    (one,) = await party.executions()
    assert one["ExecutionId"] == outcome.ref
    assert outcome.data["version"] == "v1"
    assert one["Parameters"] == {"word": "你好", "target": DB1}
    assert one["Tags"] == effect.tags
    assert (one["ClientToken"], one["SafetyCheck"]) == ("token-1", "ConfirmEveryHighRiskAction")
    assert one["Description"] == f"#7 {model.short(effect.digest)} restart"
    assert [c["api"] for c in (await party.calls())[:2]] == [
        "ValidateTemplateContent",
        "StartExecution",
    ]
    sight = await ended(oos, outcome.ref)
    assert (sight.status, sight.waiting, sight.progress.error) == ("Success", None, "")
    assert sight.progress.stages == (model.TaskStatus("touch", "ACS::ExecuteAPI", "Success"),)
    assert sight.progress.outputs["id"].startswith("t-")
    await until(lambda: not party.agents.jobs)
    assert [run["instance"] for run in await party.runs()] == [DB1]


def shown(name: str, text: str, version: str = "v1", pinned: bool = True) -> model.Definition:
    """A template as it was read when the run was planned."""
    return model.Definition(name, version, hashlib.sha256(text.encode()).hexdigest(), pinned)


async def test_a_stored_template_is_started_by_name_and_version(oos: Oos, party: Aliyun) -> None:
    sdk = Sdk(party)
    await sdk.call("CreateTemplate", TemplateName="touch", Content=TOUCH)
    await sdk.call("UpdateTemplate", TemplateName="touch", Content=template(call("look")))
    effect = start(command_id="touch", version="v1", definitions=(shown("touch", TOUCH),))
    outcome = await oos.perform(effect, model.Attempt())
    assert isinstance(outcome, model.Done)
    assert outcome.data == {"template": "touch", "version": "v1"}
    assert await count(party, "ValidateTemplateContent") == 0
    sight = await ended(oos, outcome.ref)
    assert [stage.name for stage in sight.progress.stages] == ["touch"]
    unseen = await oos.perform(start(command_id="touch", token="t2"), model.Attempt())
    assert isinstance(unseen, model.Refused)
    assert unseen.code == "NotShown"


async def test_templates_are_read_in_the_version_that_is_asked_for(oos: Oos, party: Aliyun) -> None:
    newer = template(call("look"))
    await party.add_template("touch", TOUCH)
    await party.change_template("touch", newer)
    wanted = model.FetchDefinition("oos", (("touch", "v1"), ("none", "")), REGION)
    first = await oos.perform(wanted, model.Attempt())
    assert first == model.Done(
        data={
            "definitions": [{"name": "touch", "version": "v1", "content": TOUCH}],
            "missing": ["none"],
        }
    )
    newest = await oos.perform(
        model.FetchDefinition("oos", (("touch", ""),), REGION), model.Attempt()
    )
    assert isinstance(newest, model.Done)
    assert newest.data["definitions"] == [{"name": "touch", "version": "v2", "content": newer}]
    await party.fault("GetTemplate", "error", status=403, code="Forbidden.RAM")
    denied = await oos.perform(wanted, model.Attempt())
    assert isinstance(denied, model.Refused)
    assert "oos:GetTemplate" in denied.reason


async def test_a_template_that_changed_after_the_vote_is_not_started(
    oos: Oos, party: Aliyun
) -> None:
    await party.add_template("touch", TOUCH)
    loose = start(TOUCH, definitions=(shown("touch", TOUCH, pinned=False),))
    assert isinstance(await oos.perform(loose, model.Attempt()), model.Done)
    await party.change_template("touch", template(call("look")))
    started = await count(party, "StartExecution")
    for definitions in (
        (shown("touch", TOUCH, pinned=False),),
        (shown("touch", "another text"),),
        (shown("touch", TOUCH), shown("gone", TOUCH)),
    ):
        effect = start(TOUCH, "t2", definitions=definitions)
        outcome = await oos.perform(effect, model.Attempt())
        assert isinstance(outcome, model.Refused)
        assert outcome.code == "DefinitionChanged"
    assert await count(party, "StartExecution") == started
    pinned = start(TOUCH, "t3", definitions=(shown("touch", TOUCH),))
    assert isinstance(await oos.perform(pinned, model.Attempt()), model.Done)


async def test_a_long_template_fits(oos: Oos) -> None:
    id = await begun(oos, script("touch", "true"), Description="x" * 60_000)
    assert (await ended(oos, id)).status == "Success"
    longer = start(template(script("touch", "true"), Description="x" * 65_536), "t2")
    outcome = await oos.perform(longer, model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert "longer than 64 KB" in outcome.reason


async def test_a_template_that_oos_does_not_take_is_not_started(oos: Oos, party: Aliyun) -> None:
    outcome = await oos.perform(start(template(script("touch", "{{ nothing }}"))), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert "unknown parameter `nothing`" in outcome.reason
    assert await count(party, "StartExecution") == 0


async def test_parameters_that_do_not_fit_are_refused(oos: Oos) -> None:
    text = template(call("look"), Parameters={"n": {"Type": "Number"}})
    outcome = await oos.perform(start(text, parameters={"n": "many"}), model.Attempt())
    assert isinstance(outcome, model.Refused)
    assert outcome.code == "InvalidParameter.Parameters"


def broken(field: str) -> model.StartRun:
    good = start(TOUCH)
    match field:
        case "both":
            return start(TOUCH, command_id="touch")
        case "neither":
            return start()
        case "tag":
            return dataclasses.replace(good, tags={})
        case "tags":
            return dataclasses.replace(
                good, tags={**good.tags, **dict.fromkeys(map(str, range(18)), "x")}
            )
        case "value":
            return start(TOUCH, parameters={"a": {"b": ["{{ oos-secret:db }}"]}})
    raise AssertionError(field)


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("both", "PlanMismatch"),
        ("neither", "PlanMismatch"),
        ("tag", "Tags"),
        ("tags", "NumberExceed.Tags"),
        ("value", "UnsafeParameter"),
    ],
)
async def test_what_must_not_be_sent(oos: Oos, party: Aliyun, field: str, code: str) -> None:
    for doubt in (False, True):
        outcome = await oos.perform(broken(field), model.Attempt(uncertain=doubt))
        assert isinstance(outcome, model.Refused)
        assert outcome.code == code
    assert party.journal == []


# ----------------------------------------------------------------------------- never twice


async def test_settings_may_skip_the_safety_check(party: Aliyun) -> None:
    async with executor(party, safety_check="Skip") as one:
        id = await begun(one, script("touch", "true", properties={"Risk": "High"}))
        assert (await ended(one, id)).status == "Success"
