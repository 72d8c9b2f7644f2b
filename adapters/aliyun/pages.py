"""All pages of a call that lists: what AutoPaging does on OOS unless a template pages for itself.

https://help.aliyun.com/document_detail/120838.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters import openapi
from adapters.aliyun import wire
from adapters.aliyun.api import Api

MOST = 200
"""Pages. What is longer is not cut, but refused."""


async def whole(api: Api, request: wire.Request, session: str = "") -> Any:
    """The answer of a call that only reads, its list made of all pages. One whose list cannot be
    told from the rest stays as its first page is. Raises Failure."""
    first = answer = await api.send(request, session)
    if not request.pages or not isinstance(first, dict):
        return first
    box = _box(first)
    items = _listed(box)
    asked: dict[str, str] = {}
    for _ in range(MOST):
        following = None if items is None else _following(_box(answer), asked)
        if items is None or following is None:
            return first
        asked = following
        answer = await api.send(replace(request, query={**request.query, **asked}), session)
        more = _listed(_box(answer))
        if not more:
            return first
        items += more
        if box.get("NextToken"):
            box["NextToken"] = ""
    reason = f"{request.action} has more than {MOST} pages: ask for less with its parameters."
    raise openapi.Failure("refused", reason, "TooManyPages")


def _box(answer: dict[str, Any]) -> dict[str, Any]:
    """The object that holds the list and says how it goes on: the answer, or its only member."""
    inner = [value for value in answer.values() if isinstance(value, dict)]
    paged = len(inner) == 1 and ("NextToken" in inner[0] or "TotalCount" in inner[0])
    return inner[0] if paged else answer


def _listed(answer: Mapping[str, Any]) -> list[Any] | None:
    """The list that an answer is about, itself or as the only member of an object; None: it has
    none, or several."""
    found: list[list[Any]] = []
    for value in answer.values():
        inner = list(value.values()) if isinstance(value, dict) else []
        if isinstance(value, list):
            found.append(value)
        elif len(inner) == 1 and isinstance(inner[0], list):
            found.append(inner[0])
    return found[0] if len(found) == 1 else None


def _following(answer: Mapping[str, Any], asked: Mapping[str, str]) -> dict[str, str] | None:
    """The parameters of the next page; None: this was the last."""
    number, size = _integer(answer, "PageNumber"), _integer(answer, "PageSize")
    if number and size:
        return (
            {"PageNumber": str(number + 1)}
            if number * size < _integer(answer, "TotalCount")
            else None
        )
    token = str(answer.get("NextToken") or "")
    if not token or token == asked.get("NextToken"):
        return None
    return {"NextToken": token}


def _integer(answer: Mapping[str, Any], name: str) -> int:
    try:
        return int(answer.get(name) or 0)
    except (TypeError, ValueError):
        return 0
