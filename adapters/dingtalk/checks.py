"""What the doctor looks at of a DingTalk application.

Everything is a reading call but one, which names a card that does not exist: DingTalk judges the
permission before it looks for the card. Each counts against the month's calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from adapters.common import http, websocket
from adapters.dingtalk import advice, api, scopes, settings, stream
from bot.model import checks, manifests, ports

NO_CARD = "countersign-doctor-names-no-card"
NO_MESSAGE = "countersign-doctor-names-no-message"
GROUPS_SCOPE = scopes.GROUPS.name
SCOPES = {each.key: each.name for each in scopes.ALL}
"""Permissions, by what they are for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back of a call. ``unreached``: why nothing did."""

    status: int = 0
    body: Mapping[str, object] = field(default_factory=dict)
    unreached: str = ""

    @property
    def code(self) -> str:
        return str(self.body.get("code") or "")

    @property
    def denied(self) -> bool:
        """For want of a permission."""
        return "PermissionDenied" in self.code

    @property
    def later(self) -> bool:
        """DingTalk could not now, which says nothing of what was asked."""
        low = self.code.lower()
        words = ("limit", "busy", "toofast", "unavailable", "system.")
        return self.status >= 500 or not self.body or any(word in low for word in words)


def checkup(options: settings.Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    """The checks of an application. They share one session and one token."""
    patient = Application(options, deps)
    looks = (
        checks.Check("credentials", patient.credentials),
        checks.Check("stream", patient.stream),
        checks.Check("scope.card", patient.cards),
        checks.Check("robot", patient.robot),
        *(
            checks.Check(f"group.{name}", patient.group(chat, name))
            for chat, name in deps.groups.items()
        ),
        *(checks.Check(f"form.{code}", patient.form(code)) for code in deps.forms),
        checks.Check("console", patient.by_hand),
    )
    addresses = (
        checks.Address(options.endpoint, options.ca_file),
        *(checks.Address(_origin(host), options.ca_file) for host in options.webhook_hosts),
    )
    return checks.Checkup(looks, addresses, patient.close, advice.TITLE)


def _origin(host: str) -> str:
    return host if "://" in host else f"https://{host}"


class Application:
    """One application, asked what it may and where it is."""

    def __init__(self, options: settings.Settings, deps: manifests.CheckDeps) -> None:
        self._settings = options
        self._deps = deps
        self._http = http.Http(options.call_timeout, options.connect_timeout, options.ca_file)
        self._api = api.Api(options, self._http, deps.clock)
        self._facts: dict[str, object] = {
            "console": advice.CONSOLE,
            "client_id": options.client_id,
            "endpoint": options.endpoint,
            "robot": options.robot,
        }

    async def close(self) -> None:
        await self._api.close()
        await self._http.close()

    # ------------------------------------------------------------------------- the checks

    async def credentials(self) -> Sequence[checks.Finding]:
        """Is a token given out for the credentials?"""
        try:
            await self._api.token()
        except api.NoToken as problem:
            facts = {**self._facts, "reason": problem.outcome.reason}
            if problem.refused:
                refused, mend = advice.CREDENTIALS_REFUSED, advice.CREDENTIALS_MEND
                return (checks.problem("credentials", refused, mend, **facts),)
            unreached, mend = advice.UNREACHED, advice.UNREACHED_MEND
            return (checks.unsure("credentials", unreached, mend, **facts),)
        return (checks.ok("credentials", advice.CREDENTIALS_OK, **self._facts),)

    async def stream(self) -> Sequence[checks.Finding]:
        """Would a connection be opened? The ticket that is given out is not used."""
        if self._deps.callbacks:
            return (checks.ok("stream", advice.STREAM_UNUSED),)
        if not await self._has_token():
            return ()
        gateway = stream.Stream(self._settings, self._http, self._deps.clock)
        try:
            opened = await gateway.open_connection()
        except (ports.BadCredentials, websocket.Unreachable) as problem:
            facts = {**self._facts, "reason": str(problem)}
            return (checks.problem("stream", advice.STREAM_REFUSED, advice.STREAM_MEND, **facts),)
        parts = urlsplit(opened["endpoint"])
        facts = {**self._facts, "host": parts.netloc}
        try:
            await self._connect(parts.hostname or "", parts.port, parts.scheme == "wss")
        except (OSError, TimeoutError) as problem:
            facts["reason"] = problem.strerror or type(problem).__name__
            closed, mend = advice.STREAM_CLOSED, advice.STREAM_CLOSED_MEND
            return (checks.problem("stream", closed, mend, **facts),)
        return (checks.ok("stream", advice.STREAM_OK, **facts),)

    async def cards(self) -> Sequence[checks.Finding]:
        """May cards be sent? Asked by an update of a card that there is not."""
        body = {"outTrackId": NO_CARD, "cardData": {"cardParamMap": {}}}
        reply = await self._ask("PUT", "/v1.0/card/instances", body)
        if reply is None:
            return ()
        return (self._refusal("card", reply) or self._granted("card"),)

    async def robot(self) -> Sequence[checks.Finding]:
        """May the robot speak, and is it the right one? Asked by who read a message that there is
        not."""
        body = {
            "robotCode": self._settings.robot,
            "openConversationId": next(iter(self._deps.groups), ""),
            "processQueryKey": NO_MESSAGE,
        }
        reply = await self._ask("POST", "/v1.0/robot/groupMessages/query", body)
        if reply is None:
            return ()
        refusal = self._refusal("robot", reply)
        if refusal is not None:
            return (refusal,)
        known = checks.ok("robot", advice.ROBOT_OK, **self._facts)
        code = reply.code.lower()
        if "robotcode" in code or code.startswith("resource."):
            facts = {**self._facts, "reason": code}
            unknown, mend = advice.ROBOT_UNKNOWN, advice.ROBOT_MEND
            known = checks.problem("robot", unknown, mend, **facts)
        return (self._granted("robot"), known)

    def group(self, chat: str, name: str) -> checks.Run:
        """Is the robot in a group?"""

        async def run() -> Sequence[checks.Finding]:
            body = {"openConversationId": chat}
            reply = await self._ask("POST", "/v1.0/robot/groups/robots/query", body)
            return () if reply is None else (self._member(chat, name, reply),)

        return run

    def _member(self, chat: str, name: str, reply: Reply) -> checks.Finding:
        id_ = f"group.{name}"
        facts = {**self._facts, "group": name, "chat": chat, "reason": reply.code}
        if reply.denied:
            facts |= {"scope": GROUPS_SCOPE, "apply": self._apply([GROUPS_SCOPE])}
            return checks.manual(id_, advice.GROUP_UNSEEN, advice.GROUP_UNSEEN_MEND, **facts)
        refusal = self._refusal("group", reply)
        if refusal is not None:
            return refusal
        listed = reply.body.get("chatbotInstanceVOList")
        if reply.code or not isinstance(listed, list):
            return checks.problem(id_, advice.GROUP_UNKNOWN, advice.GROUP_UNKNOWN_MEND, **facts)
        codes = {str(one.get("robotCode")) for one in listed if isinstance(one, dict)}
        if self._settings.robot in codes:
            return checks.ok(id_, advice.GROUP_OK, **facts)
        return checks.problem(id_, advice.GROUP_OUTSIDE, advice.GROUP_MEND, **facts)

    def form(self, code: str) -> checks.Run:
        """Can the instances of a form be read?"""

        async def run() -> Sequence[checks.Finding]:
            now = self._deps.clock.now()
            body = {
                "processCode": code,
                "startTime": int((now - timedelta(hours=1)).timestamp() * 1000),
                "endTime": int(now.timestamp() * 1000),
                "nextToken": 0,
                "maxResults": 1,
            }
            reply = await self._ask("POST", "/v1.0/workflow/processes/instanceIds/query", body)
            if reply is None:
                return ()
            id_ = f"form.{code}"
            refusal = self._refusal("form", reply)
            if refusal is not None:
                return (refusal,)
            facts = {**self._facts, "form": code, "reason": reply.code}
            if reply.code:
                return (checks.problem(id_, advice.FORM_UNKNOWN, advice.FORM_MEND, **facts),)
            return (checks.ok(id_, advice.FORM_OK, **facts),)

        return run

    async def by_hand(self) -> Sequence[checks.Finding]:
        """What no API tells."""
        shared = self._settings.card_template == settings.CARD_TEMPLATE
        sentence = advice.TEMPLATE_SHARED if shared else advice.TEMPLATE_OWN
        facts = {**self._facts, "template": self._settings.card_template}
        lines = [checks.manual("template", sentence, advice.TEMPLATE_MEND, **facts)]
        lines.append(checks.manual("version", advice.VERSION, advice.VERSION_MEND, **facts))
        if not self._deps.callbacks:
            receiving, mend = advice.RECEIVING, advice.RECEIVING_MEND
            lines.append(checks.manual("receiving", receiving, mend, **facts))
        if self._deps.forms and not self._deps.callbacks:
            lines.append(checks.manual("events", advice.EVENTS, advice.EVENTS_MEND, **facts))
        return lines

    # ------------------------------------------------------------------------- asking

    async def _has_token(self) -> bool:
        """Without one nothing else can be asked, which is told once, by ``credentials``."""
        try:
            await self._api.token()
        except api.NoToken:
            return False
        return True

    async def _ask(self, method: str, path: str, body: Mapping[str, object]) -> Reply | None:
        """What comes of a call; None: without a token none can be made."""
        try:
            return Reply(*await self._api.answer(method, path, body))
        except api.NoToken:
            return None
        except http.NoAnswer as problem:
            return Reply(unreached=api.reason_of(problem))

    async def _connect(self, host: str, port: int | None, secure: bool) -> None:
        """Raises OSError."""
        trusted = http.trust(self._settings.ca_file) if secure else None
        place = port or (443 if secure else 80)
        _, writer = await asyncio.open_connection(host, place, ssl=trusted)
        writer.close()

    # ------------------------------------------------------------------------- judging

    def _granted(self, use: str) -> checks.Finding:
        return checks.ok(f"scope.{use}", advice.SCOPE_OK, scope=[SCOPES[use]])

    def _apply(self, names: Sequence[str]) -> str:
        """The address at which an administrator grants permissions with one click."""
        return scopes.apply(self._settings.client_id, *names)

    def _refusal(self, use: str, reply: Reply) -> checks.Finding | None:
        """What keeps any such call from being made; None: it is about what this one asks."""
        facts = {**self._facts, "reason": reply.code or f"HTTP {reply.status}"}
        if reply.unreached:
            facts["reason"] = reply.unreached
            return checks.unsure("reach", advice.UNREACHED, advice.UNREACHED_MEND, **facts)
        if reply.denied:
            lacks = api.scopes_of(reply.body) or [SCOPES[use]]
            facts |= {"scope": lacks, "apply": self._apply(lacks)}
            missing, mend = advice.SCOPE_MISSING[use], advice.SCOPE_MEND
            return checks.problem(f"scope.{use}", missing, mend, **facts)
        if "IpNotInWhiteList" in reply.code:
            return checks.problem("address", advice.ADDRESS, advice.ADDRESS_MEND, **facts)
        if "ApiCountLimit" in reply.code:
            return checks.problem("quota", advice.QUOTA, advice.QUOTA_MEND, **facts)
        if reply.later:
            return checks.unsure(use, advice.OTHER, advice.OTHER_MEND, **facts)
        return None
