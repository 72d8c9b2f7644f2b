"""Starting executions, so that none is ever started twice."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.oos.api import Api
from adapters.oos.failures import Failure
from adapters.oos.settings import Settings
from bot import model, ports

log = logging.getLogger(__name__)

STEP_TAG = "countersign-step"
AT_TAG = "countersign-at"
MOST_TAGS = 20
LONGEST_DESCRIPTION = 200


class Runner:
    """Starts executions."""

    def __init__(self, api: Api, settings: Settings, clock: ports.Clock) -> None:
        self.api = api
        self.settings = settings
        self.clock = clock

    async def start(self, effect: model.StartRun, doubt: bool) -> model.Outcome:
        """Start the execution of a step, or find out that it was started before."""
        if refused := objection(effect):
            return refused
        region = effect.step.region or effect.plan.region or self.settings.region
        if doubt:
            known = await self._known(effect, region)
            if known is not None:
                return known
        elif effect.plan.script:
            try:
                await self._validate(effect, region)
            except Failure as failure:
                return failure.harmless()
        return await self._send(effect, region, doubt)

    async def _validate(self, effect: model.StartRun, region: str) -> None:
        """Ask OOS whether it would take the template. Raises Failure."""
        fields = {"Content": effect.plan.script}
        await self.api.call("ValidateTemplateContent", region, fields, effect.request)

    async def _send(self, effect: model.StartRun, region: str, doubt: bool) -> model.Outcome:
        token = effect.step.token
        fields = request(effect, self.settings.safety_check)
        try:
            answer = await self.api.call("StartExecution", region, fields, effect.request)
        except Failure as failure:
            mismatch = failure.code == "IdempotentParameterMismatch"
            if mismatch or (failure.doubt and failure.kind == "refused"):
                return await self._second_look(effect, region, failure)
            if doubt and failure.kind != "refused":
                return model.Unknown(failure.reason, token)
            return failure.outcome(token)
        execution = answer.get("Execution") or {}
        if not execution.get("ExecutionId"):
            return model.Unknown("StartExecution was answered without an execution id.", token)
        return done(execution)

    async def _known(self, effect: model.StartRun, region: str) -> model.Outcome | None:
        """What became of an earlier try; None: it certainly cannot run twice if sent again."""
        try:
            found = await self._look(effect, region)
        except Failure as failure:
            return model.Unknown(f"It could not be looked up: {failure.reason}", effect.step.token)
        if found is not None:
            return found
        age = self._age(effect)
        if age is not None and age < self.settings.safe_token_seconds:
            return None
        return model.Unknown(
            "No trace of it was found, and it is too old to be sent again safely.",
            effect.step.token,
        )

    async def _second_look(
        self, effect: model.StartRun, region: str, why: Failure
    ) -> model.Outcome:
        """Look for an execution that was refused after a try that may have started it."""
        try:
            found = await self._look(effect, region)
        except Failure as failure:
            log.warning("step %s could not be looked up: %s", effect.step.token, failure.reason)
            found = None
        return found or model.Unknown(why.reason, effect.step.token)

    def _age(self, effect: model.StartRun) -> float | None:
        """Seconds since the step was written; None if nobody noted it."""
        try:
            noted = float(effect.tags.get(AT_TAG, ""))
        except ValueError:
            return None
        return self.clock.now().timestamp() - noted

    async def _look(self, effect: model.StartRun, region: str) -> model.Done | None:
        """The execution that carries the step's tag; None: there is none. Raises Failure."""
        tags = json.dumps({STEP_TAG: effect.step.token})
        fields = {"Tags": tags, "MaxResults": "10"}
        answer = await self.api.call("ListExecutions", region, fields, effect.request)
        items = list(answer.get("Executions") or [])
        if not items:
            return None
        items.sort(key=lambda item: str(item.get("CreateDate", "")))
        if len(items) > 1:
            log.error("step %s was started %d times", effect.step.token, len(items))
        return done(items[0])


def objection(effect: model.StartRun) -> model.Refused | None:
    """What forbids this call whatever the platform says; None: nothing."""
    plan, step = effect.plan, effect.step
    if model.digest(plan) != effect.digest:
        return model.Refused("The plan is not the one that was approved.", "DigestMismatch")
    if plan.engine != "oos":
        return model.Refused(f"This executor does not run {plan.engine!r} plans.", "Engine")
    if not step.token or len(step.token) > 64 or not step.token.isascii():
        return model.Refused("The step's token is no client token.", "ClientToken")
    if effect.tags.get(STEP_TAG) != step.token:
        return model.Refused("The step's tag is missing: it could not be found again.", "Tags")
    if len(effect.tags) > MOST_TAGS:
        return model.Refused(f"An execution takes {MOST_TAGS} tags at most.", "NumberExceed.Tags")
    if bool(plan.script) == bool(plan.command_id):
        reason = "A plan for OOS has either a template's text or the name of a stored one."
        return model.Refused(reason, "PlanMismatch")
    for name, value in plan.parameters.items():
        if any("{{" in text or "}}" in text for text in texts(value)):
            reason = (
                f"The value of {name} contains a placeholder ({{{{ … }}}}), which OOS or the "
                "instance might replace: give the value itself."
            )
            return model.Refused(reason, "UnsafeParameter")
    return None


def texts(value: Any) -> Iterator[str]:
    """Every text in a value, names of its parts included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def done(execution: Mapping[str, Any]) -> model.Done:
    return model.Done(
        str(execution["ExecutionId"]),
        {
            "template": str(execution.get("TemplateName") or ""),
            "version": str(execution.get("TemplateVersion") or ""),
        },
    )


def request(effect: model.StartRun, safety_check: str) -> dict[str, str]:
    """The fields of the call that starts a step. The same effect always gives the same fields, or
    its client token would be refused the second time."""
    plan, step = effect.plan, effect.step
    description = f"#{effect.request} {model.short(effect.digest)} {plan.command}"
    fields = {
        "Parameters": model.canonical(dict(plan.parameters)),
        "ClientToken": step.token,
        "Tags": model.canonical(dict(effect.tags)),
        "SafetyCheck": safety_check,
        "Description": description[:LONGEST_DESCRIPTION],
    }
    if plan.script:
        return fields | {"TemplateContent": plan.script}
    fields["TemplateName"] = plan.command_id
    return fields | ({"TemplateVersion": plan.version} if plan.version else {})
