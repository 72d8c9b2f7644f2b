"""Client tokens: the same call with the same token acts once.

Source: https://help.aliyun.com/zh/ecs/developer-reference/how-to-ensure-idempotence
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.aliyun.errors import ApiError, invalid
from sandbox.base import Clock

SECONDS = 30 * 60
"""How long a client token is remembered; after that the same call would run again."""


class Tokens:
    """Which answers were given to which tokens."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._known: dict[tuple[str, str], tuple[float, Any, dict[str, Any]]] = {}

    def once(
        self, action: str, asked: dict[str, Any], act: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Act, or give the earlier answer to the same client token again."""
        token = asked.get("ClientToken", "")
        if not token:
            return act()
        if len(token) > 64 or not token.isascii():
            raise invalid("ClientToken", "longer than 64 characters or not ASCII")
        known = self._known.get((action, token))
        if known is not None and self.clock.now() - known[0] < SECONDS:
            if known[1] != asked:
                raise ApiError(
                    400,
                    "IdempotentParameterMismatch",
                    "The specified parameters are different from those of the request that used "
                    "this client token before.",
                )
            return dict(known[2])
        answer = act()
        self._known[(action, token)] = (self.clock.now(), asked, dict(answer))
        return answer
