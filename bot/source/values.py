"""The kinds of value that stand in a table of ``bot.toml``, each with the sentence said when one
is malformed.

Sentences say what to write and never repeat what was written: it might be a misplaced secret.
"""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, StringConstraints
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from bot.source import hours
from bot.source.secret import Secret

_SPAN = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")

_SIZE = re.compile(r"([0-9]{1,6}) ?([KMG])B")

_LONGEST = timedelta(days=365)
LEAST_DAYS = 30
"""For so long the store needs what it recognises repetitions by."""


def of_this_machine(host: str) -> bool:
    """Is this a name or an address that no other machine reaches? IPv6 stands without brackets."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Shown:
    """How the reference names a kind of value that its type does not tell."""

    words: str


@dataclass(frozen=True, slots=True)
class InFile:
    """Marks what stands in the file as another ``kind`` than code has it."""

    kind: Any


REQUIRED = "required"
"""Marks what the file must say, although code has a default."""
ADDRESS = "address"
"""Marks where the bot connects to: without encryption only on this machine."""


CHATS, FORMS, CALLERS = "chats", "forms", "callers"


@dataclass(frozen=True, slots=True)
class Choice:
    """Marks a name that is chosen among what the adapters' manifests declare: the chat platforms,
    those with forms, and who calls outside."""

    of: str


def holds(info: FieldInfo, mark: str) -> bool:
    """Is the value of a key, or what is in it, marked so?"""
    kinds = [info.annotation]
    marks = list(info.metadata)
    while kinds:
        kind = kinds.pop()
        marks += getattr(kind, "__metadata__", ())
        kinds += [part for part in get_args(kind) if part is not kind]
    return mark in marks


def fault(message: str, **facts: object) -> PydanticCustomError:
    return PydanticCustomError("fault", message, facts)


def _printable(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise fault("must not begin or end with a space, nor hold control or invisible characters")
    return text


def _duration(text: object) -> timedelta:
    """ "90s", "30m", "2h", "1h30m" or "1d" as a timedelta."""
    if isinstance(text, timedelta):
        return text
    match = _SPAN.fullmatch(text) if isinstance(text, str) and text else None
    if match is None:
        raise fault('must be a duration in quotes, such as "90s", "30m", "2h" or "1d"')
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    span = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta(0) < span <= _LONGEST:
        raise fault("must be longer than 0s and at most 365d")
    return span


def _moment(value: object) -> date:
    """A date, or a date with a time, as TOML has them; the time zone stands in a key of its own."""
    if not isinstance(value, date) or getattr(value, "tzinfo", None) is not None:
        raise fault(
            "must be a date or a local time without quotes, such as 2026-12-24 or "
            "2026-12-24T18:00:00; the time zone stands in timezone"
        )
    return value


def _hours(text: object) -> hours.Hours:
    """ "Sat-Sun", "Fri 18:00-24:00" or "22:00-06:00"."""
    if isinstance(text, hours.Hours):
        return text
    try:
        return hours.parse(text if isinstance(text, str) else "")
    except ValueError:
        raise fault(
            'must be days, hours or both in quotes, such as "Sat-Sun", "Fri 18:00-24:00" or '
            '"22:00-06:00"'
        ) from None


def _turn(text: object) -> timedelta:
    """ "1d" or "2w", as a timedelta of whole days."""
    if isinstance(text, timedelta):
        return text
    match = re.fullmatch(r"([1-9][0-9]{0,2})([dw])", text) if isinstance(text, str) else None
    span = timedelta(days=int(match[1]) * (7 if match[2] == "w" else 1)) if match else _LONGEST
    if match is None or span > _LONGEST:
        raise fault('must be whole days or weeks in quotes, such as "1d" or "1w", at most "365d"')
    return span


def _time_of_day(value: object) -> time:
    """ "09:00", or a local time of TOML."""
    if isinstance(value, time):
        return value
    match = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", value) if isinstance(value, str) else None
    try:
        return time(int(match[1]), int(match[2])) if match is not None else time(-1)
    except ValueError:
        raise fault('must be a time of the day in quotes, such as "09:00"') from None


def _days(text: object) -> timedelta:
    """ "30d" or more, as a timedelta."""
    if isinstance(text, timedelta):
        return text
    match = re.fullmatch(r"([1-9][0-9]{0,4})d", text) if isinstance(text, str) else None
    if match is None or int(match[1]) < LEAST_DAYS:
        raise fault(f'must be a number of days in quotes, at least "{LEAST_DAYS}d"')
    return timedelta(days=int(match[1]))


def _size(text: object) -> int:
    """ "500KB", "64MB" or "2GB" as a number of bytes."""
    if type(text) is int:
        return text
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise fault('must be a size in quotes, such as "500KB", "64MB" or "2GB"')
    return int(match[1]) << {"K": 10, "M": 20, "G": 30}[match[2]]


def _origin(url: str) -> str:
    """An address without path, user or query: "https://host" or "http://host:port"."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise fault(
            "is not a usable address; write it as https://host or https://host:port"
        ) from None
    plain = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not plain or not url.isascii() or re.search(r"[\s\\]", url):
        raise fault("is not a usable address; write it as https://host or https://host:port")
    if parts.username is not None or parts.password is not None:
        raise fault("must not carry a user or password")
    if parts.path.strip("/") or parts.query or parts.fragment or "?" in url or "#" in url:
        raise fault("must be the address of the server alone, without a path or query")
    return f"{parts.scheme}://{parts.netloc}"


