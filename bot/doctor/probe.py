"""One look at an address: its name, the way there, its certificate, and the time that it tells."""

from __future__ import annotations

import asyncio
import email.utils
import ipaddress
import os
import re
import socket
import ssl
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from bot.model import checks, ports
from bot.source import values

Stage = Literal["", "name", "proxy", "connect", "certificate", "answer"]
MOST = 16 << 10
STAND_INS = ipaddress.ip_network("198.18.0.0/15")
"""Addresses by which transparent proxies stand in for others."""
_DATE = re.compile(rb"\r\ndate:[ \t]*([^\r\n]{1,64})\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it. ``failed`` is the stage that did, with a ``reason``; "": none. ``hosts``:
    the IP addresses of the name, none where a proxy looks it up. ``expires``: the certificate's
    end. ``skew``: by how much this machine's clock is ahead of the other side's."""

    address: checks.Address
    failed: Stage = ""
    reason: str = ""
    hosts: tuple[str, ...] = ()
    proxy: str = ""
    expires: datetime | None = None
    skew: timedelta | None = None

    @property
    def inside(self) -> bool:
        """Is it in a network of one's own, or this very machine?"""
        hosts = map(ipaddress.ip_address, self.hosts)
        return any(not host.is_global and host not in STAND_INS for host in hosts)


def proxy_of(address: checks.Address) -> str:
    """The environment's proxy for an address; "": none, or calls there don't use it."""
    parts = urlsplit(address.url)
    host = parts.hostname or ""
    if not address.proxied or values.of_this_machine(host) or urllib.request.proxy_bypass(host):
        return ""
    return urllib.request.getproxies().get(parts.scheme, "")


class Look:
    """A look that goes on while its time lasts, and knows how far it came."""

    def __init__(self, address: checks.Address, clock: ports.Wall, seconds: float) -> None:
        self._address = address
        self._clock = clock
        self._seconds = seconds
        self._parts = urlsplit(address.url)
        self._proxy = proxy_of(address)
        self._stage: Stage = "name"
        self._hosts: tuple[str, ...] = ()
        self._expires: datetime | None = None

    async def result(self) -> Result:
        """What is seen of the address. Raises nothing for what the network does."""
        failed: Stage = ""
        reason, skew = "", None
        try:
            async with asyncio.timeout(self._seconds):
                skew = await self._answer()
        except ssl.SSLCertVerificationError as error:
            failed, reason = "certificate", error.verify_message or error.reason
        except ssl.SSLError as error:  # there is no TLS, or none that both know
            failed, reason = "answer", error.reason or type(error).__name__
        except TimeoutError:
            failed, reason = self._stage, f"{self._seconds:g} s"
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            failed, reason = self._stage, why(error)
        return Result(
            self._address,
            failed,
            reason,
            self._hosts,
            urlsplit(self._proxy).netloc.rpartition("@")[2],
            self._expires,
            skew,
        )

    async def _answer(self) -> timedelta | None:
        """How much ahead this machine's clock is; None: the other side tells no time."""
        reader, writer = await self._connected()
        try:
            if self._parts.scheme == "https":
                self._stage = "certificate"
                trusted = ssl.create_default_context(cafile=self._address.ca_file or None)
                self._stage = "answer"
                await writer.start_tls(trusted, server_hostname=self._parts.hostname)
                self._expires = _end(writer)
            self._stage = "answer"
            before = self._clock.now()
            head = f"HEAD / HTTP/1.1\r\nHost: {self._parts.netloc}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            return _skew(answer, before, self._clock.now())
        finally:
            writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = _host_and_port(self._parts)
        if not self._proxy:
            loop = asyncio.get_running_loop()
            known = await loop.getaddrinfo(host, port, type=1)
            self._hosts = tuple(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in known))
            self._stage = "connect"
            return await asyncio.open_connection(host, port, limit=MOST)
        self._stage = "proxy"
        between = urlsplit(self._proxy if "://" in self._proxy else f"http://{self._proxy}")
        reader, writer = await asyncio.open_connection(*_host_and_port(between), limit=MOST)
        if self._parts.scheme == "https":
            writer.write(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            if answer.split(b" ", 2)[1:2] != [b"200"]:
                writer.close()
                raise ConnectionRefusedError(0, answer.split(b"\r\n")[0].decode("ascii", "replace"))
        return reader, writer


def why(error: Exception) -> str:
    """What went wrong, in the system's words where it has some."""
    number = error.errno if isinstance(error, OSError) else None
    if number is not None and number > 0 and not isinstance(error, socket.gaierror):
        return os.strerror(number)
    return getattr(error, "strerror", "") or type(error).__name__


def _host_and_port(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _end(writer: asyncio.StreamWriter) -> datetime | None:
    certificate = writer.get_extra_info("peercert") or {}
    end = certificate.get("notAfter")
    seconds = ssl.cert_time_to_seconds(end) if isinstance(end, str) else None
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None


def _skew(answer: bytes, before: datetime, after: datetime) -> timedelta | None:
    """By how much this clock is ahead of the one that an answer tells, to a second; within the time
    that the call took, and the second that a date is exact to, it is not."""
    match = _DATE.search(answer)
    if match is None:
        return None
    try:
        date = email.utils.parsedate_to_datetime(match[1].decode("ascii"))
    except (ValueError, TypeError):
        return None
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    if before > date + timedelta(seconds=1):
        return before - date - timedelta(seconds=1)
    return min(after - date, timedelta())
