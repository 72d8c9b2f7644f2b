"""Where a message may go: a URI that somebody typed → a target, or a sentence that says why not.

Nothing of a URI appears in a sentence but its host: the rest is a secret that sends messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from adapters.webhook.settings import Kind, Robot, Settings
from bot import source

LONGEST = 2048

_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?#@!$&'()*+,;=%\[\]-]*")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\]")
_TOKEN = r"([A-Za-z0-9_-]{1,128})"
_SHAPES: Mapping[Kind, tuple[re.Pattern[str], re.Pattern[str]]] = {
    "dingtalk": (re.compile("/robot/send"), re.compile(f"access_token={_TOKEN}")),
    "lark": (re.compile(f"/open-apis/bot/v2/hook/{_TOKEN}"), re.compile("")),
}
"""Path and query of a robot's webhook; one of them holds its token."""
_PLATFORM_HOSTS: Mapping[str, Kind] = {
    "oapi.dingtalk.com": "dingtalk",
    "open.feishu.cn": "lark",
    "open.larksuite.com": "lark",
}
_NOT_A_ROBOT: Mapping[Kind, str] = {
    "dingtalk": "this is not the webhook of a DingTalk robot: that ends in "
    "/robot/send?access_token=… and nothing more, for the bot itself adds the signature",
    "lark": "this is not the webhook of a Lark robot: that ends in /open-apis/bot/v2/hook/… and "
    "nothing more, for the bot itself adds the signature",
}
_PORTS = {"https": 443, "http": 80}


class BadAddress(source.Invalid):
    """This address cannot be used. The message is a sentence for people; ``code`` names it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Where to send. ``url`` also tells one robot from another. ``shown`` is what people may see
    of it; ``token`` is the part of the URL that nobody may."""

    kind: Kind
    url: str = field(repr=False)
    shown: str
    secret: str = field(default="", repr=False)
    keywords: tuple[str, ...] = ()
    token: str = field(default="", repr=False)


class Book:
    """The robots and hosts that the configuration allows. BadAddress: a setting that cannot
    be meant."""

    def __init__(self, settings: Settings) -> None:
        self._origins = {_origin_allowed(entry) for entry in settings.hosts}
        self._robots: dict[str, Target] = {}
        for robot in settings.robot:
            if robot.name in self._robots:
                raise BadAddress("robot", f"[webhook] robots: two are called {robot.name!r}")
            self._robots[robot.name] = _configured(robot)
        self._known = {target.url: target for target in self._robots.values()}

    def target(self, uri: str) -> Target:
        """The target of a URI or of ``robot:NAME``. Raises BadAddress."""
        uri = uri.strip()
        if not uri:
            raise BadAddress("uri", "the message has no address: its WebHook needs a URI")
        if uri[:6].lower() == "robot:":
            return self._named(uri[6:].strip())
        parts, origin = _split(uri)
        if origin not in self._origins:
            raise self._elsewhere(origin)
        typed = _target(parts, origin)
        return self._known.get(typed.url, typed)

    def _named(self, name: str) -> Target:
        if name in self._robots:
            return self._robots[name]
        known = ", ".join(sorted(self._robots)) or "none"
        raise BadAddress(
            "robot", f"there is no robot {name[:40]!r} in [webhook] robots; there are: {known}"
        )

    def _elsewhere(self, origin: str) -> BadAddress:
        if origin.replace("http:", "https:") in self._origins:
            return BadAddress("scheme", f"{_shown(origin)} takes messages by https:// only")
        allowed = ", ".join(sorted(map(_shown, self._origins))) or "none"
        return BadAddress(
            "host",
            f"messages to {_shown(origin)} are not allowed, only to {allowed}: whoever runs the "
            "bot can add it to hosts in [webhook]",
        )


def _split(uri: str) -> tuple[SplitResult, str]:
    """The parts of an absolute http(s) URL, and its origin with the port only where it is not the
    usual one. Raises BadAddress."""
    if len(uri) > LONGEST:
        raise BadAddress("uri", f"the address is longer than {LONGEST} characters")
    if not _CHARACTERS.fullmatch(uri):
        raise BadAddress("uri", "the address holds a character that no URL may hold")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise BadAddress(
            "uri", "the address is not a URL: its host or port cannot be read"
        ) from None
    if parts.scheme not in _PORTS or not uri[len(parts.scheme) :].startswith("://"):
        raise BadAddress("scheme", "the address must begin with https://, or be robot:NAME")
    if "@" in parts.netloc:
        raise BadAddress("uri", "the address must not hold a user name or a password")
    if "#" in uri:
        raise BadAddress("uri", "the address must not hold a #")
    host = parts.netloc.lower()
    if port is not None:
        host = host[: host.rindex(":")]
    if not _HOST.fullmatch(host):
        raise BadAddress("uri", "the address is not a URL: its host or port cannot be read")
    usual = port in (None, _PORTS[parts.scheme])
    return parts, f"{parts.scheme}://{host}" + ("" if usual else f":{port}")


def _origin_allowed(entry: str) -> str:
    """The origin that an entry of ``hosts`` allows. Raises BadAddress."""
    text = entry.strip()
    try:
        parts, origin = _split(text if "://" in text else f"https://{text}")
    except BadAddress as error:
        raise BadAddress("host", f"[webhook] hosts, {entry[:80]!r}: {error}") from None
    if parts.path not in ("", "/") or parts.query:
        raise BadAddress(
            "host", f"[webhook] hosts, {entry[:80]!r}: only a host or an origin goes here"
        )
    return origin


def _target(parts: SplitResult, origin: str) -> Target:
    """The target of a URL: on a platform's own host only the address of a robot is one, elsewhere
    whatever is no robot's is plain. Raises BadAddress."""
    url, shown = origin + _path(parts), _shown(origin)
    must = _PLATFORM_HOSTS.get(shown)
    for kind, (path, _) in _SHAPES.items():
        if must == kind or (must is None and path.fullmatch(parts.path)):
            token = _token(kind, parts)
            if not token:
                raise BadAddress("uri", f"{shown}: {_NOT_A_ROBOT[kind]}")
            return Target(kind, url, shown, token=token)
    return Target("plain", url, shown, token=parts.query)


def _configured(robot: Robot) -> Target:
    """A robot's target. One whose kind is given may have another path, as behind a gateway."""
    try:
        parts, origin = _split(robot.url)
        if robot.platform:
            url = origin + _path(parts)
            token = _token(robot.platform, parts) or parts.query or parts.path.rpartition("/")[2]
            target = Target(robot.platform, url, robot.name, token=token)
        else:
            target = _target(parts, origin)
    except BadAddress as error:
        raise BadAddress(error.code, f"[webhook] robots, {robot.name!r}: {error}") from None
    return Target(
        target.kind, target.url, robot.name, robot.secret, tuple(robot.keywords), target.token
    )


def _token(kind: Kind, parts: SplitResult) -> str:
    """The token of a robot's webhook; "": this is none."""
    if kind not in _SHAPES:
        return ""
    path, query = _SHAPES[kind]
    matches = (path.fullmatch(parts.path), query.fullmatch(parts.query))
    return next((one[1] for one in matches if one and one.groups()), "") if all(matches) else ""


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _shown(origin: str) -> str:
    return origin.partition("://")[2]
