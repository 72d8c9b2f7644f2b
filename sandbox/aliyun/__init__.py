"""Alibaba Cloud on loopback: its products by their API's version, the signature, and machines that
really run scripts.

Faults (``fault(api, do, …)``): ``error`` (status, code, message), ``throttle`` (retry_after_ms),
``slow`` (seconds; acts, then answers late), ``hang_up`` (does nothing, closes), ``lose_answer``
(acts, closes), ``html`` (status; a proxy's page). ``fault("deliver", "hold", seconds=…)`` keeps a
task from its agent, so that it stays Pending. ``fault("PutEvents", "entry", code=…, message=…)``
answers 200 and puts nothing.
"""

from __future__ import annotations

import base64
import json
import pathlib
import secrets
import uuid
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox import oos, world
from sandbox.aliyun import cs, ecs, eventbridge, policies, products, sts, tools, vpc
from sandbox.aliyun.agent import Agents
from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.power import ACTS
from sandbox.aliyun.signature import PROTOCOL, Door, Incoming, Key
from sandbox.aliyun.state import Cloud as Cloud
from sandbox.aliyun.state import iso
from sandbox.base import Call, Clock, Fault, Party, control

_FAULTS = ("error", "throttle", "slow", "hang_up", "lose_answer", "html")
SMALL = 64 * 1024


