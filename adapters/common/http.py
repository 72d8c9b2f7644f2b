"""One call over HTTP: what came back, or why nothing did, and whether the call may have arrived.

No redirect is followed: it would take the body, and the secrets in it, to wherever an answer
points. Nothing is read from the environment (``~/.netrc`` would sign in) but a proxy, if wanted.
"""

from __future__ import annotations

import contextlib
import email.utils
import json
import math
import re
import ssl
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import yarl

from adapters.common import masking
from bot import model
from bot.model import ports, traffic
from bot.source import values

ANSWER_BYTES = 4 << 20
"""So much of an answer is read at most."""
_DIGIT = re.compile("[0-9]")
LONGEST = 3600.0
"""Seconds. A party that asks for a longer pause is asked again after this one."""
COMPARE_EVERY = 60.0
"""Seconds between two looks at what the other side's clock shows."""
UNTRUSTED = 60.0
"""Seconds until a party whose certificate was not trusted is tried again."""


class NoAnswer(Exception):
    """Nothing came back. ``sent``: may the call have arrived? ``untrusted``: the other side's
    certificate is not trusted. ``kind`` names the error and nothing of the address, which may hold
    a secret; the text of the exception says more, with tokens and tickets masked."""

    def __init__(self, error: Exception, sent: bool) -> None:
        super().__init__(masking.description(error))
        self.kind = type(error).__name__
        self.sent = sent
        self.untrusted = isinstance(error, aiohttp.ClientSSLError)

    def outcome(
        self, name: str, repeatable: bool, authority: str = "", token: str = ""
    ) -> model.NotSent | model.Unknown:
        """What it means for an effect on ``name``. ``authority`` says where to name a private
        certificate authority; the rest is as of ``lost``."""
        if self.untrusted:
            reason = f"{name}: its certificate is not trusted; {authority}"
            return model.NotSent(reason, UNTRUSTED)
        if not self.sent:
            return model.NotSent(f"{name}: no connection ({self.kind})")
        return lost(f"{name}: no answer ({self.kind})", repeatable, token)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``text``: the body, as much of it as was read."""

    status: int
    text: str
    headers: Mapping[str, str]

    def object(self) -> dict[str, Any]:
        """The JSON object of the body, {} where it is none."""
        return object_of(self.text)

    def retry_after(self, now: datetime, *names: str) -> float:
        """Seconds until the next try that ``Retry-After`` asks for, or a header of the party's own
        (``names``, which go first); 0.0 where nothing is said."""
        for name in (*names, "Retry-After"):
            if text := self.headers.get(name, ""):
                return seconds(text, now)
        return 0.0


class Http:
    """Calls with one pooled session, which is made on first use inside the running loop. Times in
    seconds: ``timeout`` for a whole call, ``connect_timeout`` of that until a connection stands.
    ``ca_file``: certificates to trust instead of the usual ones. ``keep``: how long an idle
    connection is kept; with 0 every call has one of its own, for one that was kept may be closed
    while a call is under way, and then nobody knows. ``proxied``: by the environment's proxy.
    ``ahead``: by how much the other side's clock was ahead of this machine's when it last said what
    it shows (None: it never did). ``tap`` gets a copy of each call, which it then knows by the
    name of the ``party``."""

    def __init__(
        self,
        timeout: float,
        connect_timeout: float,
        ca_file: str = "",
        keep: float = 60.0,
        proxied: bool = False,
        party: str = "",
        tap: ports.Tap | None = None,
    ) -> None:
        self._party = party
        self.tap = tap
        self._timeout = aiohttp.ClientTimeout(total=timeout, connect=connect_timeout)
        self._ca_file = ca_file
        self._keep = keep
        self._proxied = proxied
        self._session: aiohttp.ClientSession | None = None
        self.ahead: float | None = None
        self._compared = -math.inf

    def session(self) -> aiohttp.ClientSession:
        """The session, for what is more than a call."""
        if self._session is None or self._session.closed:
            trusted = trust(self._ca_file)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=self._keep, ssl=trusted)
                if self._keep
                else aiohttp.TCPConnector(limit=64, force_close=True, ssl=trusted),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                raise_for_status=False,
            )
        return self._session

    async def call(
        self,
        method: str,
        url: str | yarl.URL,
        body: bytes | aiohttp.FormData | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        timeout: aiohttp.ClientTimeout | None = None,
        trusted: ssl.SSLContext | bool | None = None,
        most: int = ANSWER_BYTES,
    ) -> Answer:
        """Make one call; ``timeout`` and ``trusted`` in place of the session's own. Where the
        status says everything, ``most`` = 0 leaves the body unread: that it never ends is then no
        matter. Raises NoAnswer, and nothing else for what the other side or the network does."""
        if self.tap is None:
            return await self._call(method, url, body, headers, params, timeout, trusted, most)
        status, text, error = 0, "", ""
        try:
            answer = await self._call(method, url, body, headers, params, timeout, trusted, most)
            status, text = answer.status, answer.text
        except NoAnswer as problem:
            error = problem.kind
            raise
        finally:
            whole = f"{url}?{urlencode(params)}" if params else str(url)
            sent = body if isinstance(body, bytes) else None
            self.tap(
                traffic.Exchange(
                    self._party, method, whole, headers or {}, sent, status, text, error
                )
            )
        return answer

    async def _call(
        self,
        method: str,
        url: str | yarl.URL,
        body: bytes | aiohttp.FormData | None,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
        timeout: aiohttp.ClientTimeout | None,
        trusted: ssl.SSLContext | bool | None,
        most: int,
    ) -> Answer:
        """The call itself."""
        more: dict[str, Any] = {"timeout": timeout} if timeout is not None else {}
        if trusted is not None:
            more["ssl"] = trusted
        if self._proxied:
            more["proxy"] = proxy(yarl.URL(url))
        try:
            session = self.session()
        except OSError as error:  # the file of certificates is gone
            raise NoAnswer(error, sent=False) from None
        try:
            async with session.request(
                method,
                url,
                data=body,
                headers=headers,
                params=params,
                allow_redirects=False,
                **more,
            ) as response:
                self._compare(response.headers.get("Date", ""))
                raw = bytearray()
                while len(raw) < most and (part := await response.content.readany()):
                    raw += part
                return Answer(response.status, raw.decode(errors="replace"), response.headers)
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ClientHttpProxyError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
        ) as error:
            raise NoAnswer(error, sent=False) from None
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise NoAnswer(error, sent=True) from None

    def _compare(self, date: str) -> None:
        """Hold the other side's clock, which shows whole seconds, against this machine's."""
        if not date or time.monotonic() - self._compared < COMPARE_EVERY:
            return
        self._compared = time.monotonic()
        with contextlib.suppress(ValueError, TypeError, IndexError, OverflowError):
            said = email.utils.parsedate_to_datetime(date)
            said = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
            self.ahead = round(said.timestamp() + 0.5 - time.time(), 1)

    async def close(self) -> None:
        """Release the connections."""
        if self._session is not None:
            await self._session.close()


def lost(reason: str, repeatable: bool, token: str = "") -> model.NotSent | model.Unknown:
    """The outcome of a call of which nobody can tell whether it was carried out: where the other
    side recognises a repetition it is sent again, else it is looked up by its ``token``."""
    if repeatable:
        return model.NotSent(reason, uncertain=True)
    return model.Unknown(reason, token)


def trust(ca_file: str) -> ssl.SSLContext | bool:
    """Whom to trust: the usual authorities, or those of a file. It takes long, so make it once.
    Raises OSError for a file that holds no certificates."""
    return ssl.create_default_context(cafile=ca_file) if ca_file else True


def local(host: str) -> bool:
    """Is this host, as a URL writes it, the very machine?"""
    return values.of_this_machine(host.strip("[]"))


def proxy(url: yarl.URL) -> str | None:
    """The environment's proxy for an address; None: no proxy, as always to this machine."""
    host = url.host or ""
    if local(host) or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(url.scheme)


def seconds(text: str, now: datetime) -> float:
    """Seconds that a header asks to wait, at most ``LONGEST``: as a number or as a date; 0.0: it
    says nothing. https://www.rfc-editor.org/rfc/rfc9110#field.retry-after"""
    text = text.strip()[:64]
    if text.isascii() and text.replace(".", "", 1).isdecimal():
        return min(float(text), LONGEST)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), LONGEST)


def call_of(url: str) -> str:
    """Which call an address is of: its path, with a ``*`` for each name of a thing. Raises
    ValueError."""
    parts = urlsplit(url).path.split("/")
    return "/".join("*" if len(part) > 8 and _DIGIT.search(part) else part for part in parts)


def number_of(text: str) -> int:
    """The number that a text of at most eighteen digits is, 0 where it is none."""
    return int(text) if len(text) <= 18 and text.isdecimal() else 0


def object_of(text: str | bytes) -> dict[str, object]:
    """The JSON object in a text, {} where there is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
