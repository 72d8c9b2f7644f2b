"""A stage on which templates run: the cloud that they call is played by the test."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bot import model, policy, store
from tests.bot import stage

Api = Callable[[Mapping[str, Any]], Any]

FLEET = """
FormatVersion: OOS-2019-06-01
Description: Touches every machine of a fleet
Parameters:
  targets:
    Type: Json
    AssociationProperty: Targets
  rateControl:
    Type: Json
    AssociationProperty: RateControl
    Default: {Mode: Concurrency, Concurrency: 2, MaxErrors: 1}
Tasks:
  - Name: find
    Action: ACS::SelectTargets
    Properties:
      ResourceType: ALIYUN::ECS::Instance
      Filters: ['{{ targets }}']
    Outputs:
      ids: {Type: List, ValueSelector: 'Instances.Instance[].InstanceId'}
  - Name: touch
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: TouchInstance
      Parameters: {InstanceId: '{{ ACS::TaskLoopItem }}'}
    Loop:
      Items: '{{ find.ids }}'
      RateControl: '{{ rateControl }}'
Outputs:
  touched: {Type: List, Value: '{{ find.ids }}'}
"""

GATE = """
FormatVersion: OOS-2019-06-01
Parameters:
  note: {Type: String, Default: hello}
  password: {Type: String, NoEcho: true, Default: ''}
Tasks:
  - Name: gate
    Action: ACS::Approve
    Properties:
      Approvers: [ram-bob, ram-carol]
      MinRequiredApprovals: 2
      NotifyType: WebHook
      WebHook: {URI: 'robot:ops', Content: {msgtype: text, text: {content: 'Notify: {{ note }}?'}}}
  - Name: act
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: ActNow
      Parameters: {Note: '{{ note }}', Password: '{{ password }}'}
    Outputs:
      answer: {Type: String, ValueSelector: .Answer}
Outputs:
  answer: {Type: String, Value: '{{ act.answer }}'}
"""

NAP = """
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: PT1H}
  - Name: halt
    Action: ACS::Pause
  - Name: act
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: ActNow}
"""

SWAP = """
FormatVersion: OOS-2019-06-01
Parameters:
  first: {Type: Json, AssociationProperty: Targets}
  second: {Type: List, AssociationProperty: Targets}
Tasks:
  - Name: swap
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: SwapNow
      Parameters: {From: '{{ first }}', To: '{{ second }}'}
"""

PASTED = """
FormatVersion: OOS-2019-06-01
Parameters:
  password: {Type: String, NoEcho: true}
Tasks:
  - Name: act
    Action: ACS::ExecuteAPI
    Properties:
      Service: ECS
      API: RunCommand
      Parameters: {Type: RunShellScript, CommandContent: "echo '{{ password }}'"}
