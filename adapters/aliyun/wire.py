"""A template's call as a request of the OpenAPI client: checked, so that it goes where it may."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from adapters import openapi
from adapters.aliyun import braces, products, shapes
from adapters.aliyun.settings import Settings
from bot.model import calls

REQUEST_TAG = "countersign-request"
TAGGED = ("RunCommand", "InvokeCommand")
"""The APIs of ECS whose calls are found again by a tag."""
LONG_QUERY = 6000
"""Characters; longer parameters go in the body, where a gateway has more room."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,127}")
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLATFORM = re.compile(r"([a-z0-9-]+\.)+aliyuncs\.com")
_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,128}")
_OWN_HEADERS = frozenset(
    {
        "host", "authorization", "connection", "content-length", "transfer-encoding", "expect",
        "proxy-authorization", "te", "trailer", "upgrade", "user-agent", "date",
    }
)  # fmt: skip
_PROTOCOL = frozenset(
    {
        "action", "version", "format", "accesskeyid", "securitytoken", "signature",
        "signaturemethod", "signaturenonce", "signaturetype", "signatureversion", "timestamp",
    }
)  # fmt: skip
"""Parameters of the protocol itself, in lower case: a template may not set them."""

_ONE_PAGE = ("pagenumber", "nexttoken")
"""Parameters with which a template asks for one page, unless it asks for the first."""


class BadCall(Exception):
    """The call cannot be made as the template writes it; the message says why, and what to do."""


@dataclass(frozen=True)
class Request(openapi.Request):
    """One call of a template. ``origin`` "": nobody said. ``reads``: it changes nothing. ``token``:
    the client token that it carries; ``own``: that is ours; ``pages``: the template leaves the
    paging to us."""

    reads: bool = False
    token: str = ""
    own: bool = False
    pages: bool = False

    @property
    def repeatable(self) -> bool:
        """Is making it twice the same as making it once?"""
        return self.reads or bool(self.token)

    @property
    def tagged(self) -> bool:
        """Does it carry our tag?"""
        return self.own and self.service == "ecs" and self.action in TAGGED


def build(
    what: calls.Api, settings: Settings, token: str, request: int, digest: str = ""
) -> Request:
    """The request for an "api" call of a template. Raises BadCall. For ECS it imports the SDK's
    models: use a thread."""
    service, product = products.code(what.service), products.find(what.service)
    action, region = what.api.strip(), what.region or settings.region
    if not _NAME.fullmatch(action):
        raise BadCall(f"{action[:60]!r} is not the name of an API.")
    check_region(region)
    version = what.version or (product.version if product else "")
    origin = _origin(what, settings, service, product, region)
    if not version:
        raise BadCall(
            f"Which version of {service} is meant is not known: give the task its Version, such as "
            "2020-01-01."
        )
    if not _VERSION.fullmatch(version):
        raise BadCall(f"{version[:60]!r} is not the version of an API.")
    style = what.style
    method = _method(what, style)
    reads = what.reads and (style == "RPC" or method in ("GET", "HEAD"))
    base = Request(service, action, version, region, origin, style, method, reads=reads)
    make = _roa if style == "ROA" else _rpc
    return make(base, what, product, token, _own_tags(token, request, digest))


def check_region(region: str) -> None:
    """Raise BadCall unless it is one: it becomes a part of a host's name."""
    if not openapi.is_region(region):
        raise BadCall(f"{region[:60]!r} is not a region: give one such as cn-hangzhou.")


def _origin(
    what: calls.Api,
    settings: Settings,
    service: str,
    product: products.Product | None,
    region: str,
) -> str:
    """Where it goes: what the operator says, else what the template says if that is the platform,
    else the product's own place."""
    address = settings.origin(service)
    name = what.endpoint.strip().lower()
    if name:
        try:
            host = urlsplit(name if "://" in name else f"//{name}").netloc
        except ValueError:
            host = ""
        ours = (settings.endpoint, *settings.endpoints.values())
        mine = {
            origin.rpartition("://")[2].rstrip("/").lower(): origin for origin in ours if origin
        }
        if host not in mine and not _PLATFORM.fullmatch(host):
            raise BadCall(
                f"The endpoint {name[:100]!r} is not one of Alibaba Cloud's: signed calls go to "
                "*.aliyuncs.com, or where the configuration says."
            )
        return address or mine.get(host, host)
    if address:
        return address
    if service == "ecs":
        return ""
    if product is None:
        raise BadCall(
            f"The service {service[:60]!r} is not known: give the task its Version and Endpoint, "
            "or name its endpoint in the configuration."
        )
    return product.at(region)


