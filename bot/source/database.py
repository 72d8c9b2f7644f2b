"""The address of a PostgreSQL database: ``postgresql://user:password@host:port/database?option=…``,
as libpq reads it. Several hosts stand with commas between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from bot import source

SCHEMES = ("postgresql", "postgres")
FORM = "postgresql://user@host:port/database"
SECRETS = ("password", "sslpassword", "oauth_client_secret")
"""The options that hold a secret."""
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._%-]*)(:[0-9]{0,5})?")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a database is. ``hosts``: names, addresses without brackets and folders of sockets;
    none, where libpq's own default holds. ``secret``: it holds a password."""

    hosts: tuple[str, ...]
    name: str
    options: dict[str, str]
    secret: bool


def read(url: str) -> Address:
    """The parts of an address. Raises source.Invalid with a sentence that shows nothing of it."""
    parts = _split(url)
    user, _, place = parts.netloc.rpartition("@")
    hosts = place.split(",")
    if not all(_HOST.fullmatch(host) for host in hosts):
        raise _unusable()
    options = _options(parts)
    names = [unquote(re.sub(r":[0-9]*$", "", host)).strip("[]") for host in hosts]
    if "host" in options or "hostaddr" in options:
        names = (options.get("hostaddr") or options["host"]).split(",")
    return Address(
        tuple(name for name in names if name),
        unquote(parts.path.removeprefix("/")) or options.get("dbname", ""),
        options,
        ":" in user or any(key in options for key in SECRETS),
    )


def shown(url: str) -> str:
    """An address as it may be shown: without a password, wherever in it that stands."""
    try:
        parts = _split(url)
    except source.Invalid:
        return "postgresql://…"
    user, at, place = parts.netloc.rpartition("@")
    options = {key: value for key, value in _options(parts).items() if key not in SECRETS}
    netloc, query = f"{user.partition(':')[0]}{at}{place}", urlencode(options, safe="/:,")
    return parts._replace(netloc=netloc, query=query).geturl()


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise _unusable() from None
    if parts.scheme not in SCHEMES or not url.startswith(f"{parts.scheme}://"):
        raise source.Invalid(f"must be the address of a PostgreSQL database: {FORM}")
    if parts.fragment or "#" in url or not url.isprintable() or " " in url:
        raise _unusable()
    return parts


def _options(parts: SplitResult) -> dict[str, str]:
    return dict(parse_qsl(parts.query, keep_blank_values=True))


def _unusable() -> source.Invalid:
    return source.Invalid(
        f"is not a usable address; write it as {FORM}, and in a user or password %40 for @, %3A "
        "for :, %2F for /, %3F for ?, %23 for # and %25 for %"
    )
