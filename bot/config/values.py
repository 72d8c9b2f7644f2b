"""The kinds of value that stand in ``bot.toml``, each with the sentence said when one is malformed.

Sentences say what to write and never repeat what was written: it might be a misplaced secret.
"""

from __future__ import annotations

import ipaddress
import math
import re
import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from bot import regexes, source
from bot.rules import reading

Platform = Literal["dingtalk", "lark"]
Caller = Literal[
    "dingtalk",
    "lark",
    "aliyun",
    "webhook",
    "webhook.dingtalk",
    "webhook.lark",
    "webhook.plain",
]
Kind = Literal["say", "card", "lookup", "run"]

_SPAN = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
CHECKOUT = Path(__file__).resolve().parents[2]
"""The checkout that runs; a default folder stands in it wherever the configuration is."""

_LONGEST = timedelta(days=365)
_DEEPEST = 70
"""How deep what becomes JSON may nest; patterns are refused a little earlier."""


@dataclass(frozen=True, slots=True)
class Shown:
    """How the reference names a kind of value that its type does not tell."""

    words: str


def _fault(message: str, **facts: Any) -> PydanticCustomError:
    return PydanticCustomError("fault", message, facts)


def _printable(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise _fault("must not begin or end with a space, nor hold control or invisible characters")
    return text


def _duration(given: Any) -> timedelta:
    """ "90s", "30m", "2h", "1h30m" or "1d" as a timedelta."""
    if isinstance(given, timedelta):
        return given
    match = _SPAN.fullmatch(given) if isinstance(given, str) and given else None
    if match is None:
        raise _fault('must be a duration in quotes, such as "90s", "30m", "2h" or "1d"')
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < span <= _LONGEST:
        raise _fault("must be longer than 0s and at most 365d")
    return span


def _origin(url: str) -> str:
    """An address without path, user or query: "https://host" or "http://host:port"."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _fault(
            "is not a usable address; write it as https://host or https://host:port"
        ) from None
    plain = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not plain or not url.isascii() or re.search(r"[\s\\]", url):
        raise _fault("is not a usable address; write it as https://host or https://host:port")
    if parts.username is not None or parts.password is not None:
        raise _fault("must not carry a user or password")
    if parts.path.strip("/") or parts.query or parts.fragment or "?" in url or "#" in url:
        raise _fault("must be the address of the server alone, without a path or query")
    return f"{parts.scheme}://{parts.netloc}"


def _address(url: str) -> str:
    """A whole address: https:// or http://, with a host, and no user in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _fault("is not a usable address; write it as https://host/path") from None
    usable = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not usable or not url.isascii() or re.search(r"[\s\\]", url) or parts.fragment:
        raise _fault("is not a usable address; write it as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise _fault("must not carry a user or password")
    return url


def _listen(text: str) -> str:
    """ "127.0.0.1:17380": an address of this machine and a port; 0 is any free one."""
    host, colon, port = text.rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]") if host.startswith("[") else host)
    except ValueError:
        colon = colon if host == "localhost" else ""
    if not colon or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        raise _fault('must be an IP address and a port, such as "127.0.0.1:17380"')
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise _fault(
            'must be an IP address or a network, such as "192.0.2.7" or "10.0.0.0/8"'
        ) from None
    return text


def _url_path(path: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]{0,199}", path):
        raise _fault("must begin with / and be made of letters, digits and . _ ~ / - alone")
    return path


def bus_name(name: str) -> str:
    """What EventBridge calls a bus; "" is left to be filled in."""
    if name == "default":
        raise _fault("must be a bus of your own: only Alibaba Cloud's services publish to default")
    if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,126}", name):
        raise _fault("must be made of letters, digits and hyphens, at most 127")
    return name


def _account(number: str) -> str:
    if not re.fullmatch(r"([0-9]{5,32})?", number):
        raise _fault("must be the number of the account, in quotes")
    return number


def _json(value: Any, depth: int = 0) -> Any:
    """What JSON can say too: TOML also has dates and infinite numbers."""
    if depth > _DEEPEST:
        raise _fault("is nested too deeply")
    if isinstance(value, Mapping):
        return {key: _json(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_json(inner, depth + 1) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise _fault("must be a finite number: JSON has no other")
    if value is not None and not isinstance(value, str | int | float):
        raise _fault("must be text in quotes: JSON has no dates and times")
    return value


def pattern(value: Any) -> Any:
    """A pattern as it may stand in the file."""
    if value is not None and not isinstance(value, str | dict):
        raise _fault('must be a table, {{ source = ["…"] }}, or JSON in quotes')
    return _json(value)


def json_table(value: Any) -> Any:
    """A table, which may be written as JSON in quotes, as it is pasted from elsewhere."""
    if not isinstance(value, str):
        return value
    try:
        found, _ = reading.read(value, "")
    except source.Invalid as error:
        fault = error.faults[0]
        where = f"line {fault.mark.line}, column {fault.mark.column}"
        raise _fault(
            "must be a table, or JSON of one in quotes: {where}: {reason}",
            where=where,
            reason=fault.message,
        ) from None
    if not isinstance(found, dict):
        raise _fault("must be a table, or JSON of one in quotes")
    return _json(found)


def _argument(value: Any) -> Any:
    if not isinstance(value, str | int | float):
        raise _fault("must be a path or text in quotes, a number, or true or false")
    return _json(value)


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, malformed, or the name of a folder
        raise _fault('must be the name of a time zone, such as "Asia/Shanghai" or "UTC"') from None
    return name


def _web_host(host: str) -> str:
    """A host of webhooks: ``http://`` before it allows plain http there."""
    plain = host.startswith("http://")
    return ("http://" if plain else "") + _host(host.removeprefix("http://"))


def _host(host: str) -> str:
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?", host):
        raise _fault("must be a host name, with :port if it is not the usual one")
    return host.lower()


def _absolute(folder: str) -> str:
    if folder and not (folder.startswith("/") or re.match(r"[A-Za-z]:[\\/]", folder)):
        raise _fault("must be an absolute path on the instance, such as /root")
    return folder


def _glob(text: str) -> str:
    """``web-*``, ``web-?``, ``web-[0-9]``, ``web-[!0-9]``: as ``fnmatch`` reads them."""
    at = 0
    while (at := text.find("[", at)) >= 0:
        first = at + 1 + text.startswith("!", at + 1)
        end = text.find("]", first + 1)
        if end < 0:
            raise _fault("has a [ without its ], so it is found in no name; [[] is the bracket")
        members = text[first:end]
        if members.startswith("^"):
            raise _fault("has [^…], which is one of these here; write [!…] for none of these")
        if any(low > high for low, high in re.findall("(.)-(.)", members)):
            raise _fault("has a range that ends before it begins, which nothing is in")
        at = end + 1
    return text


def _regex(pattern: str) -> str:
    if not pattern:
        raise _fault("must not be empty: an empty pattern is found everywhere")
    try:
        regexes.compiled(pattern)
    except regexes.Invalid as error:
        raise _fault(
            "is not a regular expression that Python understands: {reason}", reason=str(error)
        ) from None
    return pattern


Text = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_printable)]
Texts = Annotated[tuple[Text, ...], Field(strict=False)]
SomeTexts = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Origin = Annotated[str, AfterValidator(_origin)]
Host = Annotated[str, AfterValidator(_host)]
WebHost = Annotated[str, AfterValidator(_web_host)]
WebHosts = Annotated[tuple[WebHost, ...], Field(strict=False, min_length=1)]
Zone = Annotated[str, AfterValidator(_zone)]
Folder = Annotated[Path, Field(strict=False)]
CaFile = Annotated[Path | None, Field(strict=False)]
PlaceOfFile = CaFile
"""A file that is made where there is none."""
Regex = Annotated[str, AfterValidator(_regex)]
Glob = Annotated[Text, AfterValidator(_glob)]
Globs = Annotated[tuple[Glob, ...], Field(strict=False, min_length=1)]
Region = Annotated[str, StringConstraints(max_length=64)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Locale = Literal["zh-CN", "en"]
OriginOrNone = Annotated[str, AfterValidator(lambda url: _origin(url) if url else url)]
Absolute = Annotated[str, StringConstraints(max_length=200), AfterValidator(_absolute)]
Address = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_address)]
Listen = Annotated[str, AfterValidator(_listen)]
Network = Annotated[str, AfterValidator(_network)]
UrlPath = Annotated[str, AfterValidator(_url_path)]
Json = Annotated[Any, BeforeValidator(lambda value: _json(value)), Shown("text, number or table")]
Argument = Annotated[Any, BeforeValidator(_argument), Shown("text or number")]
BusName = Annotated[str, AfterValidator(bus_name)]
Account = Annotated[str, AfterValidator(_account)]