class Aliyun(Party):
    name = "aliyun"
    max_line_size = 65536

    def __init__(self, clock: Clock, folder: pathlib.Path) -> None:
        super().__init__(clock)
        self.cloud = Cloud(folder.resolve(), self.changes)
        self.agents = Agents(self.cloud, clock, self.faults)
        self.ecs = ecs.Ecs(self.cloud, clock, self.agents)
        key = Key(world.ALIYUN_KEY_ID, world.ALIYUN_KEY_SECRET)
        self.door = Door({key.id: key})
        self.products = {
            ecs.VERSION: products.Product("ecs", self.ecs.handle),
            vpc.VERSION: products.Product("vpc", vpc.Vpc().handle),
            cs.VERSION: products.Product("cs", cs.Cs(clock).handle, roa=True),
        }
        """By version: whoever has the version of a call answers it."""
        self.policies = policies.Policies(self._tags)
        self.roles = policies.Policies(self._tags)
        self.sts = sts.Sts()
        self.products[sts.VERSION] = products.Product("sts", self.sts.handle)
        self.eventbridge = eventbridge.EventBridge(clock, self.faults)
        self.products[eventbridge.VERSION] = products.Product(
            "eventbridge", self.eventbridge.handle, roa=True, check=eventbridge.check
        )
        self.oos = oos.Oos(clock, self)
        self.products[oos.VERSION] = products.Product("oos", self.oos.handle)
        self.app.router.add_get("/sandbox/credentials/{session}", self._temporary)
        self.app.router.add_route("*", "/{path:.*}", self._serve)

    async def close(self) -> None:
        await self.oos.close()
        await self.ecs.power.close()
        await self.agents.close()

    # ------------------------------------------------------------------ the API

    async def _serve(self, request: web.Request) -> web.Response:
        incoming = await _incoming(request)
        given = incoming.params
        action = (
            incoming.headers.get("x-acs-action")
            or given.get("Action")
            or eventbridge.ACTIONS.get(incoming.path)
            or f"{incoming.method} {incoming.path}"
        )
        version = (
            incoming.headers.get("x-acs-version")
            or given.get("Version")
            or incoming.headers.get(eventbridge.VERSION_HEADER, "")
        )
        product = self.products.get(version)
        asked = {k: v for k, v in given.items() if k not in PROTOCOL}
        call = self.record(action, asked)
        fault = self.faults.take(action, *_FAULTS)
        if (
            fault is not None
            and (answer := self._misbehave(request, call, fault, product)) is not None
        ):
            return answer
        number = request_id()
        try:
            check = product.check if product is not None else Door.check
            key = check(self.door, incoming)
            if product is None:
                raise ApiError(400, "InvalidVersion", "Specified parameter Version is not valid.")
            self.policies.check(product.name, action, asked)
            said = await product.handle(action, asked, products.Request(number, key, incoming))
            call.status, call.answer = 200, products.answer(product, number, said)
        except ApiError as error:
            call.status, call.code = error.status, error.code
            call.answer = products.refusal(product, number, error)
        if fault is not None and fault.do == "lose_answer":
            return self._hang_up(request, call)
        if fault is not None and fault.do == "slow":
            await self.clock.sleep_until(self.clock.now() + float(fault.args.get("seconds", 1)))
        headers = {"x-acs-request-id": number}
        return web.json_response(call.answer, status=call.status, headers=headers)

    def _misbehave(
        self,
        request: web.Request,
        call: Call,
        fault: Fault,
        product: products.Product | None,
    ) -> web.Response | None:
        """The answer of a fault that keeps the call from acting; None for the other faults."""
        args = fault.args
        if fault.do == "hang_up":
            return self._hang_up(request, call)
        if fault.do == "html":
            call.status, call.code = int(args.get("status", 502)), "html"
            page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
            return web.Response(text=page, content_type="text/html", status=call.status)
        if fault.do == "throttle":
            error = ApiError(
                int(args.get("status", 400)),
                str(args.get("code", "Throttling.User")),
                "Request was denied due to user flow control.",
            )
            headers = {"x-acs-retry-after": str(int(args.get("retry_after_ms", 100)))}
        elif fault.do == "error":
            error = ApiError(
                int(args.get("status", 500)),
                str(args.get("code", "InternalError")),
                str(args.get("message", "The request processing has failed.")),
            )
            headers = {}
        else:
            return None
        call.status, call.code = error.status, error.code
        call.answer = products.refusal(product, request_id(), error)
        return web.json_response(call.answer, status=error.status, headers=headers)

    @staticmethod
    def _hang_up(request: web.Request, call: Call) -> web.Response:
        call.status = 0
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _temporary(self, request: web.Request) -> web.Response:
        """Temporary credentials, as a ``credentials_uri`` service hands them out."""
        session = request.match_info["session"]
        self.record("AssumeRole", {"RoleSessionName": session})
        expires = self.clock.now() + 3600
        key = Key(
            f"STS.{secrets.token_hex(8)}",
            secrets.token_hex(16),
            secrets.token_hex(32),
            session,
            expires,
        )
        self.door.keys[key.id] = key
        return web.json_response(
            {
                "Code": "Success",
                "AccessKeyId": key.id,
                "AccessKeySecret": key.secret,
                "SecurityToken": key.token,
                "Expiration": iso(expires),
            }
        )

    def _tags(self, instance: str) -> dict[str, str]:
        machine = self.cloud.machines.get(instance)
        return dict(machine.tags) if machine is not None else {}

    # ------------------------------------------------------------------ control

    @control
    async def invocations(self) -> list[dict[str, Any]]:
        """Every invocation with what each instance did; ``runs`` counts real starts."""
        return [
            {
                "id": i.id,
                "command_id": i.command.id,
                "name": i.command.name,
                "content": i.command.content,
                "region": i.region,
                "parameters": i.parameters,
                "timeout": i.timeout,
                "username": i.username,
                "tags": i.tags,
                "token": i.token,
                "key": i.key,
                "created": i.created,
                "status": i.status,
                "results": [
                    {
                        "instance": t.machine.id,
                        "status": t.status,
                        "exit_code": t.exit_code,
                        "output": t.output.text(t.ended),
                        "dropped": t.output.dropped,
                        "error": t.error_code,
                        "runs": t.runs,
                    }
                    for t in i.tasks
                ],
            }
            for i in self.cloud.invocations.values()
        ]

    @control
    async def executions(self) -> list[dict[str, Any]]:
        """Every execution of OOS as ListExecutions shows it, with its Tasks; the newest first."""
        return self.oos.views()

    @control
    async def start_in_console(self, by: str = "ops@example", **asked: Any) -> str:
        """A person starts an execution on OOS: ``asked`` are StartExecution's parameters, but
        ``Parameters`` may be an object. Its id."""
        if not isinstance(asked.get("Parameters", ""), str):
            asked["Parameters"] = json.dumps(asked["Parameters"], ensure_ascii=False)
        return self.oos.start({"RegionId": world.ALIYUN_REGION, **asked}, by)

    @control
    async def add_template(self, name: str, content: str) -> None:
        """An administrator stores a template on OOS, for others to run as a part of theirs."""
        asked = {"TemplateName": name, "Content": content}
        self.oos.templates.write("CreateTemplate", asked, "admin@example")

    @control
    async def add_command(self, name: str, content: str, **more: Any) -> str:
        """An administrator stores a command in Cloud Assistant; ``more`` as CreateCommand. Its
        id."""
        asked = {"RegionId": world.ALIYUN_REGION, "Name": name, "Type": "RunShellScript", **more}
        asked["CommandContent"] = base64.b64encode(content.encode()).decode()
        return str(self.ecs.commands.create_command(asked)["CommandId"])

    @control
    async def change_command(self, command: str, content: str, late: bool = False) -> None:
        """Somebody edits a stored command: now, or (``late``) at the moment it is invoked."""
        if late:
            self.ecs.commands.swaps[command] = content
        else:
            self.ecs.commands.change(command, content)

    @control
    async def change_template(self, name: str, content: str) -> None:
        """Somebody stores a new version of a template on OOS."""
        asked = {"TemplateName": name, "Content": content}
        self.oos.templates.write("UpdateTemplate", asked, "admin@example")

    @control
    async def add_product_action(self, action: str, content: str) -> None:
        """Let OOS know a cloud product action: the template behind ``ACS::Product::Name``."""
        self.oos.add_product(action, content)

    @control
    async def add_bus(self, name: str) -> None:
        """A custom event bus on EventBridge, beside ``sandbox``."""
        self.eventbridge.buses.setdefault(name, [])

    @control
    async def bus_events(self, bus: str = eventbridge.BUS) -> list[dict[str, Any]]:
        """What was put on a bus, in order; an event that was put twice is there twice."""
        return list(self.eventbridge.buses[bus])

    @control
    async def deliver(
        self, url: str, event: dict[str, Any] | list[Any], token: str = ""
    ) -> dict[str, Any]:
        """POST an event to an HTTP target, as EventBridge does for a rule with that target; one
        try, the answer is {"status", "text"}."""
        return await self.eventbridge.deliver(url, event, token)

    @control
    async def allow(self, policy: dict[str, Any] | None, roles: bool = False) -> None:
        """From now on the policy of RAM says what callers may do, or (``roles``) what OOS may as
        the role of an execution; None: everything."""
        judge = self.roles if roles else self.policies
        judge.document = policy
        judge.used.clear()

    @control
    async def set_role(self, name: str, lacks: list[str] | None) -> None:
        """A role that OOS may assume, and what it lacks for templates; None: it is gone."""
        if lacks is None:
            self.oos.roles.pop(name, None)
        else:
            self.oos.roles[name] = lacks

    @control
    async def set_root(self, root: bool) -> None:
        """Let the key be that of the account itself."""
        self.sts.root = root

    @control
    async def allowed(self) -> list[str]:
        """The actions that the policies had to allow since they were set."""
        return sorted(self.policies.used | self.roles.used)

    @control
    async def runs(self, instance: str = "") -> list[dict[str, Any]]:
        """What really ran, in order of starting; ``exit_code`` is None while it runs."""
        return [r for r in self.cloud.started if not instance or r["instance"] == instance]

    @control
    async def set_agent(self, instance: str, running: bool) -> None:
        """Start or stop an instance's Cloud Assistant agent."""
        machine = self.cloud.machines[instance]
        if running:
            machine.installed = True
            machine.agent_up.set()
        else:
            machine.agent_up.clear()
        self.cloud.changed(machine)

    @control
    async def set_instance(self, instance: str, status: str) -> None:
        """Set an instance's status (Running, Stopped, …; Released: it is gone). One that leaves
        Running interrupts its scripts; back to Running, its agent starts."""
        machine = self.cloud.machines[instance]
        self.ecs.power.settle(machine, status)
        if status == "Running":
            machine.agent_up.set()
        self.cloud.changed(machine)

    @control
    async def slow_agent(self, instance: str, seconds: float) -> None:
        """From now on a task reaches this instance's agent so many seconds later; 60 and more: too
        late."""
        machine = self.cloud.machines[instance]
        machine.slow = seconds
        self.cloud.changed(machine)

    @control
    async def page_agents(self, size: int) -> None:
        """Let DescribeCloudAssistantStatus page even where instances are named; 0: not."""
        self.cloud.agents_page = size

    @control
    async def add_machine(
        self,
        id: str,
        name: str,
        region: str = world.ALIYUN_REGION,
        status: str = "Running",
        agent: bool = True,
        tags: dict[str, str] | None = None,
        system: str = "linux",
    ) -> None:
        """Add an instance; one of the same id is replaced. What it is told to run on ``system``
        "windows" is taken and not played."""
        labels = tuple((tags or {}).items())
        self.cloud.add(world.Machine(id, name, region, status, agent, labels, system))

    @control
    async def power(self, instance: str = "") -> list[dict[str, Any]]:
        """What really happened to machines, in order: instance, act (reboot, start, stop, create,
        delete), at (seconds since 1970), request_id of the call that did it."""
        return [a for a in self.ecs.power.acts if not instance or a["instance"] == instance]

    @control
    async def set_power(self, seconds: float) -> None:
        """How long machines stay Stopping, Starting and Pending, and disks on their way, on the
        sandbox's clock."""
        self.ecs.power.seconds = self.ecs.disks.seconds = seconds

    @control
    async def break_machine(self, instance: str, act: str, code: str = "OperationDenied") -> None:
        """Let an act (reboot, start, stop, delete; create with no instance) on one machine fail
        with this code until ``mend_machine``; InternalError and ServiceUnavailable are 5xx."""
        if act not in ACTS:
            raise ValueError(f"{act!r} is none of {', '.join(ACTS)}")
        self.ecs.power.broken[(instance, act)] = code

    @control
    async def mend_machine(self, instance: str) -> None:
        for broken in [one for one in self.ecs.power.broken if one[0] == instance]:
            del self.ecs.power.broken[broken]

    @control
    async def files(self, instance: str) -> dict[str, str]:
        """The small text files in an instance's folder, by relative path (tools left out)."""
        machine = self.cloud.machines[instance]
        folder = machine.folder
        tools.furnish(folder, machine.name)
        found: dict[str, str] = {}
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if inside.parts[0] in ("bin", ".agent") or not path.is_file() or path.is_symlink():
                continue
            if path.stat().st_size <= SMALL:
                found[str(inside)] = path.read_text(errors="replace")
        return found


def request_id() -> str:
    return str(uuid.uuid4()).upper()


async def _incoming(request: web.Request) -> Incoming:
    body = await request.read()
    form = request.content_type == "application/x-www-form-urlencoded"
    path, _, query = request.raw_path.partition("?")
    return Incoming(
        request.method,
        path,
        dict(parse_qsl(query, keep_blank_values=True)),
        dict(parse_qsl(body.decode(), keep_blank_values=True)) if form else {},
        body,
        {name.lower(): value for name, value in request.headers.items()},
    )
