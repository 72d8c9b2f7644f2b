"""What people do with OA forms: file, decide, send back, take back, revoke and modify."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox import world
from sandbox.base import control
from sandbox.dingtalk import forms, party, people


class Filing(party.Platform):
    """The people of the example company at the OA system."""

    @control
    async def form(
        self,
        user: str,
        fields: dict[str, Any],
        approvers: Sequence[str] = ("bob",),
        decision: str = "agree",
        form: str = "",
        components: Sequence[dict[str, Any]] = (),
    ) -> dict[str, Any]:
        """``user`` files an OA form and the approvers decide: "agree" (all of them, in turn),
        "refuse" (the first), "withdraw" (``user`` takes it back), "auto" (it passes by itself) or
        "" (nobody does anything). ``components`` stand in it as the platform writes them."""
        asked = [people.person(id) for id in approvers]
        instance = self.forms.file(people.person(user), fields, asked, form or world.DINGTALK_FORM)
        instance.components = list(components)
        if decision:
            await self.decide_form(instance.id, decision)
        return {"instance": instance.id}

    @control
    async def decide_form(
        self, instance: str, decision: str, by: str = "", remark: str = "", actor: str = ""
    ) -> None:
        """One approver (``by``) decides, or each whose turn it becomes; ``actor`` in their place.
        "auto": it passes by itself for them; "silent": so that no record tells of it."""
        one = self._instance(instance)
        if decision == "withdraw":
            self.forms.withdraw(one)
            return
        records = {
            "agree": "EXECUTE_TASK_NORMAL",
            "refuse": "EXECUTE_TASK_NORMAL",
            "auto": "EXECUTE_TASK_AUTO",
            "silent": "",
        }
        if decision not in records:
            raise ValueError(f"decision is withdraw, {', '.join(records)}, not {decision!r}")
        record = "EXECUTE_TASK_AGENT" if actor else records[decision]
        doer = people.person(actor) if actor else None
        if not one.running():
            raise ValueError(f"{one.id} is {one.status}")
        while turn := one.running():
            person = people.person(by) if by else turn[0].person
            self.forms.decide(one, person, decision != "refuse", remark, record, doer)
            if by:
                return

    @control
    async def send_back_form(
        self, instance: str, by: str, fields: dict[str, Any] | None = None
    ) -> None:
        """An approver sends a form back; its filer submits it again, with other ``fields``."""
        self.forms.send_back(self._instance(instance), people.person(by), fields)

    @control
    async def revert_form(self, instance: str) -> dict[str, Any]:
        """What was agreed to is revoked, and that is agreed to."""
        return {**await self.revoke_form(instance)}

    @control
    async def revoke_form(self, instance: str, decision: str = "agree") -> dict[str, Any]:
        """The filer wants to revoke a form that was agreed to. DingTalk does that by a new instance
        of the same form with ``bizAction`` REVOKE, decided by the same people; its events look
        like any other's. ``decision``: as of ``form``."""
        old = self._agreed(instance)
        approvers = list(dict.fromkeys(task.person.id for task in old.tasks))
        asked = [people.person(id) for id in approvers]
        new = self.forms.file(old.by, old.fields, asked, old.code, revokes=old.id)
        if decision:
            await self.decide_form(new.id, decision)
        return {"instance": new.id}

    @control
    async def modify_form(
        self, instance: str, fields: dict[str, Any], decision: str = "agree"
    ) -> dict[str, Any]:
        """The filer wants to modify a form that was agreed to: a new instance, as for revoking."""
        old = self._agreed(instance)
        approvers = list(dict.fromkeys(task.person.id for task in old.tasks))
        asked = [people.person(id) for id in approvers]
        changed = {**old.fields, **fields}
        new = self.forms.file(old.by, changed, asked, old.code, modifies=old.id)
        if decision:
            await self.decide_form(new.id, decision)
        return {"instance": new.id}

    @control
    async def lag_form(self, instance: str, reads: int, missing: bool = False) -> None:
        """For the next ``reads`` the instance is told as undecided, or not found at all."""
        one = self._instance(instance)
        one.unknown, one.behind = (reads, 0) if missing else (0, reads)

    def _agreed(self, instance: str) -> forms.Instance:
        one = self._instance(instance)
        if (one.status, one.result) != ("COMPLETED", "agree"):
            raise ValueError(f"{instance} was not agreed to")
        return one

    def _instance(self, id: str) -> forms.Instance:
        if id not in self.forms.instances:
            raise ValueError(f"no form instance {id!r}")
        return self.forms.instances[id]
