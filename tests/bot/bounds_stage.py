"""A stage with a fleet of forty machines, on which templates select their instances as they run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot import model, policy, store
from tests.bot import run_stage

FLEET = {f"i-{n:08}": f"web-{n:02}" if n <= 20 else f"db-{n:02}" for n in range(1, 41)}
"""Instances by id, with their names: half of them are called web-."""
NAMES = {name: id for id, name in FLEET.items()}


class FleetStage(run_stage.RunStage):
    """``told``: does a selection say what instances are called? ``seen``: each changing call that
    was made, with all instances that it names."""

    told = True

    def __init__(self, folder: Path, template: str, **rule: Any) -> None:
        rules = {"all": policy.CommandRule("any", "high", **rule)}
        super().__init__(folder, run_stage.book(commands=rules), {"all": template})
        self.looks: list[tuple[str, ...]] = []

    def answer(self, claimed: store.Claimed) -> model.Outcome:
        body = claimed.effect.body
        if isinstance(body, model.ResolveTargets) and not body.filters:
            self.looks.append(body.targets)
            known = [one for one in body.targets if one in FLEET]
            lost = [one for one in body.targets if one not in FLEET]
            data = {"instances": [found(one) for one in known], "unknown": lost, "ambiguous": {}}
            return model.Done(data=data)
        return super().answer(claimed)

    def known(self, name: str) -> Mapping[str, Any] | None:
        id = NAMES.get(name, name)
        return found(id) if id in FLEET else None

    def call(self, body: model.RunCall) -> model.Outcome:
        if not isinstance(body.what, model.calls.SelectTargets):
            return super().call(body)
        self.calls.append(body)
        named = [id for one in body.what.filters for id in one.get("ResourceIds", FLEET)]
        items = [{"InstanceId": id} | ({"InstanceName": FLEET[id]} if self.told else {})
                 for id in named]  # fmt: skip
        return model.Done(data={"document": {"Instances": {"Instance": items}}})

    def changed(self) -> list[str]:
        """The parameters of every changing call that was made, in order, as one text each."""
        return [
            repr(call.what.parameters)
            for call in self.calls
            if isinstance(call.what, model.calls.Api) and not call.what.reads and not call.lookup
        ]


def found(id: str) -> dict[str, Any]:
    return {"id": id, "name": FLEET[id], "region": "here", "status": "Running", "agent": True}
