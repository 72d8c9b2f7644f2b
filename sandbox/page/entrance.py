"""Who may come in: the browser of the person who started the playground, and no other page in it.

The page's control runs shell on the machine of whoever tries the bot out. So it is served on
loopback only; the printed address holds a key, which the first page trades for a cookie; everything
else wants that cookie, a Host of its own, and for what changes something its own Origin and JSON.
"""

from __future__ import annotations

import hmac
import logging
import secrets

from aiohttp import web
from aiohttp.typedefs import Middleware

from sandbox.door import Handler

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
log = logging.getLogger(__name__)
NAMES = ("127.0.0.1", "localhost")


class Closed(Exception):
    """Somebody is not let in; ``status`` of HTTP, and why in both languages."""

    def __init__(self, status: int, chinese: str, english: str) -> None:
        super().__init__(english)
        self.status, self.said = status, {"zh-CN": chinese, "en": english}


class Entrance:
    """``port`` is set once it is known."""

    def __init__(self) -> None:
        self.port = 0
        self.key = secrets.token_urlsafe(32)
        self._cookie = secrets.token_urlsafe(32)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/?key={self.key}"

    @property
    def cookie_name(self) -> str:
        return f"countersign-{self.port}"

    def admit(self, request: web.Request) -> None:
        """Raises Closed for a request that is not from the page itself."""
        self._check_place(request)
        if request.method not in ("GET", "HEAD", "POST"):
            raise Closed(405, "不支持这种请求方法。", "This method is not served.")
        if not _same(request.cookies.get(self.cookie_name, ""), self._cookie):
            raise Closed(
                401,
                "请打开 make demo 打印的地址（其中带有密钥）。",
                "Open the address that make demo has printed: it holds the key.",
            )
        if request.method == "POST":
            self._check_post(request)

    def _check_place(self, request: web.Request) -> None:
        host = request.headers.get("Host", "")
        if host not in {f"{name}:{self.port}" for name in NAMES}:
            raise Closed(403, "主机名不是本页面的。", "This Host is not the page's own.")
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        entering = request.path == "/" and origin is None
        foreign = origin is not None and origin != f"http://{host}"
        if foreign or (site not in ("same-origin", "none") and not entering):
            raise Closed(
                403, "其他网页不能访问本页面。", "Pages of another origin may not talk to this one."
            )

    def _check_post(self, request: web.Request) -> None:
        if request.headers.get("Origin") is None:
            raise Closed(
                403, "请求没有说明来自哪个网页（Origin）。", "The request names no Origin."
            )
        if request.content_type != "application/json":
            raise Closed(415, "只接受 JSON（application/json）。", "Send application/json.")

    def enter(self, request: web.Request) -> web.StreamResponse | None:
        """The answer to somebody who brings the key: a cookie, and the way to the page. None: no
        key was brought. Raises Closed for another one."""
        self._check_place(request)
        keys = request.query.getall("key", [])
        if not keys:
            return None
        if len(keys) > 1 or not _same(keys[0], self.key):
            raise Closed(
                403,
                "密钥不对：请打开 make demo 这一次打印的地址。",
                "This is not the key: open the address that make demo printed this time.",
            )
        answer: web.Response = web.Response(status=303, headers={"Location": "/"})
        if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
            # A strict cookie does not go along on a way that began at another site.
            answer = web.Response(
                text="", content_type="text/html", headers={"Refresh": "0; url=/"}
            )
        answer.set_cookie(
            self.cookie_name, self._cookie, path="/", httponly=True, samesite="Strict"
        )
        return answer


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


async def dressed(_: web.Request, answer: web.StreamResponse) -> None:
    """Every answer leaves with these headers, also one that says what is wrong."""
    answer.headers.update(HEADERS)


def middleware(entrance: Entrance) -> Middleware:
    """Lets in whom the entrance admits; ``/`` looks at keys itself."""

    @web.middleware
    async def admitted(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if request.path != "/":
                entrance.admit(request)
            return await handler(request)
        except Closed as closed:
            if request.path == "/":  # a person reads it
                return web.Response(text="\n\n".join(closed.said.values()), status=closed.status)
            return web.json_response({"error": closed.said}, status=closed.status)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            said = {"zh-CN": f"出错了：{error.reason}", "en": f"{error.reason}."}
            return web.json_response({"error": said}, status=error.status)
        except Exception:
            log.exception("the page could not answer %s %s", request.method, request.path)
            said = {
                "zh-CN": "页面程序出错了，终端里有原因。",
                "en": "An error: the terminal says why.",
            }
            return web.json_response({"error": said}, status=500)

    return admitted