def _address(url: str) -> str:
    """A whole address: https:// or http://, with a host, and no user in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise fault("is not a usable address; write it as https://host/path") from None
    usable = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not usable or not url.isascii() or re.search(r"[\s\\]", url) or parts.fragment:
        raise fault("is not a usable address; write it as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise fault("must not carry a user or password")
    return url


def _listen(text: str) -> str:
    """ "127.0.0.1:17380": an address of this machine and a port; 0 is any free one."""
    host, colon, port = text.rpartition(":")
    try:
        ipaddress.ip_address(host.strip("[]") if host.startswith("[") else host)
    except ValueError:
        colon = colon if host == "localhost" else ""
    if not colon or not re.fullmatch("[0-9]{1,5}", port) or int(port) > 65535:
        raise fault('must be an IP address and a port, such as "127.0.0.1:17380"')
    return text


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise fault(
            'must be an IP address or a network, such as "192.0.2.7" or "10.0.0.0/8"'
        ) from None
    return text


def _url_path(path: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9._~/-]{0,199}", path):
        raise fault("must begin with / and be made of letters, digits and . _ ~ / - alone")
    return path


def bus_name(name: str) -> str:
    """What EventBridge calls a bus; "" is left to be filled in."""
    if name == "default":
        raise fault("must be a bus of your own: only Alibaba Cloud's services publish to default")
    if name and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,126}", name):
        raise fault("must be made of letters, digits and hyphens, at most 127")
    return name


def _account(number: str) -> str:
    if not re.fullmatch(r"([0-9]{5,32})?", number):
        raise fault("must be the number of the account, in quotes")
    return number


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, malformed, or the name of a folder
        raise fault('must be the name of a time zone, such as "Asia/Shanghai" or "UTC"') from None
    return name


def _web_host(host: str) -> str:
    """A host of webhooks: ``http://`` before it allows plain http there."""
    plain = host.startswith("http://")
    return ("http://" if plain else "") + _host(host.removeprefix("http://"))


def _host(host: str) -> str:
    if not re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?", host):
        raise fault("must be a host name, with :port if it is not the usual one")
    return host.lower()


def _absolute(folder: str) -> str:
    if folder and not (folder.startswith("/") or re.match(r"[A-Za-z]:[\\/]", folder)):
        raise fault("must be an absolute path on the instance, such as /root")
    return folder