def _method(what: calls.Api, style: str) -> str:
    method = what.method.upper()
    if not method:
        if style == "ROA" and (what.body is not None or not what.reads):
            raise BadCall(f"{what.api} goes to a URI: give the task its Method, such as PUT.")
        return "GET" if style == "ROA" else "POST"
    allowed = _METHODS if style == "ROA" else ("GET", "POST")
    if method not in allowed:
        raise BadCall(f"{method[:20]!r} is not a method for this call: give {', '.join(allowed)}.")
    return method


def _rpc(
    base: Request,
    what: calls.Api,
    product: products.Product | None,
    token: str,
    tags: Mapping[str, str],
) -> Request:
    """By name and parameters:
    https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature"""
    parameters = {**_mapping(what, "query"), **_mapping(what, "parameters")}
    _check_names(parameters, base.action, base.version)
    parameters = {
        name: value for name, value in parameters.items() if name.lower() not in _PROTOCOL
    }
    known: shapes.Schema = {}
    if base.service == "ecs":
        base = replace(base, action=shapes.actions().get(base.action.lower(), base.action))
        if why := braces.objection(base.action, {**_form(what), **parameters}):
            raise BadCall(why)
        known = shapes.schema(base.action)
        sent = shapes.ecs(base.action, parameters, base.reads)
    else:
        sent = shapes.plain(product, parameters)
    names = {name.lower() for name in sent}
    if "regionid" not in names and (not known or "regionid" in known):
        sent["RegionId"] = base.region
    if _pages(what, sent, base.reads):
        base = replace(base, pages=True)
        if {"pagesize", "pagenumber"} <= known.keys() and not names & {"maxresults", "nexttoken"}:
            sent = {"PageNumber": "1", "PageSize": "50", **sent}
    takes = "clienttoken" in (known or {name.lower() for name in parameters})
    request = replace(base, query=sent, headers=_headers(what))
    if takes and not base.reads:
        request = _with_token(request, sent, token)
    if request.tagged:
        request = replace(request, query=_tagged(request.query, tags))
    return _with_form(request, what, product)


def _pages(what: calls.Api, sent: Mapping[str, str], reads: bool) -> bool:
    """Are all pages wanted? As AutoPaging says; where it does not, true, as on OOS, unless the
    template asks for a page of its own."""
    if not reads or what.paging is not None:
        return reads and what.paging is True
    chosen = {name.lower(): str(value) for name, value in sent.items()}
    return all(chosen.get(name, "") in ("", "0", "1") for name in _ONE_PAGE)


def _with_token(request: Request, sent: shapes.Wire, token: str) -> Request:
    """With our client token, unless the template has its own."""
    theirs = next((sent[name] for name in sent if name.lower() == "clienttoken"), "")
    if theirs:
        return replace(request, token=theirs)
    rest = {name: value for name, value in sent.items() if name.lower() != "clienttoken"}
    return replace(request, token=token, own=True, query={**rest, "ClientToken": token})


def _with_form(request: Request, what: calls.Api, product: products.Product | None) -> Request:
    """With the template's body, or what is too long for a query, as a form."""
    body = _form(what)
    long = sum(map(len, request.query.values())) > LONG_QUERY and request.method == "POST"
    if not body and not long:
        return request
    form = {**shapes.plain(product, body), **request.query}
    return replace(request, query={}, body=form)


def _form(what: calls.Api) -> Mapping[str, object]:
    """The body of a call by parameters."""
    body = _body(what)
    if body is not None and not isinstance(body, Mapping):
        raise BadCall(f"{what.api} takes parameters: write its Body as a mapping.")
    return body or {}


