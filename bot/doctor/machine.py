"""The machine that the bot runs on: its store and disk, its time zone, and the bot's listeners."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import socket
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from bot import config, store
from bot.doctor import lines
from bot.model import checks

ROOM = 512 << 20
"""Bytes that must be free: the store grows, and a copy of it takes as much again."""
INODES = 1000
NETWORK = frozenset(("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "fuse.s3fs"))
"""File systems on which the locks of SQLite's log do not hold."""


def of(
    settings: config.Config, now: datetime, seconds: float, listens: Sequence[str]
) -> tuple[checks.Check, ...]:
    """The checks of the machine for a configuration. ``seconds``: for looking through the store;
    ``listens``: the addresses that adapters listen on."""

    async def keep() -> Sequence[checks.Finding]:
        return await asyncio.to_thread(stored, settings, seconds)

    async def room() -> Sequence[checks.Finding]:
        return await asyncio.to_thread(disk, settings.data)

    async def zone() -> Sequence[checks.Finding]:
        return (timezone(settings, now),)

    async def listeners() -> Sequence[checks.Finding]:
        return await asyncio.to_thread(listening, settings, listens)

    return (
        checks.Check("store", keep),
        checks.Check("disk", room),
        checks.Check("timezone", zone),
        checks.Check("listener", listeners),
    )


def stored(settings: config.Config, seconds: float) -> list[checks.Finding]:
    """Is the store whole, known to this release, and the newest one?"""
    path = settings.database
    findings = [writable(settings.data)]
    if settings.bot.store is not None:
        return findings
    try:
        health = store.health(path, settings.mark, seconds)
    except FileNotFoundError:
        return [*findings, lines.ok("store", "doctor.store.none", path=path)]
    except store.Unusable as error:
        return [*findings, lines.problem("store", "doctor.store.unreadable", reason=str(error))]
    if health.refusal:
        findings.append(lines.problem("store", "doctor.store.newer", reason=health.refusal))
    elif health.damage:
        damage = health.damage
        findings.append(lines.problem("store", "doctor.store.damaged", reason=damage, path=path))
    elif health.partial:
        size = megabytes(health.size)
        findings.append(lines.unsure("store", "doctor.store.large", path=path, size=size))
    elif health.upgrades:
        count = health.upgrades
        findings.append(lines.ok("store", "doctor.store.upgrades", path=path, count=count))
    else:
        key = "doctor.store.used" if health.used else "doctor.store.ok"
        facts = {"path": path, "requests": health.requests, "size": megabytes(health.size)}
        findings.append(lines.ok("store", key, **facts))
    if health.older:
        findings.append(lines.problem("mark", "doctor.mark.older", path=path))
    elif health.unmarked:
        findings.append(lines.unsure("mark", "doctor.mark.none", path=path))
    return findings


def writable(folder: Path) -> checks.Finding:
    """Can runtime data be written? Where there is no folder yet, can it be made?"""
    place = existing(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return lines.problem("data", "doctor.data.closed", folder=place, reason=reason)
    kind = filesystem(place)
    if kind in NETWORK:
        return lines.problem("data", "doctor.data.remote", folder=place, kind=kind)
    return lines.ok("data", "doctor.data.ok", folder=folder)


def existing(folder: Path) -> Path:
    """The folder, or the nearest thing above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists() or one == one.parent)


def filesystem(folder: Path) -> str:
    """The kind of file system that a folder is on; "" where that can't be told."""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    parts = [line.split() for line in mounts]
    here = str(folder.resolve())
    fitting = [
        (len(point), kind)
        for _, point, kind, *_ in (part for part in parts if len(part) >= 3)
        if point == "/" or here == point or here.startswith(point + "/")
    ]
    return max(fitting, default=(0, ""))[1]


def disk(folder: Path) -> list[checks.Finding]:
    """Is there room for the store to grow, and for a copy of it?"""
    place = existing(folder)
    free = shutil.disk_usage(place).free
    inodes = os.statvfs(place)
    facts = {"folder": place, "free": megabytes(free), "least": megabytes(ROOM)}
    if free < ROOM:
        return [lines.problem("disk", "doctor.disk.full", **facts)]
    if inodes.f_files and inodes.f_favail < INODES:
        return [lines.problem("disk", "doctor.disk.inodes", **facts)]
    return [lines.ok("disk", "doctor.disk.ok", **facts)]


def megabytes(size: int) -> str:
    """A size as people read it: 1.2 GB, 350 MB."""
    for unit, bytes_ in (("GB", 1 << 30), ("MB", 1 << 20)):
        if size >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size / 1024:.0f} KB"


def timezone(settings: config.Config, now: datetime) -> checks.Finding:
    """What people will read on the bot's clock, and whether the machine's log says another time."""
    theirs, ours = now.astimezone(settings.zone), now.astimezone()
    facts = {"zone": settings.bot.timezone, "time": f"{theirs:%H:%M}", "local": f"{ours:%H:%M}"}
    same = theirs.utcoffset() == ours.utcoffset()
    key = "doctor.timezone.ok" if same else "doctor.timezone.differs"
    return lines.ok("timezone", key, **facts)


def listening(settings: config.Config, listens: Sequence[str]) -> list[checks.Finding]:
    """Are the bot's ports free, or the running bot's own?"""
    addresses = (*listens, settings.web.operate)
    return [port(address, settings) for address in addresses if address]


def port(address: str, settings: config.Config) -> checks.Finding:
    host, _, number = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    facts = {"address": address}
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, int(number)))
    except OSError as error:
        busy = error.errno == errno.EADDRINUSE
        if busy and settings.bot.store is None and store.in_use(settings.database):
            return lines.ok("listener", "doctor.port.used", **facts)
        facts |= {"reason": error.strerror or type(error).__name__, "port": number}
        if busy and settings.bot.store is not None:
            return lines.unsure("listener", "doctor.port.shared", **facts)
        key = "doctor.port.taken" if busy else "doctor.port.closed"
        return lines.problem("listener", key, **facts)
    return lines.ok("listener", "doctor.port.free", **facts)
