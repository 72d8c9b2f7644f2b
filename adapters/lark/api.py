"""Calls to Lark's HTTP interface: one pooled session, one token, and what an answer means.

Codes: https://open.feishu.cn/document/server-docs/api-call-guide/generic-error-code and the pages
of each call. A call ends as an ``Answer`` (the platform spoke) or as ``NoAnswer`` (it did not).
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from adapters.common import http, masking, tokens
from adapters.lark.settings import Settings
from bot import model
from bot.model import ports

TOKEN_MARGIN = 600.0
"""Seconds before its end. The platform hands out a new one once half an hour is left of the old."""
RATE_LIMITED = frozenset((99991400, 230020, 11232, 11233, 11247))
TOKEN_STALE = frozenset((99991661, 99991663, 99991664, 99991665, 99991668, 99991671, 99991677))
TRANSIENT = frozenset((230049, 1395001, 300000, 1, 1000040343))
TARGET_GONE = frozenset((230011, 230019, 230050, 230110, 230111, 231003))
"""The message to answer is gone; the chat itself may still be there."""
BEING_SENT = 230049
NO_THREAD = frozenset((230071, 230072))
BAD_PARAMETER = 230001
BAD_CARD = 230099
"""Carries the reason in its text; a card that is being clicked is locked for that moment."""
ALREADY = 1390007
NO_INSTANCE = 1390003
"""No approval instance of that code; one that was just filed may take a moment to be found."""

_LACKS = (
    "the app lacks the permission {scope}; grant it in the developer console and publish a new "
    "version"
)
_SENTENCES = {
    99991672: _LACKS,
    99991679: _LACKS,
    99991401: "this machine's address is not on the app's IP allow list",
    99991403: "the tenant's monthly quota of calls is used up",
    99991662: "the app is disabled in this tenant",
    99991673: "the app is disabled in this tenant",
    230002: "the bot is not in this group; add it",
    230006: "the bot feature of the app is off; turn it on in the developer console",
    230013: "the bot is not available to this person",
    230018: "the group's settings do not let the bot do this",
    230022: "the platform found something sensitive in the text",
    230025: "the message is too long",
    230027: _LACKS,
    230028: "the tenant's data leak protection stopped the text",
    230031: "the card is older than 14 days and can no longer be changed",
    230035: "the bot is muted in this group",
    232009: "the group was dissolved",
    1390002: "there is no such approval form; check its code",
    1390003: "there is no such approval instance",
    1390009: "the app may not read this approval; grant {scope} in the developer console",
}


class NoAnswer(Exception):
    """The call was not answered. ``sent`` is False when it provably never left."""

    def __init__(self, reason: str, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said. ``code`` 0 is success; ``data`` the whole body for the calls that
    have no ``data`` of their own."""

    status: int
    code: int
    message: str
    data: Mapping[str, Any]
    retry_after: float = 0.0
    scopes: tuple[str, ...] = ()
    """The permissions of which one is missing, where the platform lists them."""

    @property
    def limited(self) -> bool:
        return self.status == 429 or self.code in RATE_LIMITED

    @property
    def later(self) -> bool:
        """The platform could not now, which says nothing against the call itself."""
        locked = self.code == BAD_CARD and "action is lock" in self.message
        return self.limited or self.status >= 500 or self.code in TRANSIENT or locked

    @property
    def nobody(self) -> bool:
        """Somebody who is mentioned does not exist (any more)."""
        if self.code == BAD_CARD:
            return "100290" in self.message
        return self.code == BAD_PARAMETER and "user_id" in self.message

    @property
    def gone(self) -> bool:
        """The message to answer is gone; the chat itself may still be there."""
        named = self.code == BAD_PARAMETER and "message_id" in self.message
        return named or self.code in TARGET_GONE

    def outcome(self, scope: str) -> model.Refused | model.NotSent:
        """What a failure means; ``scope`` is the permission that the call needs, unless the
        platform itself says which."""
        if self.limited:
            return model.NotSent(f"Lark limits the rate ({self.code})", self.retry_after or 1.0)
        if self.later:
            reason = f"Lark cannot now ({self.code or self.status}): {self.message}"
            perhaps = self.status >= 500 or self.code == BEING_SENT
            return model.NotSent(reason, uncertain=perhaps)
        scope = " or ".join(self.scopes) or scope
        sentence = _SENTENCES.get(self.code, "").format(scope=scope)
        said = self.message or f"HTTP status {self.status}"
        return model.Refused(
            f"Lark refused: {sentence} ({self.code}: {said})"
            if sentence
            else f"Lark refused: {said} ({self.code})",
            str(self.code or self.status),
        )