def _roa(
    base: Request,
    what: calls.Api,
    product: products.Product | None,
    token: str,
    tags: Mapping[str, str],
) -> Request:
    """By method and path. The token goes where the template leaves room for one."""
    path, _, tail = what.uri.partition("?")
    path = path if path.startswith("/") else f"/{path}"
    for part in path.split("/"):
        if part.lower().replace("%2e", ".") in (".", ".."):
            raise BadCall(f"The URI {path[:100]!r} leaves its place: write it without dots.")
    parameters = {**_mapping(what, "query"), **_mapping(what, "parameters")}
    query = dict(parse_qsl(tail, keep_blank_values=True)) | shapes.plain(product, parameters)
    _check_names(query, base.action, base.version)
    body = _body(what)
    place = body if isinstance(body, dict) else {}
    holders = [(m, n) for m in (query, place) for n in m if str(n).lower() == "clienttoken"]
    theirs = next((str(m[n]) for m, n in holders if m[n]), "")
    own = bool(holders) and not theirs and not base.reads
    if own:
        holders[0][0][holders[0][1]] = token
    fields: dict[str, Any] = {
        "path": quote(path, safe="/%~:@!$&'()*+,;="),
        "query": query,
        "headers": _headers(what),
        "body": body,
        "token": theirs or (token if own else ""),
        "own": own,
        "pages": _pages(what, query, base.reads),
    }
    return replace(base, **fields)


def _mapping(what: calls.Api, name: str) -> dict[str, object]:
    mapping: object = getattr(what, name) or {}
    if not isinstance(mapping, Mapping):
        raise BadCall(f"{what.api}: {name} must be a mapping of names to values.")
    return {str(key): value for key, value in mapping.items()}


def _body(what: calls.Api) -> object:
    """The body as JSON types; text that is no JSON stays text."""
    body = what.body
    if not isinstance(body, str):
        return dict(body) if isinstance(body, Mapping) else body
    try:
        return json.loads(body)
    except ValueError:
        return body


def _check_names(names: Mapping[str, object], action: str, version: str) -> None:
    """Raise BadCall if a parameter would make it another call than the one that was approved."""
    same = {"action": action.lower(), "version": version.lower(), "format": "json"}
    for name, value in names.items():
        wanted = same.get(name.lower())
        if name.lower() in _PROTOCOL and str(value).lower() != wanted:
            raise BadCall(f"{name} is not a parameter of {action}: leave it out.")


def _headers(what: calls.Api) -> dict[str, str]:
    sent: dict[str, str] = {}
    for name, value in _mapping(what, "headers").items():
        low, text = name.lower(), "" if value is None else str(value).strip()
        if low in _OWN_HEADERS or (low.startswith("x-acs-") and low != "x-acs-region-id"):
            raise BadCall(f"The header {name[:60]} is the protocol's own: leave it out.")
        if not _HEADER.fullmatch(name) or not (text.isascii() and text.isprintable()):
            raise BadCall(f"The header {name[:60]!r} cannot be sent: ASCII on one line only.")
        sent[low] = text
    return sent


def _own_tags(token: str, request: int, digest: str) -> dict[str, str]:
    """What a call is found again by, and told from the calls of other plans."""
    tags = {openapi.STEP_TAG: token, REQUEST_TAG: str(request)}
    return tags | ({openapi.DIGEST_TAG: digest} if digest else {})


def _tagged(sent: Mapping[str, str], tags: Mapping[str, str]) -> shapes.Wire:
    """With our tags after the template's own, so that the call is found again."""
    pairs: dict[str, str] = {}
    rest: shapes.Wire = {}
    for name, value in sent.items():
        parts = name.split(".")
        if parts[0].lower() == "tag" and len(parts) == 3 and parts[2].lower() == "key":
            pairs[value] = sent.get(f"{parts[0]}.{parts[1]}.Value", "")
        elif parts[0].lower() != "tag":
            rest[name] = value
    pairs |= tags
    for number, (key, value) in enumerate(pairs.items(), 1):
        rest |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
    return rest
