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
    token_fields: dict[str, str] = {}
    for _ in range(MOST):
        following = None if items is None else _following(_box(answer), token_fields)
        if items is None or following is None:
            return first
        token_fields = following
        answer = await api.send(replace(request, query={**request.query, **token_fields}), session)
        more = _listed(_box(answer))
        if not more:
            return first
        items += more
        for name in box:
            if name.lower() == "nexttoken" and box[name]:
                box[name] = ""
    reason = f"{request.action} has more than {MOST} pages: ask for less with its parameters."
    raise openapi.Failure("refused", reason, "TooManyPages")


def _box(answer: dict[str, object]) -> dict[str, Any]:
    """The object that holds the list and says how it goes on: the answer, or its only member."""
    inner = [value for value in answer.values() if isinstance(value, dict)]
    paged = len(inner) == 1 and {"nexttoken", "totalcount"} & set(map(str.lower, inner[0]))
    return inner[0] if paged else answer


def _listed(answer: Mapping[str, object]) -> list[Any] | None:
    """The list that an answer is about, itself or as the only member of an object; None: it has
    none, or several."""
    lists: list[list[Any]] = []
    for value in answer.values():
        inner = list(value.values()) if isinstance(value, dict) else []
        if isinstance(value, list):
            lists.append(value)
        elif len(inner) == 1 and isinstance(inner[0], list):
            lists.append(inner[0])
    return lists[0] if len(lists) == 1 else None


def _following(answer: Mapping[str, object], fields: Mapping[str, str]) -> dict[str, str] | None:
    """The parameters of the next page, named as the answer names them; None: this was the last."""
    said = {name.lower(): name for name in answer}
    number, size = _integer(answer, said, "pagenumber"), _integer(answer, said, "pagesize")
    if number and size:
        more = number * size < _integer(answer, said, "totalcount")
        return {said["pagenumber"]: str(number + 1)} if more else None
    name = said.get("nexttoken", "")
    token = str(answer.get(name) or "")
    if not token or token == fields.get(name):
        return None
    return {name: token}


def _integer(answer: Mapping[str, Any], said: Mapping[str, str], name: str) -> int:
    try:
        return int(answer.get(said.get(name, "")) or 0)
    except (TypeError, ValueError):
        return 0