"""
"""What earlier releases ran, and this one refuses: a hidden value becomes code."""

TEMPLATES = {"fleet": FLEET, "gate": GATE, "nap": NAP, "swap": SWAP}


def book(**changes: Any) -> policy.Book:
    """The company of the stage with RAM users, and rules for the templates."""
    usual = stage.book()
    people = {
        name: dataclasses.replace(person, ram=f"ram-{name}")
        for name, person in usual.people.items()
    }
    rules = {name: policy.CommandRule("any", "high") for name in TEMPLATES}
    fields: dict[str, Any] = {
        "people": people,
        "roles": {"dev": policy.Role("dev", frozenset({"*"})), "sre": usual.roles["sre"]},
        "commands": {**usual.commands, **rules},
    }
    return stage.book(**(fields | changes))


class RunStage(stage.Stage):
    """``apis``: what each API answers; raise to refuse. ``calls`` are all that were made."""

    def __init__(
        self,
        folder: Path,
        the_book: policy.Book | None = None,
        templates: Mapping[str, str] = TEMPLATES,
    ) -> None:
        commands = folder / "commands"
        if not commands.exists():
            shutil.copytree(
                stage.COMMANDS, commands, ignore=shutil.ignore_patterns("__pycache__", "*.yml")
            )
            for name, text in templates.items():
                (commands / f"{name}.yml").write_text(text)
        super().__init__(folder, the_book or book(), commands)
        self.apis: dict[str, Api] = {}
        self.calls: list[model.RunCall] = []
        self.fleet = list(stage.INSTANCES)

    def answer(self, claimed: store.Claimed) -> model.Outcome:
        body = claimed.effect.body
        if isinstance(body, model.ResolveTargets):
            return self.found(body)
        if isinstance(body, model.RunCall):
            return self.call(body)
        return super().answer(claimed)

    def found(self, body: model.ResolveTargets) -> model.Outcome:
        instances: dict[str, Any] = {}
        unknown: list[str] = []
        each: list[list[str]] = []
        for name in body.targets:
            known = self.known(name)
            if known is None:
                unknown.append(name)
            else:
                instances[known["id"]] = known
        for wanted in body.filters:
            ids: list[str] = []
            for one in wanted.get("Filters", [wanted]):
                for name in one.get("ResourceIds", self.fleet):
                    known = self.known(name)
                    if known is None:
                        unknown.append(name)
                    else:
                        instances[known["id"]] = known
                        ids.append(known["id"])
            each.append(ids)
        found = list(instances.values())
        data = {"instances": found, "unknown": unknown, "ambiguous": {}}
        return model.Done(data={**data, "each": each} if body.filters else data)

    def known(self, name: str) -> Mapping[str, Any] | None:
        """An instance that is there now, by its name or id."""
        for key, one in stage.INSTANCES.items():
            if name in (key, one["id"]) and key in self.fleet:
                return one
        return None

    def call(self, body: model.RunCall) -> model.Outcome:
        self.calls.append(body)
        what = body.what
        if isinstance(what, model.calls.SelectTargets):
            ids = what.filters[0]["ResourceIds"]
            found = [{"InstanceId": one} for one in ids]
            return model.Done(data={"document": {"Instances": {"Instance": found}}})
        if not isinstance(what, model.calls.Api):
            return model.Done(data={"document": {}})
        api = self.apis.get(what.api)
        answer = api(what.parameters) if api is not None else {"Answer": "ok"}
        return (
            answer if isinstance(answer, model.Outcome) else model.Done(data={"document": answer})
        )

    def put_earlier_plan(
        self, number: int, name: str, source: str, parameters: Mapping[str, Any]
    ) -> None:
        """Let a request's plan be one of an earlier release, of the template ``source``."""
        digest = hashlib.sha256(source.encode()).hexdigest()

        def write(writer: store.Writer) -> None:
            view = writer.view(model.Needs(request=number), self.clock.now())
            assert view.request is not None
            assert view.request.plan is not None
            plan = dataclasses.replace(
                view.request.plan,
                format=1,
                nonce="",
                terms={},
                sealed={},
                templates={name: digest},
                parameters=parameters,
            )
            request = dataclasses.replace(
                view.request,
                version=view.request.version + 1,
                plan=plan,
                digest=model.digest(plan),
            )
            decision = model.Decision(request=request, sources={digest: source})
            writer.apply(view, decision, self.clock.now())

        self.loop.run_until_complete(self.engine.write(write))

    def made(self, api: str) -> list[Mapping[str, Any]]:
        """The parameters of every call of an API that was made, look-ups apart."""
        return [
            call.what.parameters
            for call in self.calls
            if isinstance(call.what, model.calls.Api) and call.what.api == api and not call.lookup
        ]

    def forget_runs(self) -> None:
        """What was worked out of the journals is gone, as in another process."""
        assert self.store.writer is not None
        self.store.writer.archive.cache.clear()

    def held(self) -> list[store.Claimed]:
        """Carry out what is due but for the calls of runs, which are held back and returned."""
        held: list[store.Claimed] = []
        while taken := self.claim():
            for claimed in taken:
                if isinstance(claimed.effect.body, model.RunCall):
                    held.append(claimed)
                else:
                    self.settle(claimed, self.answer(claimed))
        return held

    def approve(self, who: str = "bob", number: int = 1) -> model.Receipt:
        request = self.request(number)
        return self.click(who, number, "approve", request.code, request.card)