class AppRefused(ports.BadCredentials):
    """The platform gives out no token for these credentials; ``code`` is its own."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(
            f"Lark refuses the app ({code}: {masking.masked(message)}). Check app_id and "
            "app_secret in [lark]."
        )
        self.code = code


class Api:
    """Authorised calls: with the tenant's token, and once more when the platform calls it stale.
    ``count`` is told of each that was answered, and was not turned away for coming too fast."""

    def __init__(
        self,
        settings: Settings,
        clock: ports.Clock,
        client: http.Http,
        count: ports.Count = ports.uncounted,
    ) -> None:
        self._count = count
        self._settings = settings
        self._clock = clock
        self._http = client
        self._attempt: model.Attempt | None = None
        self._origin = settings.domain.rstrip("/")
        self._token = tokens.Token(self._fetch_token, clock, TOKEN_MARGIN)

    def of(self, attempt: model.Attempt) -> Api:
        """The same for one try of an effect, by which its calls are counted."""
        own = copy.copy(self)
        own._attempt = attempt
        return own

    async def close(self) -> None:
        """Wait for no token any more."""
        await self._token.close()

    async def token(self) -> str:
        """The tenant's token of now. Raises NoAnswer and AppRefused."""
        return await self._token.get()

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Call ``/open-apis/<path>``. Raises NoAnswer, and ports.BadCredentials when the platform
        gives out no token for these credentials."""
        token = await self._token.get()
        answer = await self._ask(method, path, body, params, token)
        if answer.code in TOKEN_STALE:
            token = await self._token.get(token)
            answer = await self._ask(method, path, body, params, token)
        return answer

    async def upload(self, path: str, fields: Mapping[str, str], content: bytes) -> Answer:
        """Call ``/open-apis/<path>`` with a form, in which ``content`` is the file. As ``call``."""

        def form() -> aiohttp.FormData:
            data = aiohttp.FormData(dict(fields))
            data.add_field("file", content, filename=fields["file_name"])
            return data

        token = await self._token.get()
        answer = await self._ask("POST", path, form(), None, token)
        if answer.code in TOKEN_STALE:
            token = await self._token.get(token)
            answer = await self._ask("POST", path, form(), None, token)
        return answer

    async def _fetch_token(self) -> tuple[str, float]:
        """A new token. Raises NoAnswer, and AppRefused where there is none for us."""
        path = "auth/v3/tenant_access_token/internal"
        body = {"app_id": self._settings.app_id, "app_secret": self._settings.app_secret}
        try:
            answer = await self._ask("POST", path, body, None, "")
        except NoAnswer as problem:
            raise NoAnswer(f"no access token: {problem}", False) from None
        token, lifetime = answer.data.get("tenant_access_token"), answer.data.get("expire")
        if answer.later:
            raise NoAnswer(f"Lark gives out no token now ({answer.code or answer.status})", False)
        if answer.code != 0 or not isinstance(token, str) or not token:
            raise AppRefused(answer.code, answer.message)
        return token, float(lifetime) if isinstance(lifetime, int | float) else 3600.0

    async def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | aiohttp.FormData | None,
        params: Mapping[str, str] | None,
        token: str,
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data: bytes | aiohttp.FormData | None
        if isinstance(body, aiohttp.FormData):
            data = body
        else:
            headers["Content-Type"] = "application/json; charset=utf-8"
            data = None if body is None else _dumped(body)
        url = f"{self._origin}/open-apis/{path}"
        if token and self._attempt is not None:
            await self._attempt.call()
        try:
            response = await self._http.call(method, url, data, headers, params)
            if token and response.status != 429:
                self._count("calls")
        except http.NoAnswer as problem:
            what = "did not answer" if problem.sent else "is out of reach"
            raise NoAnswer(f"Lark {what}: {problem}", problem.sent) from None
        return read(response, response.retry_after(self._clock.now(), "x-ogw-ratelimit-reset"))


def _dumped(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def read(response: http.Answer, retry_after: float = 0.0) -> Answer:
    """An answer. Raises NoAnswer for a page that is not the platform's: somebody in between
    spoke, and whether the platform heard is unknown."""
    status, body = response.status, response.object()
    code = body.get("code")
    if not isinstance(code, int):
        if status == 429 or (400 <= status < 500 and status != 408):
            return Answer(status, status, f"HTTP status {status}", {}, retry_after)
        raise NoAnswer(f"HTTP status {status} with an answer that is not Lark's", True)
    if code == 0 and status >= 400:
        code = status
    data = body.get("data")
    return Answer(
        status,
        code,
        str(body.get("msg") or ""),
        data if isinstance(data, dict) else body,
        retry_after,
        _scopes(body) if code else (),
    )


_LISTED = re.compile(r"(?:scopes? (?:is|are) required|权限)\s*[:：]\s*\[([^\]]*)\]", re.IGNORECASE)


def _scopes(body: Mapping[str, object]) -> tuple[str, ...]:
    """The permissions that a refusal lists: each in an object, or all in its text."""
    error = body.get("error")
    violations = error.get("permission_violations") if isinstance(error, dict) else None
    names = [
        str(one["subject"])
        for one in (violations if isinstance(violations, list) else ())
        if isinstance(one, dict) and one.get("subject")
    ]
    if not names and (listed := _LISTED.search(str(body.get("msg") or ""))):
        names = [name for part in listed[1].split(",") if (name := part.strip())]
    return tuple(dict.fromkeys(names))[:8]
