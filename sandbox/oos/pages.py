"""Lists in pages, as OOS gives them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sandbox.aliyun.errors import invalid

T = TypeVar("T")
MOST, USUAL = 100, 50


def page(
    asked: Mapping[str, Any],
    items: Sequence[T],
    number: Callable[[T], int],
    least: int,
    ascending: bool = False,
) -> tuple[list[T], dict[str, Any]]:
    """One page of ``items`` (sorted by ``number``, falling unless ``ascending``) and what to say of
    the rest. The token names the last item shown, so new arrivals shift nothing."""
    size = asked.get("MaxResults", USUAL)
    if not least <= size <= MOST:
        raise invalid("MaxResults", f"it is from {least} to {MOST}")
    rest = list(items)
    if token := asked.get("NextToken", ""):
        try:
            last = int(base64.urlsafe_b64decode(token.encode()))
        except ValueError:
            raise invalid("NextToken", "it was not given out here") from None
        rest = [
            item for item in items if (number(item) > last if ascending else number(item) < last)
        ]
    shown = rest[:size]
    following = ""
    if len(rest) > size:
        following = base64.urlsafe_b64encode(str(number(shown[-1])).encode()).decode()
    return shown, {"MaxResults": size, "NextToken": following, "TotalCount": len(items)}
