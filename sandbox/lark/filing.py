"""What people do with approval forms: file, decide, roll back, take back, revoke and modify."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox import base, world
from sandbox.lark import state
from sandbox.lark.approvals import Instance
from sandbox.lark.platform import Platform


class Filing(Platform):
    """The people of the example company at the approvals."""

    @base.control
    async def form(
        self,
        user: str,
        fields: dict[str, Any],
        approvers: Sequence[str] = ("bob",),
        decision: str = "agree",
        form: str = "",
        kind: str = "AND",
        components: Sequence[dict[str, Any]] = (),
    ) -> dict[str, Any]:
        """File an OA form; ``decision``: "agree", "refuse", "withdraw", "auto" (it passes by
        itself) or "" to leave it running. ``kind`` says whether all approvers must agree (AND) or
        one is enough (OR). ``components`` are widgets that stand in it as they are."""
        asked = tuple(state.person(one).lark for one in approvers)
        who = state.person(user).lark
        code = form or world.LARK_FORM
        instance = self.approvals.file(who, fields, asked, code, kind, components)
        if decision:
            self._decide(instance, decision, "", "")
        return {"instance": instance.code, "uuid": instance.uuid}

    @base.control
    async def decide_form(
        self, instance: str, decision: str, by: str = "", actor: str = ""
    ) -> dict[str, Any]:
        """Decide a running form, as one approver or (``by`` empty) as all whose turn it is; with
        ``actor`` in their place. "auto": it passes by itself for them; "silent": without a word of
        it in the timeline."""
        found = self.approvals.find(instance)
        self._decide(found, decision, by, actor)
        return {"status": found.status}

    def _decide(self, instance: Instance, decision: str, by: str, actor: str) -> None:
        if instance.status != "PENDING":
            raise ValueError(f"the form is {instance.status}")
        if decision == "withdraw":
            self.approvals.withdraw(instance)
            return
        if decision not in ("agree", "refuse", "auto", "silent"):
            raise ValueError(f"unknown decision {decision!r}")
        decider = state.person(by).lark if by else ""
        waiting = [t for t in instance.tasks if t.status == "PENDING" and decider in ("", t.who)]
        if not waiting:
            raise ValueError(f"{by or 'nobody'} has no task of this form")
        for task in waiting:
            if task.status != "PENDING":
                continue
            if decision in ("auto", "silent"):
                self.approvals.pass_alone(instance, task, decision == "auto")
                continue
            if actor:
                task.who = state.person(actor).lark
            self.approvals.decide(instance, task, decision == "agree")

    @base.control
    async def send_back_form(
        self, instance: str, by: str, fields: dict[str, Any] | None = None
    ) -> None:
        """An approver rolls a form back; its filer submits it again, with other ``fields``."""
        found = self.approvals.find(instance)
        if found.status != "PENDING":
            raise ValueError(f"the form is {found.status}")
        self.approvals.roll_back(found, state.person(by).lark, fields)

    @base.control
    async def revert_form(self, instance: str) -> None:
        """A request that has passed is taken back at once: REVERTED comes after APPROVED."""
        self.approvals.revert(self._passed(instance))

    @base.control
    async def revoke_form(self, instance: str, decision: str = "agree") -> dict[str, Any]:
        """The filer wants to revoke a form that has passed: a new instance asks its approvers for
        their consent, and the form itself is pending again until they have decided."""
        old = self._passed(instance)
        asked = _approvers(old)
        new = self.approvals.file(old.who, {}, asked, old.approval, old.kind, reverts=old.code)
        new.form = old.form
        if decision:
            self._decide(new, decision, "", "")
        return {"instance": new.code}

    @base.control
    async def modify_form(
        self, instance: str, fields: dict[str, Any], decision: str = "agree"
    ) -> dict[str, Any]:
        """The filer wants to modify a form that has passed: a new instance with all its fields."""
        old = self._passed(instance)
        asked = _approvers(old)
        new = self.approvals.file(old.who, fields, asked, old.approval, old.kind, modifies=old.code)
        if decision:
            self._decide(new, decision, "", "")
        return {"instance": new.code}

    @base.control
    async def lag_form(self, instance: str, reads: int, missing: bool = False) -> None:
        """For the next ``reads`` the instance is told as undecided, or not found at all."""
        found = self.approvals.find(instance)
        found.unknown, found.behind = (reads, 0) if missing else (0, reads)

    @base.control
    async def cc_form(self, instance: str, user: str) -> None:
        """A copy of the form is sent to somebody: an ``approval_cc`` event."""
        self.approvals.cc(self.approvals.find(instance), state.person(user).lark)

    def _passed(self, instance: str) -> Instance:
        found = self.approvals.find(instance)
        if found.status != "APPROVED" or found.reverted:
            raise ValueError("only a request that has passed can be taken back or changed, once")
        return found


def _approvers(instance: Instance) -> tuple[str, ...]:
    people = (task.who for task in instance.tasks if task.who and task.node == "Manager")
    return tuple(dict.fromkeys(people))
