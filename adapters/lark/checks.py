"""What the doctor looks at of a Lark/Feishu application. All calls are reading ones.

``application/v6/scopes`` (the permissions granted), ``application/v6/applications/me`` (version,
events, callbacks), ``bot/v3/info``, ``im/v1/chats``, ``approval/v4/approvals`` on open.feishu.cn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from adapters.common import http, websocket
from adapters.lark import advice, api, connection, scopes, settings
from adapters.lark.scopes import FEISHU, LARK
from bot.model import checks, manifests, ports

UNKNOWN_APP = frozenset((10003, 10012, 1000040346))
"""Codes for an app that there is not."""
NO_SCOPE = frozenset((99991672, 99991679, 1390009))
PAGES = 20
"""Pages of a hundred groups that are read at most."""
CALLBACK = scopes.CALLBACK
APP_SCOPE, CHATS_SCOPE = scopes.APP.name, scopes.CHATS.name
"""Permissions that only the doctor has a use for."""
LOOKED_AT = (
    *(scopes.SAY, scopes.HEAR, scopes.DIRECT, scopes.FILES),
    *(scopes.FORMS, scopes.DEFINITIONS),
)
NEEDS: Mapping[str, tuple[str, ...]] = {each.key: (each.name, *each.others) for each in LOOKED_AT}
"""What the bot needs, each by any of these permissions; the first is the least."""
WANTED = ("direct", "files")
"""Without these it works, but for what they are for."""


def checkup(options: settings.Settings, deps: manifests.CheckDeps) -> checks.Checkup:
    """The checks of an application. They share one session and one token."""
    patient = Application(options, deps)
    looks = (
        checks.Check("credentials", patient.credentials),
        checks.Check("connection", patient.connection),
        checks.Check("bot", patient.bot),
        checks.Check("scopes", patient.scopes),
        checks.Check("app", patient.app),
        checks.Check("groups", patient.groups),
        *(checks.Check(f"form.{code}", patient.form(code)) for code in deps.forms),
    )
    addresses = (checks.Address(options.domain, options.ca_file),)
    return checks.Checkup(looks, addresses, patient.close, advice.TITLE)


class Application:
    """One application, asked what it may, what it hears, and where it is."""

    def __init__(self, options: settings.Settings, deps: manifests.CheckDeps) -> None:
        self._settings = options
        self._deps = deps
        self._http = http.Http(options.call_timeout, options.connect_timeout, options.ca_file)
        self._api = api.Api(options, deps.clock, self._http)
        international = "larksuite" in options.domain
        self._console = scopes.home(options)
        self._other_way = "websocket" if deps.callbacks else "webhook"
        way = advice.HTTP_WAY if deps.callbacks else advice.STREAM_WAY
        method = advice.HTTP_METHOD if deps.callbacks else advice.STREAM_METHOD
        self._facts: dict[str, object] = {
            "console": self._console,
            "domain": options.domain,
            "other": FEISHU if international else LARK,
            "app_id": options.app_id,
            "way": checks.Sentence(way),
            "method": checks.Sentence(method),
        }

    async def close(self) -> None:
        await self._api.close()
        await self._http.close()

    # ------------------------------------------------------------------------- the checks

    async def credentials(self) -> Sequence[checks.Finding]:
        """Is a token given out for the credentials, on this of the two platforms?"""
        try:
            await self._api.token()
        except api.AppRefused as refusal:
            facts = {**self._facts, "code": refusal.code}
            if refusal.code in UNKNOWN_APP:
                return (checks.problem("domain", advice.DOMAIN, advice.DOMAIN_MEND, **facts),)
            refused, mend = advice.CREDENTIALS_REFUSED, advice.CREDENTIALS_MEND
            return (checks.problem("credentials", refused, mend, **facts),)
        except api.NoAnswer as problem:
            facts = {**self._facts, "reason": str(problem)}
            unreached, mend = advice.UNREACHED, advice.UNREACHED_MEND
            return (checks.unsure("credentials", unreached, mend, **facts),)
        return (checks.ok("credentials", advice.CREDENTIALS_OK, **self._facts),)

    async def connection(self) -> Sequence[checks.Finding]:
        """Would a long connection be opened? The ticket that is given out is not used."""
        if self._deps.callbacks:
            return (checks.ok("connection", advice.CONNECTION_UNUSED),)
        if not await self._has_token():
            return ()
        line = connection.Connection(self._settings, self._deps.clock, self._http, "")
        try:
            address = urlsplit(await line.address())
        except (ports.BadCredentials, websocket.Unreachable) as problem:
            facts = {**self._facts, "reason": str(problem)}
            refused, mend = advice.CONNECTION_REFUSED, advice.CONNECTION_MEND
            return (checks.problem("connection", refused, mend, **facts),)
        facts = {**self._facts, "host": address.netloc}
        trusted = http.trust(self._settings.ca_file) if address.scheme == "wss" else None
        port = address.port or (443 if address.scheme == "wss" else 80)
        try:
            _, writer = await asyncio.open_connection(address.hostname, port, ssl=trusted)
        except OSError as problem:
            facts["reason"] = problem.strerror or type(problem).__name__
            closed, mend = advice.CONNECTION_CLOSED, advice.CONNECTION_CLOSED_MEND
            return (checks.problem("connection", closed, mend, **facts),)
        writer.close()
        return (checks.ok("connection", advice.CONNECTION_OK, **facts),)

    async def bot(self) -> Sequence[checks.Finding]:
        """Has the app a bot, and is it enabled in the organisation?"""
        answer = await self._ask("bot/v3/info")
        if not isinstance(answer, api.Answer):
            return _one(answer)
        refusal = self._refusal("bot", answer)
        if refusal is not None:
            return (refusal,)
        facts = {**self._facts, "code": answer.code}
        known = answer.data.get("bot")
        if answer.code or not isinstance(known, dict):
            return (checks.problem("bot", advice.BOT_OFF, advice.BOT_MEND, **facts),)
        inactive = advice.INACTIVE.get(known.get("activate_status", 2))
        if inactive is not None:
            return (checks.problem("bot", inactive, advice.INACTIVE_MEND, **facts),)
        return (checks.ok("bot", advice.BOT_OK, name=str(known.get("app_name") or ""), **facts),)

    async def scopes(self) -> Sequence[checks.Finding]:
        """Which permissions has the organisation granted?"""
        answer = await self._ask("application/v6/scopes")
        if not isinstance(answer, api.Answer):
            return _one(answer)
        listed = answer.data.get("scopes")
        if answer.code or not isinstance(listed, list):
            return (self._refusal("scopes", answer) or self._other("scopes", answer),)
        granted = {
            one.get("scope_name")
            for one in listed
            if isinstance(one, dict)
            and one.get("grant_status") == 1
            and one.get("scope_type") != "user"
        }
        uses = [use for use in NEEDS if self._deps.forms or use not in ("forms", "definitions")]
        missing = [use for use in uses if not granted & set(NEEDS[use])]
        lines = [self._missing(use) for use in missing]
        kept = [each for use in uses for each in NEEDS[use][:1] if use not in missing]
        if not missing:
            lines.append(checks.ok("scopes", advice.SCOPES_OK, scopes=list(dict.fromkeys(kept))))
        return lines

    async def app(self) -> Sequence[checks.Finding]:
        """Is it published, and does what it subscribes to come where the bot waits?"""
        answer = await self._ask("application/v6/applications/me", {"lang": "zh_cn"})
        if not isinstance(answer, api.Answer):
            return _one(answer)
        if answer.code in NO_SCOPE:
            return tuple(self._unseen())
        about = answer.data.get("app")
        if answer.code or not isinstance(about, dict):
            return (self._refusal("app", answer) or self._other("app", answer),)
        return (
            self._version(about),
            self._events(about.get("event")),
            self._callback(about.get("callback_info") or about.get("callback")),
        )

    async def groups(self) -> Sequence[checks.Finding]:
        """Is the bot in each group?"""
        chats: set[object] = set()
        page = ""
        for _ in range(PAGES):
            params = {"page_size": "100", **({"page_token": page} if page else {})}
            answer = await self._ask("im/v1/chats", params)
            if not isinstance(answer, api.Answer):
                return _one(answer)
            if answer.code in NO_SCOPE:
                return [self._group_unseen(name) for name in self._deps.groups.values()]
            if answer.code:
                return (self._refusal("groups", answer) or self._other("groups", answer),)
            items = answer.data.get("items") or ()
            chats |= {one.get("chat_id") for one in items if isinstance(one, dict)}
            page = str(answer.data.get("page_token") or "") if answer.data.get("has_more") else ""
            if not page:
                break
        return [self._group(chat, name, chat in chats) for chat, name in self._deps.groups.items()]

    def form(self, code: str) -> checks.Run:
        """Is there such an approval definition?"""

        async def run() -> Sequence[checks.Finding]:
            id_ = f"form.{code}"
            answer = await self._ask(f"approval/v4/approvals/{code}")
            if not isinstance(answer, api.Answer):
                return ()
            if answer.code in NO_SCOPE:
                return ()  # told by ``scopes``
            facts = {**self._facts, "form": code, "code": answer.code}
            if not answer.code:
                return (checks.ok(id_, advice.FORM_OK, **facts),)
            refusal = self._refusal(id_, answer)
            unknown = checks.problem(id_, advice.FORM_UNKNOWN, advice.FORM_MEND, **facts)
            return (refusal or unknown,)

        return run

    # ------------------------------------------------------------------------- what they say

    def _missing(self, use: str) -> checks.Finding:
        scope = NEEDS[use][0]
        loss = checks.Sentence(advice.LOSSES[use])
        facts = {**self._facts, "scope": scope, "loss": loss, "apply": self._apply(scope)}
        say = checks.unsure if use in WANTED else checks.problem
        return say(f"scope.{use}", advice.SCOPE_MISSING, advice.SCOPE_MEND, **facts)

    def _version(self, about: Mapping[str, object]) -> checks.Finding:
        if not about.get("online_version_id"):
            none, mend = advice.VERSION_NONE, advice.VERSION_MEND
            return checks.problem("version", none, mend, **self._facts)
        if about.get("unaudit_version_id"):
            waits, mend = advice.VERSION_WAITS, advice.VERSION_MEND
            return checks.unsure("version", waits, mend, **self._facts)
        return checks.ok("version", advice.VERSION_OK)

    def _wanted_events(self) -> list[str]:
        return [*scopes.MESSAGES, *([scopes.FORM_EVENT] if self._deps.forms else [])]

    def _events(self, event: object) -> checks.Finding:
        if not isinstance(event, dict) or not isinstance(event.get("subscribed_events"), list):
            return next(one for one in self._unseen() if one.id == "events")
        wanted, type_ = self._wanted_events(), str(event.get("subscription_type") or "")
        facts = {**self._facts, "events": wanted, "type": type_}
        if type_ == self._other_way:
            elsewhere, mend = advice.EVENTS_ELSEWHERE, advice.EVENTS_MEND
            return checks.problem("events", elsewhere, mend, **facts)
        facts["events"] = [one for one in wanted if one not in event["subscribed_events"]]
        if facts["events"]:
            missing, mend = advice.EVENTS_MISSING, advice.EVENTS_MEND
            return checks.problem("events", missing, mend, **facts)
        return checks.ok("events", advice.EVENTS_OK, **{**facts, "events": wanted})

    def _callback(self, callback: object) -> checks.Finding:
        names = callback.get("subscribed_callbacks") if isinstance(callback, dict) else None
        if not isinstance(callback, dict) or not isinstance(names, list):
            return next(one for one in self._unseen() if one.id == "callback")
        type_ = str(callback.get("callback_type") or "")
        facts = {**self._facts, "type": type_}
        if CALLBACK not in names:
            missing, mend = advice.CALLBACK_MISSING, advice.CALLBACK_MEND
            return checks.problem("callback", missing, mend, **facts)
        if type_ == self._other_way:
            elsewhere, mend = advice.CALLBACK_ELSEWHERE, advice.CALLBACK_MEND
            return checks.problem("callback", elsewhere, mend, **facts)
        return checks.ok("callback", advice.CALLBACK_OK, **facts)

    def _unseen(self) -> Iterator[checks.Finding]:
        """What is to be looked at by hand, where the app may not read about itself."""
        facts = {**self._facts, "scope": APP_SCOPE, "events": self._wanted_events()}
        yield checks.manual("version", advice.VERSION_UNSEEN, advice.VERSION_MEND, **facts)
        yield checks.manual("events", advice.EVENTS_UNSEEN, advice.EVENTS_MEND, **facts)
        yield checks.manual("callback", advice.CALLBACK_UNSEEN, advice.CALLBACK_MEND, **facts)

    def _group(self, chat: str, name: str, inside: bool) -> checks.Finding:
        facts = {**self._facts, "group": name, "chat": chat}
        if inside:
            return checks.ok(f"group.{name}", advice.GROUP_OK, **facts)
        return checks.problem(f"group.{name}", advice.GROUP_OUTSIDE, advice.GROUP_MEND, **facts)

    def _group_unseen(self, name: str) -> checks.Finding:
        facts = {**self._facts, "group": name, "scope": CHATS_SCOPE}
        facts["apply"] = self._apply(CHATS_SCOPE)
        return checks.manual(
            f"group.{name}", advice.GROUP_UNSEEN, advice.GROUP_UNSEEN_MEND, **facts
        )

    # ------------------------------------------------------------------------- asking

    async def _has_token(self) -> bool:
        """Without one nothing else can be asked, which is told once, by ``credentials``."""
        try:
            await self._api.token()
        except (api.AppRefused, api.NoAnswer):
            return False
        return True

    async def _ask(
        self, path: str, params: Mapping[str, str] | None = None
    ) -> api.Answer | checks.Finding | None:
        """The answer to a reading call; a finding where there was none; None: without a token no
        call can be made."""
        if not await self._has_token():
            return None
        try:
            return await self._api.call("GET", path, params=params)
        except api.NoAnswer as problem:
            facts = {**self._facts, "reason": str(problem)}
            return checks.unsure("reach", advice.UNREACHED, advice.UNREACHED_MEND, **facts)

    def _refusal(self, id_: str, answer: api.Answer) -> checks.Finding | None:
        """What keeps any call from being made; None: it is about what this one asks."""
        facts = {**self._facts, "code": answer.code}
        match answer.code:
            case 99991401:
                return checks.problem("address", advice.ADDRESS, advice.ADDRESS_MEND, **facts)
            case 99991403:
                return checks.problem("quota", advice.QUOTA, advice.QUOTA_MEND, **facts)
            case 99991662 | 99991673:
                return checks.problem("bot", advice.INACTIVE[1], advice.INACTIVE_MEND, **facts)
        return self._other(id_, answer) if answer.later else None

    def _other(self, id_: str, answer: api.Answer) -> checks.Finding:
        facts = {**self._facts, "code": answer.code, "reason": answer.message[:200]}
        return checks.unsure(id_, advice.OTHER, advice.OTHER_MEND, **facts)

    def _apply(self, scope: str) -> str:
        """The address at which a permission is granted with one click."""
        return f"{self._console}/auth?q={scope}&op_from=openapi&token_type=tenant"


def _one(finding: checks.Finding | None) -> Sequence[checks.Finding]:
    return () if finding is None else (finding,)
