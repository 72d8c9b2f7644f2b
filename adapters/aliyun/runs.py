"""Starting and stopping runs, so that none is ever started twice."""

from __future__ import annotations

import asyncio
import base64
import functools
import logging
import re
from dataclasses import replace
from typing import Any

from adapters import openapi
from adapters.aliyun import definitions, lookups, rights
from adapters.aliyun.api import Api
from adapters.aliyun.instances import Finder
from adapters.aliyun.settings import Settings
from bot import model
from bot.model import ports

log = logging.getLogger(__name__)

NAME_LENGTH = 128
STOP_CHUNK = 50
SAFE_VALUE = re.compile(r"[A-Za-z0-9_@%+=:,./-]*")
"""The platform puts the values of a stored command's parameters into its text as they are, so only
what no shell treats specially may pass."""


class Runner:
    """Starts steps and stops invocations."""

    def __init__(self, api: Api, finder: Finder, settings: Settings, clock: ports.Clock) -> None:
        self.api = api
        self.finder = finder
        self.settings = settings
        self.starts = openapi.Starts(settings, clock)

    async def start(self, effect: model.StartRun, attempt: model.Attempt) -> model.Outcome:
        """Start one step, or find out that it was started before."""
        if refused := self._objection(effect):
            return refused
        region = effect.step.region or effect.plan.region or self.settings.region
        identity = self._identity(effect.request, region, effect.step.instances)
        look = functools.partial(self._look, effect, region, identity)
        known = await self.starts.before(effect, attempt, look)
        if known is not None:
            return known
        if not attempt.uncertain:
            try:
                if refused := await self._asleep(effect, region, identity):
                    return refused
                if command := invoked(effect.plan):
                    changed = await definitions.objection(self.api, command, region, identity)
                    if changed is not None:
                        return changed
            except openapi.Failure as failure:
                return failure.harmless()
        action, fields = request(effect)
        try:
            answer = await self.api.call(action, region, fields, **identity)
        except openapi.Failure as failure:
            return await self.starts.failed(effect, failure, attempt.uncertain, look)
        if not answer.get("InvokeId"):
            reason = f"{action} was answered without an invocation id."
            return model.Unknown(reason, effect.step.token)
        if invoked(effect.plan):
            return await self._compared(effect, answer, region, identity)
        return done(answer)

    async def _compared(
        self, effect: model.StartRun, answer: dict[str, Any], region: str, identity: dict[str, str]
    ) -> model.Done:
        """It was started; what the platform says it runs is compared with what was shown."""
        fields = {"InvokeId": str(answer["InvokeId"])}
        try:
            listing = await self.api.call("DescribeInvocations", region, fields, **identity)
            items = (listing.get("Invocations") or {}).get("Invocation") or []
            if items:
                return done(items[0], effect.plan)
            why = "the platform does not show the invocation yet"
        except openapi.Failure as failure:
            why = failure.reason
        outcome = done(answer)
        return replace(outcome, data={**outcome.data, "content": "unseen", "why": why})

    async def stop(self, effect: model.StopRun) -> model.Outcome:
        """Stop an invocation; one that has ended, or is not known any more, is stopped."""
        region = effect.region or self.settings.region
        identity = self._identity(effect.request, region, effect.instances)
        ids = effect.instances
        chunks = [list(ids[n : n + STOP_CHUNK]) for n in range(0, len(ids), STOP_CHUNK)] or [[]]

        async def one(chunk: list[str]) -> None:
            fields: dict[str, Any] = {"InvokeId": effect.invocation}
            if chunk:
                fields["InstanceId"] = chunk
            try:
                await self.api.call("StopInvocation", region, fields, **identity)
            except openapi.Failure as failure:
                if failure.code == "InvalidInstance.NotFound" and len(chunk) > 1:
                    await asyncio.gather(*(one([i]) for i in chunk))
                elif failure.kind != "refused" or not over(failure.code):
                    raise

        try:
            await asyncio.gather(*(one(chunk) for chunk in chunks))
        except openapi.Failure as failure:
            return failure.harmless()
        return model.Done(effect.invocation)

    def _identity(self, request: int, region: str, ids: tuple[str, ...]) -> dict[str, str]:
        if self.settings.credentials.type != "role":
            return {}
        return {
            "session": openapi.session_name(self.settings.credentials, request),
            "policy": rights.least(region, ids),
        }

    def _objection(self, effect: model.StartRun) -> model.Refused | None:
        """What forbids this call whatever the platform says; None: nothing."""
        plan, step = effect.plan, effect.step
        if refused := openapi.objection(effect, "ecs"):
            return refused
        strangers = set(step.instances) - {one.id for one in plan.instances}
        if strangers or not step.instances:
            names = ", ".join(sorted(strangers)) or "no instance"
            return model.Refused(f"The approved plan does not name {names}.", "PlanMismatch")
        if len(step.instances) > self.settings.max_instances_per_call:
            return model.Refused("Too many instances for one call.", "InstanceIds.ExceedLimit")
        if isinstance(plan, model.StoredCommandPlan):
            return objection_to_command(plan)
        if not plan.script:
            return model.Refused("A plan has a script, or a command to invoke.", "PlanMismatch")
        return None

    async def _asleep(
        self, effect: model.StartRun, region: str, identity: dict[str, str]
    ) -> model.Refused | None:
        """Refused if an instance's agent does not run. Raises Failure."""
        running = await self.finder.agents(region, effect.step.instances, **identity)
        names = {one.id: one.name for one in effect.plan.instances}
        down = [names.get(i) or i for i in effect.step.instances if not running[i]]
        if not down:
            return None
        reason = (
            f"Cloud Assistant does not run on {', '.join(down)}: start the instance or its agent."
        )
        return model.Refused(reason, "ClientNotRunning")

    async def _look(
        self, effect: model.StartRun, region: str, identity: dict[str, str]
    ) -> model.Done | model.Unknown | None:
        """The invocation that carries the step's tag; None: there is none; Unknown: it runs another
        plan. Raises Failure."""
        answer = await lookups.invocations(self.api, region, effect.step.token, **identity)
        if not answer:
            return None
        items = lookups.ours(answer, effect.digest)
        if not items:
            return openapi.stranger(effect.step.token)
        if len(items) > 1:
            log.error("step %s was started %d times", effect.step.token, len(items))
        return done(items[0], effect.plan)


