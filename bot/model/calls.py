"""What a run asks the outside to do, one type for each kind of call.

A call is stored as an object of its fields with its ``kind`` first (see ``plain``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator

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
    headers: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: object = None
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

    value: object


@dataclass(frozen=True, slots=True)
class Notify:
    """A message to send: to a webhook (``uri``, ``headers``, ``content``), or as ``properties``
    say. ``append_link``: the run's link is added to it. ``shape`` is the content once more, with
    a ``Value`` wherever its author wrote an expression; a text with such in it is a tuple. It is
    never stored, for what is stored has its values escaped."""

    type: str
    uri: str = ""
    headers: Mapping[str, object] = field(default_factory=dict)
    content: object = None
    append_link: bool = False
    properties: Mapping[str, object] = field(default_factory=dict)
    shape: object = None


@dataclass(frozen=True, slots=True)
class Approve:
    """An approval to ask for. ``approvers`` empty: anyone whom the policy allows. ``shown``: what
    the voters should see (the first items of a canary)."""

    approvers: tuple[str, ...] = ()
    min_required: int = 1
    notice: Notify | None = None
    shown: object = None


@dataclass(frozen=True, slots=True)
class SelectTargets:
    """Resources to find (``most`` of them); the answer has the shape of the type's Describe
    call."""

    resource_type: str
    filters: tuple[object, ...]
    region: str
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Product:
    """A product action that no template of the library defines: the bot's own."""

    action: str
    properties: Mapping[str, object]
    region: str


Kind = Literal["api", "notify", "approve", "select_targets", "product"]
KINDS: Mapping[type, Kind] = {
    Api: "api",
    Notify: "notify",
    Approve: "approve",
    SelectTargets: "select_targets",
    Product: "product",
}
_TYPES: Mapping[str, type[Any]] = {kind: type_ for type_, kind in KINDS.items()}
_NAMES: Mapping[type, tuple[str, ...]] = {
    type_: tuple(each.name for each in fields(type_) if each.name != "shape") for type_ in KINDS
}
_VALUES = {type_: attrgetter(*names) for type_, names in _NAMES.items()}


def _fields(value: Api | Notify | Approve | SelectTargets | Product) -> dict[str, object]:
    type_ = type(value)
    return dict(zip(_NAMES[type_], _VALUES[type_](value), strict=True))


def plain(what: Api | Notify | Approve | SelectTargets | Product) -> dict[str, Any]:
    """A call as it is stored: its "kind" and its fields; of an api also whether it only "reads",
    and its "style"."""
    made: dict[str, Any] = {"kind": KINDS[type(what)], **_fields(what)}
    match what:
        case Api():
            made |= {"reads": what.reads, "style": what.style}
        case Approve(notice=Notify() as notice):
            made["notice"] = _fields(notice)
    return made


def _read(stored: Any) -> object:
    """A call of its stored form. Values are taken as they are: nothing else would say what an
    earlier release let a template write."""
    if type(stored) in KINDS:
        return stored
    type_ = _TYPES[stored["kind"]]
    made = {name: stored[name] for name in _NAMES[type_] if name in stored}
    for name in ("approvers", "filters"):
        if name in made:
            made[name] = tuple(made[name])
    if made.get("notice") is not None:
        made["notice"] = Notify(**made["notice"])
    return type_(**made)


What = Annotated[
    Api | Notify | Approve | SelectTargets | Product, PlainValidator(_read), PlainSerializer(plain)
]


def region_of(what: What) -> str:
    """The region that a call names; "": none."""
    match what:
        case Api(region=region) | SelectTargets(region=region) | Product(region=region):
            return region
        case Notify() | Approve():
            return ""


def harmless(what: What) -> bool:
    """Does a call only read, or ask for votes?"""
    match what:
        case Api():
            return what.reads
        case SelectTargets() | Approve():
            return True
        case Notify() | Product():
            return False
