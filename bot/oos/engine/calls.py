"""What a run asks the outside to do: each call is named, and carries a token made of its name.

The parameters are already evaluated. The same journal always gives the same calls, key by key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

_READS = re.compile(
    "([Dd]escribe|[Ll]ist|[Gg]et|[Qq]uery|[Ss]earch|[Cc]heck|[Ll]ookup|[Vv]alidate|[Pp]review)"
    "(?![a-z])"
)


def reads(api: str, uri: str = "", method: str = "") -> bool:
    """Does a call of this API change nothing, as its name says? Where there is a path, its method
    says it: what is written to a path is no reading, whatever it is called."""
    fetches = not uri or method.strip().upper() in ("", "GET", "HEAD")
    return fetches and _READS.match(api.strip()) is not None


@dataclass(frozen=True, slots=True)
class Api:
    """One call of an OpenAPI product. ``style``: ROA where the template gives a path. ``paging``:
    are all pages wanted? None: the template does not say."""

    service: str
    api: str
    parameters: Mapping[str, Any]
    region: str
    version: str = ""
    method: str = ""
    uri: str = ""
    headers: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    endpoint: str = ""
    risk: str = ""
    paging: bool | None = None

    @property
    def style(self) -> Literal["ROA", "RPC"]:
        return "ROA" if self.uri else "RPC"

    @property
    def reads(self) -> bool:
        """It changes nothing, as the name says: it may be made again whenever in doubt."""
        return reads(self.api, self.uri, self.method)


@dataclass(frozen=True, slots=True)
class Value:
    """What a message holds that its author did not write: of a parameter, an output, a function."""

    value: Any


@dataclass(frozen=True, slots=True)
class Notify:
    """A message to send: to a webhook (``uri``, ``headers``, ``content``), or as ``properties``
    say. ``append_link``: the run's link is added to it. ``shape`` is the content once more, with
    a ``Value`` wherever its author wrote an expression; a text with such in it is a tuple."""

    type: str
    uri: str = ""
    headers: Mapping[str, Any] = field(default_factory=dict)
    content: Any = None
    append_link: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    shape: Any = None


@dataclass(frozen=True, slots=True)
class Approve:
    """An approval to ask for. ``approvers`` empty: anyone whom the policy allows. ``shown``: what
    the voters should see (the first items of a canary)."""

    approvers: tuple[str, ...] = ()
    min_required: int = 1
    notice: Notify | None = None
    shown: Any = None


@dataclass(frozen=True, slots=True)
class SelectTargets:
    """Resources to find (``most`` of them); the answer has the shape of the type's Describe
    call."""

    resource_type: str
    filters: tuple[Any, ...]
    region: str
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A product action that no template of the library defines: the bot's own."""

    action: str
    properties: Mapping[str, Any]
    region: str


What = Api | Notify | Approve | SelectTargets | Product
Kind = Literal["api", "notify", "approve", "select_targets", "product"]
_KINDS: Mapping[type, Kind] = {
    Api: "api",
    Notify: "notify",
    Approve: "approve",
    SelectTargets: "select_targets",
    Product: "product",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``key``: task path, loop index, attempt ("tasks/inner[3]#0"); ``token``: the client
    token; ``retry``: how many times it was tried or polled before; ``cleanup``: a task makes it to
    which OnError led."""

    key: str
    token: str
    task: str
    retry: int
    what: What
    cleanup: bool = False

    @property
    def kind(self) -> Kind:
        return _KINDS[type(self.what)]

    @property
    def harmless(self) -> bool:
        """It only reads or asks for votes, or it cleans up after a failure: a run that is held
        makes it all the same."""
        reads = isinstance(self.what, Api) and self.what.reads
        return self.cleanup or reads or isinstance(self.what, SelectTargets | Approve)


@dataclass(frozen=True, slots=True)
class Lookup:
    """Find out what became of a call, by its token, its tag or the state it would have left; the
    answer is a ``Finished`` of the same key. Nothing may be changed."""

    key: str
    token: str
    call: Call


def plain(what: What) -> dict[str, Any]:
    """The call as JSON types: its fields by name and its "kind". A tuple becomes a list; an api
    also says whether it only "reads" and its "style", an approve has its "notice" or None."""
    found: dict[str, Any] = {"kind": _KINDS[type(what)]}
    if isinstance(what, Api):
        found |= {name: getattr(what, name) for name in what.__dataclass_fields__}
        found |= {"reads": what.reads, "style": what.style}
    else:
        found |= asdict(what)
        for one in (found, found.get("notice") or {}):
            one.pop("shape", None)
    for name in ("approvers", "filters"):
        if name in found:
            found[name] = list(found[name])
    return found


def token(run: str, key: str) -> str:
    """The client token of a call: 40 ASCII characters (the APIs take 64), never two alike."""
    return hashlib.sha256(f"{len(run)}:{run}:{key}".encode()).hexdigest()[:40]