def objection_to_command(plan: model.StoredCommandPlan) -> model.Refused | None:
    """What forbids running a stored command with these values; None: nothing."""
    if not (plan.script and plan.definitions):
        reason = "The content of the stored command was not shown to those who approved it."
        return model.Refused(reason, "NotShown")
    if not plan.command_id:
        return model.Refused("A plan has a script, or a command to invoke.", "PlanMismatch")
    for name, value in plan.parameters.items():
        if "{{" in value or "}}" in value:
            reason = f"The value of {name} contains a placeholder, which would be expanded."
            return model.Refused(reason, "UnsafeParameter")
        if not SAFE_VALUE.fullmatch(value):
            reason = (
                f"The value of {name} has characters that a shell may read as more than "
                "text; a stored command may get letters, digits and _@%+=:,./- only."
            )
            return model.Refused(reason, "UnsafeParameter")
    return None


def invoked(plan: model.Plan) -> model.StoredCommandPlan | None:
    """The stored command that a plan runs by its id; None: it runs a text."""
    return plan if isinstance(plan, model.StoredCommandPlan) and plan.invoke else None


def over(code: str) -> bool:
    """True for refusals that say that there is nothing left to stop."""
    return code.startswith(("InvalidInvokeId.NotFound", "InvalidInvoke.NotFound")) or code in (
        "InvocationFinished",
        "InvalidInstance.NotFound",
    )


def done(answer: dict[str, object], plan: model.Plan | None = None) -> model.Done:
    """The outcome of a call; of an invocation as the platform shows it, with what was compared."""
    said = {"command_id": str(answer.get("CommandId") or "")}
    if plan is not None and (command := invoked(plan)):
        said |= definitions.compared(command, answer)
    return model.Done(str(answer["InvokeId"]), said)


def request(effect: model.StartRun) -> tuple[str, dict[str, Any]]:
    """The API and the fields of the call that starts a step. The same effect always gives the same
    fields, or its client token would be refused the second time."""
    plan, step = effect.plan, effect.step
    assert isinstance(plan, model.ScriptOperation), plan.engine
    fields: dict[str, Any] = {
        "InstanceId": list(step.instances),
        "ClientToken": step.token,
        "Timeout": plan.timeout,
        "TerminationMode": "ProcessTree",
        "Tag": [{"Key": k, "Value": effect.tags[k]} for k in sorted(effect.tags)],
    }
    if plan.user:
        fields["Username"] = plan.user
    if plan.workdir:
        fields["WorkingDir"] = plan.workdir
    stored = plan if isinstance(plan, model.StoredCommandPlan) else None
    if stored is not None and stored.launcher:
        fields["Launcher"] = stored.launcher
    if command := invoked(plan):
        fields["CommandId"] = command.command_id
        if command.parameters:
            fields["Parameters"] = dict(command.parameters)
        return "InvokeCommand", fields
    fields |= {
        "Name": effect.name[:NAME_LENGTH],
        "Type": plan.script_type,
        "CommandContent": base64.b64encode(plan.script.encode()).decode(),
        "ContentEncoding": "Base64",
        "EnableParameter": stored is not None and stored.braces,
    }
    return "RunCommand", fields
