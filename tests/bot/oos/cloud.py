"""Plays runs against the sandbox's cloud: real calls by the generic client, virtual waits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from bot.oos.engine import calls, interpreter, journal
from bot.oos.template import library, model
from sandbox.aliyun import Aliyun, ecs, parameters
from tests.sandbox.aliyun_party import REGION, Sdk, until

BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
_RUNS = count(1)


class Cloud:
    """A run of a template. ``made``: its calls in order; ``journal``: what happened."""

    def __init__(
        self, party: Aliyun, template: model.Template, given: Mapping[str, Any] | None = None
    ) -> None:
        self.party, self.sdk = party, Sdk(party)
        run = interpreter.Run(f"run-{next(_RUNS)}", BEGAN, REGION, user="li")
        known = library.joined({template.name: template})
        self.state = interpreter.State(template, given or {}, known, run)
        self.journal: list[journal.Entry] = []
        self.made: list[calls.Call] = []
        self.now = BEGAN

    @property
    def apis(self) -> list[str]:
        """The names of the API calls made, in order."""
        return [call.what.api for call in self.made if isinstance(call.what, calls.Api)]

    async def end(self) -> interpreter.Done:
        """Until the end; whatever waits for people is agreed to."""
        for _ in range(2_000):
            match self.state.next(self.now):
                case interpreter.Calls(calls=found):
                    for call in found:
                        assert isinstance(call, calls.Call)
                        await self._make(call)
                case interpreter.Wait(until=due) if due is not None:
                    await self._pass(due)
                case interpreter.Await(approvals=approvals) if approvals:
                    for approval in approvals:
                        self._write(journal.Voted(approval.key, self.now, True, "wang"))
                case interpreter.Done() as done:
                    return done
                case other:
                    raise AssertionError(f"nothing goes on: {other}")
        raise AssertionError("the run does not end")

    def _write(self, entry: journal.Entry) -> None:
        self.journal.append(entry)
        self.state.apply(entry)

    async def _pass(self, due: datetime) -> None:
        """Scripts run in real time, machines on the sandbox's clock."""
        await until(lambda: all(task.ended for task in self.party.cloud.tasks))
        self.party.clock.advance((due - self.now).total_seconds())
        self.now = due

    async def _make(self, call: calls.Call) -> None:
        self.made.append(call)
        self._write(journal.Started(call.key, self.now))
        outcome: journal.Outcome
        try:
            outcome = journal.Done(await self._answer(call))
        except Exception as error:
            code = getattr(error, "code", "")
            if not code:
                raise
            outcome = journal.Failed(code, str(getattr(error, "message", error)))
        self._write(journal.Finished(call.key, self.now, outcome))

    async def _answer(self, call: calls.Call) -> Any:
        match call.what:
            case calls.Api(service="ECS", api=api, parameters=given):
                token = {"ClientToken": call.token}
                extra = token if "ClientToken" in parameters.API.schema(api) else {}
                return await self.sdk.generic(ecs.VERSION, api, shaped(api, {**given, **extra}))
            case calls.SelectTargets(filters=({"ResourceIds": list(ids)},)):
                asked = shaped("DescribeInstances", {"RegionId": REGION, "InstanceIds": ids})
                return await self.sdk.generic(ecs.VERSION, "DescribeInstances", asked)
            case calls.Approve() | calls.Notify():
                return {}
        raise AssertionError(f"not made here: {call}")


def shaped(api: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as the API's fields have them: JSON where a field is text or a map."""
    fields = parameters.API.schema(api)
    return {
        name: json.dumps(value)
        if fields[name] in ("str", "map") and isinstance(value, list | dict)
        else value
        for name, value in given.items()
        if value is not None
    }
