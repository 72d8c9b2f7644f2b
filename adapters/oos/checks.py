"""What the doctor looks at of OOS: what RAM allows, the templates kept there, and their roles.

Whether a call is allowed is tried by calls that read, and by calls that name what does not exist.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

from adapters import openapi
from adapters.oos import advice, definitions, rights
from adapters.oos.api import Api
from adapters.oos.settings import Settings
from adapters.openapi import checks as shared
from bot.model import checks, manifests
from bot.model.rights import Operation

NO_EXECUTION = "exec-countersign0doctor"
NO_TEMPLATE = "countersign-doctor-names-no-template"
NO_TEXT = "{}"
"""The text of no template: nothing can be started with it."""
_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z]\w+")


def checkup(settings: Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    """The checks of OOS, for the operations that it runs."""
    remote = [one for one in deps.operations if one.kind == "remote"]
    doctor = Doctor(settings, remote)
    looks = (
        checks.Check("rights", doctor.permissions),
        checks.Check("templates", doctor.templates),
        *(checks.Check(f"role.{one.role}", doctor.role(one)) for one in remote if one.role),
    )
    host = doctor.api.host(settings.region)
    address = checks.Address(
        host if "://" in host else f"https://{host}", str(settings.ca_file or ""), proxied=True
    )
    return checks.Checkup(looks, (address,), doctor.api.close, advice.TITLE)


class Doctor:
    def __init__(self, settings: Settings, operations: Sequence[Operation]) -> None:
        self.settings = settings
        self.operations = operations
        self.api = Api(replace(settings, of_the_loop=True))

    async def permissions(self) -> Sequence[checks.Finding]:
        """What does RAM allow of what the bot calls?"""
        wanted = list(rights.of(self.settings.region, self.operations, watched=False))
        calls: dict[tuple[str, str], dict[str, str]] = {}
        for operation in self.operations:
            region = self._region(operation)
            none = {"ExecutionId": NO_EXECUTION}
            calls["ListExecutions", region] = {"MaxResults": "10"}
            calls["ListTaskExecutions", region] = none
            calls["CancelExecution", region] = none
            calls["NotifyExecution", region] = {**none, "NotifyType": "Approve"}
            if not operation.stored:
                calls["ValidateTemplateContent", region] = {"Content": operation.text}
                calls["StartExecution", region] = {"TemplateContent": NO_TEXT}
            if operation.stored or operation.parts:
                name = operation.stored or NO_TEMPLATE
                calls["GetTemplate", region] = {"TemplateName": name}
        probes = [
            shared.Probe(
                *(f"oos:{action}", region, self.api.host(region)),
                functools.partial(self.api.call, action, region, fields),
            )
            for (action, region), fields in calls.items()
        ]
        return await shared.permissions(self.settings, wanted, probes)

    async def templates(self) -> Sequence[checks.Finding]:
        """Are the templates there that commands name, and as in their files?"""
        kept = [one for one in self.operations if one.stored]
        findings = await asyncio.gather(*(self._template(one) for one in kept))
        return [finding for finding in findings if finding is not None]

    async def _template(self, operation: Operation) -> checks.Finding | None:
        region, id_ = self._region(operation), f"template.{operation.stored}"
        facts = {"command": operation.command, "name": operation.stored, "region": region}
        facts["console"] = advice.OOS
        try:
            item = await definitions.template(self.api, region, operation.stored, operation.version)
        except openapi.Failure:
            return None  # told by ``permissions``
        if item is None:
            return checks.problem(id_, advice.NO_TEMPLATE, advice.NO_TEMPLATE_MEND, **facts)
        facts["version"] = item["version"]
        if digest(item["content"]) != digest(operation.text):
            return checks.unsure(id_, advice.OTHER, advice.OTHER_MEND, **facts)
        return checks.ok(id_, advice.TEMPLATE, **facts)

    def role(self, operation: Operation) -> checks.Run:
        """Is there the role of a template, and may it do what that calls?"""

        async def run() -> Sequence[checks.Finding]:
            if operation.role == "*":
                return (self._unseen(operation),)
            fields = {"RamRole": operation.role}
            if operation.stored:
                fields["TemplateName"] = operation.stored
            else:
                fields["TemplateContent"] = operation.text
            return await self._role(operation, fields)

        return run

    async def _role(self, operation: Operation, fields: dict[str, str]) -> Sequence[checks.Finding]:
        id_, region = f"role.{operation.role}", self._region(operation)
        facts: dict[str, object] = {"role": operation.role, "command": operation.command}
        facts["console"] = advice.RAM
        try:
            answer = await self.api.call("GenerateExecutionPolicy", region, fields)
        except openapi.Failure as failure:
            if shared.denied(failure):
                return (self._unseen(operation),)
            if failure.kind != "refused" or not shared.signed_in(failure):
                return ()
            facts["reason"] = failure.reason
            return (checks.problem(id_, advice.NO_ROLE, advice.NO_ROLE_MEND, **facts),)
        lacking = sorted(set(_ACTION.findall(str(answer.get("MissingPolicy") or ""))))
        if lacking:
            facts["actions"] = lacking
            return (checks.problem(id_, advice.ROLE_LACKS, advice.ROLE_LACKS_MEND, **facts),)
        return (checks.ok(id_, advice.ROLE, **facts),)

    def _unseen(self, operation: Operation) -> checks.Finding:
        """What is to be looked at by hand of a role."""
        id_, unseen, mend = f"role.{operation.role}", advice.ROLE_UNSEEN, advice.ROLE_UNSEEN_MEND
        facts = {"role": operation.role, "command": operation.command, "console": advice.RAM}
        return checks.manual(id_, unseen, mend, **facts)

    def _region(self, operation: Operation) -> str:
        return operation.regions[0] if operation.regions else self.settings.region


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
