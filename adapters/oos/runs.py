"""Starting executions, so that none is ever started twice."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Mapping

from adapters import openapi
from adapters.oos import definitions
from adapters.oos.api import Api
from adapters.oos.settings import Settings
from bot import model
from bot.model import ports
from bot.source import masks

log = logging.getLogger(__name__)

MOST_TAGS = 20
LONGEST_DESCRIPTION = 200


class Runner:
    """Starts executions."""

    def __init__(self, api: Api, settings: Settings, clock: ports.Clock) -> None:
        self.api = api
        self.settings = settings
        self.starts = openapi.Starts(settings, clock)

    async def start(self, effect: model.StartRun, attempt: model.Attempt) -> model.Outcome:
        """Start the execution of a step, or find out that it was started before."""
        if refused := objection(effect, self.settings.robots, self.settings.key):
            return refused
        region = effect.step.region or effect.plan.region or self.settings.region
        look = functools.partial(self._look, effect, region)
        known = await self.starts.before(effect, attempt, look)
        if known is not None:
            return known
        if not attempt.uncertain:
            try:
                if changed := await self._changed(effect, region):
                    return changed
            except openapi.Failure as failure:
                return failure.harmless()
        check = stricter(self.settings.safety_check, effect.plan)
        fields = request(effect, check, self.settings.robots)
        try:
            answer = await self.api.call("StartExecution", region, fields, effect.request)
        except openapi.Failure as failure:
            return await self.starts.failed(effect, failure, attempt.uncertain, look)
        execution = answer.get("Execution") or {}
        if not execution.get("ExecutionId"):
            reason = "StartExecution was answered without an execution id."
            return model.Unknown(reason, effect.step.token)
        return done(execution)

    async def _changed(self, effect: model.StartRun, region: str) -> model.Refused | None:
        """What forbids the start as the templates on OOS are now; None: nothing. Raises Failure,
        also if OOS would not take the template's text."""
        if effect.plan.script:
            fields = {"Content": effect.plan.script}
            await self.api.call("ValidateTemplateContent", region, fields, effect.request)
        return await definitions.objection(self.api, effect.plan, region, effect.request)

    async def _look(self, effect: model.StartRun, region: str) -> model.Done | model.Unknown | None:
        """The execution that carries the step's tag; None: there is none; Unknown: it runs another
        plan. Raises Failure."""
        tags = json.dumps({openapi.STEP_TAG: effect.step.token})
        fields = {"Tags": tags, "MaxResults": "10"}
        answer = await self.api.call("ListExecutions", region, fields, effect.request)
        executions = list(answer.get("Executions") or [])
        if not executions:
            return None
        items = [item for item in executions if openapi.fits(effect.digest, tags_of(item))]
        if not items:
            return openapi.stranger(effect.step.token)
        items.sort(key=lambda item: str(item.get("CreateDate", "")))
        if len(items) > 1:
            log.error("step %s was started %d times", effect.step.token, len(items))
        return done(items[0])


def objection(
    effect: model.StartRun, robots: Mapping[str, str] | None = None, key: bytes = b""
) -> model.Refused | None:
    """What forbids this call whatever the platform says; None: nothing."""
    plan, step = effect.plan, effect.step
    if refused := openapi.objection(effect, "oos", key):
        return refused
    if effect.tags.get(openapi.STEP_TAG) != step.token:
        return model.Refused("The step's tag is missing: it could not be found again.", "Tags")
    if len(effect.tags) > MOST_TAGS:
        return model.Refused(f"An execution takes {MOST_TAGS} tags at most.", "NumberExceed.Tags")
    if not isinstance(plan, model.RemoteTemplatePlan) or bool(plan.script) == bool(plan.command_id):
        reason = "A plan for OOS has either a template's text or the name of a stored one."
        return model.Refused(reason, "PlanMismatch")
    if plan.command_id and not plan.definitions:
        reason = "The content of the stored template was not shown to those who approved it."
        return model.Refused(reason, "NotShown")
    for name, value in plan.parameters.items():
        if any("{{" in text or "}}" in text for text in masks.strings(value, keys=True)):
            reason = (
                f"The value of {name} contains a placeholder ({{{{ … }}}}), which OOS or the "
                "instance might replace: give the value itself."
            )
            return model.Refused(reason, "UnsafeParameter")
        if robot_of(value) and robot_of(value) not in (robots or {}):
            reason = f"{name}: there is no robot {value[6:66]} in [[webhook.robot]]."
            return model.Refused(reason, "UnknownRobot")
    return None


def stricter(now: str, plan: model.Plan) -> str:
    """The safety check as it is configured now or as it was voted on: whichever asks more."""
    voted = str(plan.terms.get("safety_check") or now)
    return now if voted == "Skip" else voted


def tags_of(execution: Mapping[str, object]) -> dict[str, str]:
    """The tags of an execution: a mapping, or its JSON."""
    tags = execution.get("Tags") or {}
    if isinstance(tags, str):
        try:
            tags = json.loads(tags)
        except ValueError:
            return {}
    return {str(k): str(v) for k, v in tags.items()} if isinstance(tags, Mapping) else {}


def robot_of(value: object) -> str:
    """The robot, by name, that a parameter's value stands for; empty: none."""
    return value[6:] if isinstance(value, str) and value.startswith("robot:") else ""


def done(execution: Mapping[str, object]) -> model.Done:
    return model.Done(
        str(execution["ExecutionId"]),
        {
            "template": str(execution.get("TemplateName") or ""),
            "version": str(execution.get("TemplateVersion") or ""),
        },
    )


def request(
    effect: model.StartRun, safety_check: str, robots: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The fields of the call that starts a step. The same effect always gives the same fields, or
    its client token would be refused the second time."""
    plan, step = effect.plan, effect.step
    description = f"#{effect.request} {model.short(effect.digest)} {plan.command}"
    body = {
        name: (robots or {})[robot] if (robot := robot_of(value)) else value
        for name, value in plan.parameters.items()
    }
    fields = {
        "Parameters": model.canonical(body),
        "ClientToken": step.token,
        "Tags": model.canonical(dict(effect.tags)),
        "SafetyCheck": safety_check,
        "Description": description[:LONGEST_DESCRIPTION],
    }
    assert isinstance(plan, model.RemoteTemplatePlan), plan.engine
    if plan.script:
        return fields | {"TemplateContent": plan.script}
    fields["TemplateName"] = plan.command_id
    return fields | ({"TemplateVersion": plan.version} if plan.version else {})
