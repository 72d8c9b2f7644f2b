"""What the cloud's products share: a call that the door let in, and how a product takes it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox import world
from sandbox.aliyun.errors import ApiError
from sandbox.aliyun.signature import Door, Incoming, Key

Params = Mapping[str, str]
"""The query and the form of a call by wire name, flat ("Tag.1.Key"), without the protocol's own."""


@dataclass(frozen=True)
class Request:
    """A call whose signature is right. ``id`` is the RequestId that its answer carries; the JSON
    body and the path of a ROA call are in ``incoming``."""

    id: str
    key: Key
    incoming: Incoming

    @property
    def caller(self) -> str:
        """Who calls: the session of a temporary key, else the key's id."""
        return self.key.session or self.key.id


Handler = Callable[[str, Params, Request], Awaitable[dict[str, Any]]]
"""``await handler(action, params, request)`` gives the answer's body (the RequestId is added to
it), or raises ApiError. What it does between two awaits nobody else sees half done."""


@dataclass(frozen=True)
class Product:
    """One version of one product's API. ``roa``: it goes by method and path, its answers carry no
    RequestId and its errors have lower-case names. ``check``: who calls, where the signature is
    not the one of all products; it raises ApiError."""

    name: str
    handle: Handler
    roa: bool = False
    check: Callable[[Door, Incoming], Key] = Door.check


def answer(product: Product, request_id: str, said: dict[str, Any]) -> dict[str, Any]:
    """The body of an answer."""
    return said if product.roa else {"RequestId": request_id, **said}


def refusal(product: Product | None, request_id: str, error: ApiError) -> dict[str, Any]:
    """The body of an error."""
    if product is not None and product.roa:
        return {"requestId": request_id, "code": error.code, "message": error.message}
    name = product.name if product else "ecs"
    return {
        "RequestId": request_id,
        "HostId": f"{name}.{world.ALIYUN_REGION}.aliyuncs.com",
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}&product={name.title()}",
    }
