"""One call to DingTalk → one of the four outcomes. One pooled session for everything.

Error codes: open.dingtalk.com, ``call-frequency-limit``, ``custom-bot-to-send-group-chat-messages``
and the pages of the calls. Every call either answers ``Done`` with the JSON object received, or
says whether it provably did not happen.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from adapters.common import http, tokens
from adapters.dingtalk.logs import redact
from adapters.dingtalk.settings import Settings
from bot import model
from bot.model import ports

TOKEN_MARGIN = 300.0
HOUR = 3600.0
BAN = 300.0

_WEBHOOK_WAIT = {"-1": 1.0, "130101": 60.0, "410100": 60.0, "660026": 60.0}
_OLD_WAIT = {"90018": 1.0, "90002": 5.0, "90020": HOUR}

SESSION_GONE = "300001"


class Api:
    """The calls of one application: token and classification. ``client`` makes them. ``count`` is
    told of those that the month's quota counts: not of tokens, nor of what was turned away for
    coming too fast (``dingtalk-application-development-platform-billing-model``)."""

    def __init__(
        self,
        settings: Settings,
        client: http.Http,
        clock: ports.Clock,
        count: ports.Count = ports.uncounted,
    ) -> None:
        self._settings = settings
        self._count = count
        self._http = client
        self._attempt: model.Attempt | None = None
        self._base = settings.endpoint.rstrip("/")
        self._token = tokens.Token(self._fetch_token, clock, TOKEN_MARGIN)
        redact.secrets.add(settings.client_secret)

    def of(self, attempt: model.Attempt) -> Api:
        """The same for one try of an effect, by which its calls are counted."""
        own = copy.copy(self)
        own._attempt = attempt
        return own

    async def close(self) -> None:
        """Wait for no token any more."""
        await self._token.close()

    # ------------------------------------------------------------------------- calls

    async def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, again: bool = True
    ) -> model.Outcome:
        """Call the open API with a token. ``again``: a repetition does no harm, so that a lost
        answer is sent again; otherwise it is unknown."""
        try:
            token = await self._token.get()
            outcome = await self._once(method, path, body, token, again)
            if not _refuses_token(outcome):
                return outcome
            token = await self._token.get(token)
        except NoToken as problem:
            return problem.outcome
        outcome = await self._once(method, path, body, token, again)
        if isinstance(outcome, model.Refused) and _refuses_token(outcome):
            return model.NotSent(outcome.reason)
        return outcome

    async def token(self) -> str:
        """The access token of now. Raises NoToken."""
        return await self._token.get()

    async def answer(
        self, method: str, path: str, body: Mapping[str, object]
    ) -> tuple[int, dict[str, object]]:
        """Status and body of one call, as they came. Raises NoToken and NoAnswer."""
        headers = {"x-acs-dingtalk-access-token": await self.token()}
        return await self._exchange(method, self._base + path, body, headers)

    async def _once(
        self, method: str, path: str, body: Mapping[str, object] | None, token: str, again: bool
    ) -> model.Outcome:
        headers = {"x-acs-dingtalk-access-token": token}
        await self._begin()
        try:
            status, answer = await self._exchange(method, self._base + path, body, headers)
        except http.NoAnswer as problem:
            if problem.sent:
                self._count("calls")
            return unanswered(problem, again)
        if not throttled(status, answer):
            self._count("calls")
        return judge(status, answer, again)

    async def webhook(self, url: str, body: Mapping[str, Any]) -> model.Outcome:
        """Post to a session webhook. HTTP 200 means nothing there: ``errcode`` decides. The body
        carries ``msgUuid``, so a lost answer counts as not sent."""
        await self._begin()
        try:
            status, answer = await self._exchange("POST", url, body, {})
        except http.NoAnswer as problem:
            return unanswered(problem, True)
        if "reply" in self._settings.counted and answer.get("errcode") in (0, "0"):
            self._count("pushes")
        return judge_webhook(status, answer)

    async def _begin(self) -> None:
        """Before a call for a try of an effect."""
        if self._attempt is not None:
            await self._attempt.call()

    async def _exchange(
        self, method: str, url: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, object]]:
        """Status and JSON object ({} if there is none). Raises NoAnswer."""
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        sent = {"Content-Type": "application/json", "Accept": "application/json", **headers}
        answer = await self._http.call(method, url, data, sent)
        return answer.status, answer.object()

    async def _fetch_token(self) -> tuple[str, float]:
        """A new token (valid for two hours). Raises NoToken, which is never final for a call."""
        body = {"appKey": self._settings.client_id, "appSecret": self._settings.client_secret}
        try:
            status, answer = await self._exchange(
                "POST", self._base + "/v1.0/oauth2/accessToken", body, {}
            )
        except http.NoAnswer as problem:
            raise NoToken(reason_of(problem)) from None
        token = answer.get("accessToken")
        if status == 200 and isinstance(token, str) and token:
            redact.secrets = {self._settings.client_secret, token}
            return token, _number(answer.get("expireIn"), 7200.0)
        judged = judge(status, answer, True)
        if isinstance(judged, model.NotSent):
            raise NoToken(judged.reason, judged.retry_after)
        said = judged.reason if isinstance(judged, model.Refused) else "an answer without a token"
        raise NoToken(
            f"{said}: check client_id and client_secret in [dingtalk]", 60.0, refused=True
        )


class NoToken(Exception):
    """There is no access token now, so nothing was sent. ``refused``: DingTalk gives out none for
    these credentials."""

    def __init__(self, reason: str, retry_after: float = 0.0, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused
        self.outcome = model.NotSent(f"no access token: {reason}", retry_after)


def _refuses_token(outcome: model.Outcome) -> bool:
    return isinstance(outcome, model.Refused) and outcome.code == "InvalidAuthentication"


# ----------------------------------------------------------------------------- judging


def reason_of(problem: http.NoAnswer) -> str:
    """Why nothing came back, for people."""
    where = "answer from" if problem.sent else "connection to"
    return f"no {where} DingTalk ({problem.kind})"


def unanswered(problem: http.NoAnswer, again: bool) -> model.NotSent | model.Unknown:
    """The outcome of a call without an answer."""
    reason = reason_of(problem)
    return http.lost(reason, again) if problem.sent else model.NotSent(reason)


def throttled(status: int, answer: Mapping[str, object]) -> bool:
    """Was a call turned away before anything was looked at: too fast, too many, quota used up?"""
    low = str(answer.get("code") or "").lower()
    banned = answer.get("punish") == "deny" or answer.get("status") == 1111
    return banned or status == 429 or any(word in low for word in ("qps", "qpm", "apicountlimit"))


def judge(status: int, answer: Mapping[str, object], again: bool) -> model.Outcome:
    """The outcome of an open API answer."""
    code = str(answer.get("code") or "")
    reason = f"{code or f'HTTP {status}'}: {answer.get('message') or 'no reason given'}"[:300]
    scopes = ", ".join(scopes_of(answer))[:200] if "permissiondenied" in code.lower() else ""
    if scopes:
        reason = f"the app lacks the permission {scopes}; grant it in the console ({code})"
    low = code.lower()
    if answer.get("punish") == "deny" or answer.get("status") == 1111:
        return model.NotSent("too many calls from this address", BAN)
    if 200 <= status < 300:
        if answer and answer.get("success") is not False and code in ("", "0"):
            return model.Done(data=dict(answer))
        if answer:
            return model.Refused(reason, code)
        return http.lost("an answer that is no JSON object", again)
    if "apicountlimit" in low:
        return model.NotSent(f"the month's quota of calls is used up ({code})", HOUR)
    if "qpm" in low:
        return model.NotSent(reason, 60.0)
    if "qps" in low or "toofast" in low or "too.fast" in low or "too.many" in low or status == 429:
        return model.NotSent(reason, 1.0)
    if low in ("system.busy", "serviceunavailable", "system.error.busy") or status == 503:
        return model.NotSent(reason, 1.0)
    if status >= 500:
        return http.lost(reason, again)
    return model.Refused(reason, code)


def scopes_of(answer: Mapping[str, object]) -> list[str]:
    """The permissions that are missing, as ``AccessTokenPermissionDenied`` lists them; at most
    eight."""
    detail = answer.get("accessdenieddetail")
    listed = detail.get("requiredScopes") if isinstance(detail, dict) else None
    return [str(one) for one in listed if one][:8] if isinstance(listed, list) else []


def judge_webhook(status: int, answer: Mapping[str, object]) -> model.Outcome:
    """The outcome of a webhook's answer; ``errcode`` is a number, in the documentation a text."""
    code = str(answer.get("errcode", ""))
    reason = f"{code or f'HTTP {status}'}: {answer.get('errmsg') or 'no reason given'}"[:300]
    if answer.get("punish") == "deny" or answer.get("status") == 1111:
        return model.NotSent("too many calls from this address", BAN)
    if code == "0" and status == 200:
        return model.Done(data=dict(answer))
    if code in _WEBHOOK_WAIT:
        return model.NotSent(reason, _WEBHOOK_WAIT[code])
    sub = str(answer.get("sub_code") or "")
    if code == "88" and sub in _OLD_WAIT:
        return model.NotSent(reason, _OLD_WAIT[sub])
    if status == 429:
        return model.NotSent(reason, 60.0)
    if status >= 500 or (status == 200 and not code):
        return model.NotSent(reason, uncertain=True)
    return model.Refused(reason, code)


def _number(value: Any, otherwise: float) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return otherwise
