"""Sockets that reach nothing but this machine: a test that calls the world outside fails."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import Any

NAMES = frozenset({"", "localhost", socket.gethostname()})


class Outside(RuntimeError):
    """A test wanted to leave the machine. No OSError: those are handled where calls are made."""


def _check(host: object) -> None:
    """Raises Outside unless this is the machine itself."""
    if host is None or host in NAMES or host in {name.encode() for name in NAMES}:
        return
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        near = ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        near = False
    if not near:
        raise Outside(f"a test wanted to reach {text}: give it a stand-in on 127.0.0.1")


def close_all_else() -> None:
    """From now on this process connects to no other machine, and looks up no name."""
    os.environ["ALIBABA_CLOUD_ECS_METADATA_DISABLED"] = "true"  # the SDK would ask 100.100.100.200
    for name in ("connect", "connect_ex"):
        _guard(name)
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if str(host).endswith(".invalid"):  # RFC 2606: names that nobody has; nobody is asked
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not _is_address(host):
            _check(host)
        return resolve(host, *args, **options)

    socket.getaddrinfo = getaddrinfo


def _is_address(host: object) -> bool:
    """Is it an address already, so that nobody is asked?"""
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _guard(name: str) -> None:
    call = getattr(socket.socket, name)

    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check(address[0])
        return call(self, address)

    setattr(socket.socket, name, guarded)