def _glob(text: str) -> str:
    """``web-*``, ``web-?``, ``web-[0-9]``, ``web-[!0-9]``: as ``fnmatch`` reads them."""
    at = 0
    while (at := text.find("[", at)) >= 0:
        first = at + 1 + text.startswith("!", at + 1)
        end = text.find("]", first + 1)
        if end < 0:
            raise fault("has a [ without its ], so it is found in no name; [[] is the bracket")
        members = text[first:end]
        if members.startswith("^"):
            raise fault("has [^…], which is one of these here; write [!…] for none of these")
        if any(low > high for low, high in re.findall("(.)-(.)", members)):
            raise fault("has a range that ends before it begins, which nothing is in")
        at = end + 1
    return text


HERE = "bot.toml"
"""The source of a value that stands in the file itself."""


def _openly(text: object) -> object:
    """Text that need not be a secret, kept as one all the same, so that nothing prints it."""
    return Secret(HERE, "", text) if isinstance(text, str) and text else text


Open = Annotated[Secret, BeforeValidator(_openly), Shown("text or secret")]
OpenOrNone = Annotated[
    Secret | None,
    BeforeValidator(lambda text: None if text == "" else _openly(text)),
    Shown("text or secret"),
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(_printable)]
Texts = Annotated[tuple[Text, ...], Field(strict=False)]
SomeTexts = Annotated[tuple[Text, ...], Field(strict=False, min_length=1)]
Days = Annotated[timedelta, BeforeValidator(_days)]
Turn = Annotated[timedelta, BeforeValidator(_turn), Shown("days or weeks")]
TimeOfDay = Annotated[InstanceOf[time], BeforeValidator(_time_of_day), Shown("time of day")]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Moment = Annotated[InstanceOf[date], BeforeValidator(_moment), Shown("date, with or without time")]
Hours = Annotated[InstanceOf[hours.Hours], BeforeValidator(_hours), Shown("text")]
Size = Annotated[int, BeforeValidator(_size), Shown("size")]
Origin = Annotated[str, AfterValidator(_origin), ADDRESS]
Host = Annotated[str, AfterValidator(_host)]
WebHost = Annotated[str, AfterValidator(_web_host), ADDRESS]
WebHosts = Annotated[tuple[WebHost, ...], Field(strict=False, min_length=1)]
Zone = Annotated[str, AfterValidator(_zone)]
Folder = Annotated[Path, Field(strict=False)]
CaFile = Annotated[Path | None, Field(strict=False)]
PlaceOfFile = CaFile
"""A file that is made where there is none."""
Glob = Annotated[Text, AfterValidator(_glob)]
Globs = Annotated[tuple[Glob, ...], Field(strict=False, min_length=1)]
Region = Annotated[str, StringConstraints(max_length=64)]
Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]
Locale = Literal["zh-CN", "en"]
OriginOrNone = Annotated[str, AfterValidator(lambda url: _origin(url) if url else url), ADDRESS]
Absolute = Annotated[str, StringConstraints(max_length=200), AfterValidator(_absolute)]
Address = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_address)]
Listen = Annotated[str, AfterValidator(_listen)]
Network = Annotated[str, AfterValidator(_network)]
UrlPath = Annotated[str, AfterValidator(_url_path)]
BusName = Annotated[str, AfterValidator(bus_name)]
Account = Annotated[str, AfterValidator(_account)]
SecretText = Annotated[str, InFile(Secret)]
PemFile = Annotated[str, InFile(Annotated[Path, Field(strict=False)])]
HostOrNone = Annotated[str, InFile(Host)]
Organisations = Annotated[tuple[Text, ...], Field(strict=False, min_length=1), REQUIRED]
"""Those that the bot listens to."""
Name = Annotated[str, InFile(Text)]
OpenText = Annotated[str, InFile(Open)]
Platform = Annotated[str, Choice(CHATS)]
FormPlatform = Annotated[str, Choice(FORMS)]
Caller = Annotated[str, Choice(CALLERS)]
Kind = Literal["say", "card", "lookup", "run"]
