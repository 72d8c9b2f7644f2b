"""The ways out: what the bot connects to, by which certificates, and whether clocks agree."""

from __future__ import annotations

import asyncio
import ipaddress
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from statistics import median_low
from urllib.parse import urlsplit

from bot.doctor import lines, probe
from bot.model import checks, ports

SKEW = timedelta(seconds=30)
"""So far a clock may be off. Signatures are refused after minutes, but a clock that is off by this
much is not being set by anybody."""
SOON = timedelta(days=14)


class Network:
    """The checks of these addresses. Each is looked at once, within ``seconds``."""

    def __init__(
        self, addresses: Sequence[checks.Address], clock: ports.Wall, seconds: float
    ) -> None:
        self._addresses = merged(addresses)
        self._clock = clock
        self._seconds = seconds
        self._looks: dict[checks.Address, asyncio.Task[probe.Result]] = {}

    def all(self) -> tuple[checks.Check, ...]:
        return (
            checks.Check("clock", self._time),
            checks.Check("proxy", self._proxies),
            *(checks.Check(f"address.{name_of(one)}", self._way(one)) for one in self._addresses),
        )

    def _look(self, address: checks.Address) -> asyncio.Task[probe.Result]:
        """The one look at an address; the clock's check and its own wait for the same."""
        if address not in self._looks:
            look = probe.Look(address, self._clock, self._seconds)
            self._looks[address] = asyncio.ensure_future(look.result())
        return self._looks[address]

    def _way(self, address: checks.Address) -> checks.Run:
        async def run() -> Sequence[checks.Finding]:
            return findings(await self._look(address), self._clock)

        return run

    async def _time(self) -> Sequence[checks.Finding]:
        results = await asyncio.gather(*map(self._look, self._addresses))
        return (clock([one.skew for one in results if one.skew is not None]),)

    async def _proxies(self) -> Sequence[checks.Finding]:
        used = [name_of(one) for one in self._addresses if probe.proxy_of(one)]
        direct = [name_of(one) for one in self._addresses if not probe.proxy_of(one)]
        return (proxies(used, direct),)


def merged(addresses: Sequence[checks.Address]) -> tuple[checks.Address, ...]:
    """Each address once, though several adapters connect there."""
    ways: dict[tuple[str, str, bool], checks.Address] = {}
    for one in addresses:
        way = (one.url, one.ca_file, one.proxied)
        known = ways.get(way, one)
        public, needed = one.public or known.public, one.needed or known.needed
        ways[way] = replace(one, public=public, needed=needed)
    return tuple(ways.values())


def name_of(address: checks.Address) -> str:
    """How an address is named in a finding: its host, with the port where that is not the usual."""
    return urlsplit(address.url).netloc


def clock(skews: Sequence[timedelta]) -> checks.Finding:
    """Is this machine's clock right? Most of the others decide."""
    if not skews:
        return lines.unsure("clock", "doctor.clock.unknown")
    skew = median_low(skews)
    if abs(skew) <= SKEW:
        return lines.ok("clock", "doctor.clock.ok", count=len(skews))
    key = "doctor.clock.ahead" if skew > timedelta() else "doctor.clock.behind"
    return lines.problem("clock", key, span=abs(skew))


def proxies(used: Sequence[str], direct: Sequence[str]) -> checks.Finding:
    """Which calls go through the environment's proxy, and which don't although there is one."""
    known = urllib.request.getproxies()
    setting = known.get("https") or known.get("http") or ""
    if not setting:
        return lines.ok("proxy", "doctor.proxy.none")
    host = urlsplit(setting if "://" in setting else f"http://{setting}").netloc.rpartition("@")[2]
    key = "doctor.proxy.used" if used else "doctor.proxy.unused"
    return lines.ok("proxy", key, proxy=host, used=list(used), direct=list(direct))


def here(hosts: Sequence[str]) -> bool:
    """Are these addresses of IP all of this machine?"""
    return bool(hosts) and all(ipaddress.ip_address(host).is_loopback for host in hosts)


def findings(result: probe.Result, clock_: ports.Wall) -> list[checks.Finding]:
    """What one address has right or wrong."""
    address = result.address
    parts = urlsplit(address.url)
    facts: dict[str, object] = {"host": name_of(address), "reason": result.reason}
    facts |= {"proxy": result.proxy, "hosts": list(result.hosts), "name": parts.hostname or ""}
    id_ = f"address.{name_of(address)}"
    if result.failed == "certificate" and address.ca_file:
        return [lines.problem(id_, "doctor.address.private", ca_file=address.ca_file, **facts)]
    if result.failed:
        say = lines.problem if address.needed else lines.unsure
        key = "here" if result.failed == "connect" and here(result.hosts) else result.failed
        return [say(id_, f"doctor.address.{key}", **facts)]
    if address.public and parts.scheme == "https" and result.inside:
        return [lines.problem(id_, "doctor.address.inside", **facts)]
    if result.expires is None:
        return [lines.ok(id_, "doctor.address.plain", **facts)]
    span = result.expires - clock_.now()
    if span < SOON:
        return [lines.problem(id_, "doctor.address.soon", span=span, **facts)]
    return [lines.ok(id_, "doctor.address.ok", span=span, **facts)]
