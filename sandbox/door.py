"""Who may talk to the sandbox: programs of this machine, never a page in its browser.

A page can send requests to loopback: as text/plain without asking, and from a name that it owns and
lets point to 127.0.0.1 as if it were at home. So every port wants its own name as the Host and no
foreign Origin; the control port, which moves the clock and lets the agents run real commands,
besides wants JSON and a token that only the process that started the sandbox was told.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

TOKEN = "X-Sandbox-Token"
NAMES = frozenset({"127.0.0.1", "localhost", "::1"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def own(address: str) -> bool:
    """Does "host:port" name this machine's loopback?"""
    try:
        return "@" not in address and urlsplit(f"//{address}").hostname in NAMES
    except ValueError:
        return False


def foreign(request: web.Request) -> str:
    """What is wrong with where a request comes from; "": nothing."""
    host = request.headers.get("Host", "")
    if not own(host):
        return "this Host is not the sandbox's"
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{host}":
        return "pages of another origin may not talk to the sandbox"
    return ""


@web.middleware
async def at_home(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let nothing in that a page of somebody else sent."""
    wrong = foreign(request)
    if wrong:
        return web.json_response({"error": wrong}, status=403)
    return await handler(request)


def locked(token: str) -> Middleware:
    """Let only JSON in that brings the token."""

    @web.middleware
    async def lock(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get(TOKEN, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, token.encode()):
            error = f"the header {TOKEN} must be what the sandbox printed at its start"
            return web.json_response({"error": error}, status=401)
        if request.content_type != "application/json":
            return web.json_response({"error": "send application/json"}, status=415)
        return await handler(request)

    return lock
