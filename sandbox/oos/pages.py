"""Lists in pages, as OOS gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sandbox.aliyun.describe import cut
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
    order = number if ascending else lambda item: -number(item)
    shown, following = cut(items, order, size, asked.get("NextToken", ""))
    return shown, {"MaxResults": size, "NextToken": following, "TotalCount": len(items)}
