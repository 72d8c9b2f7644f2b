"""The platform's numbers in one place, so that a test can move them (``configure``)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Limits:
    """Times in seconds, sizes in bytes; a rate of 0 is no limit.

    Documented: the push deadlines, the ticket's 90 s, 20 calls a second per API, 20 messages a
    minute per custom robot and its ten minutes of silence, 1 KB per card value, the body sizes.
    Not documented: whether what the answer to a click shows to the clicker alone outlasts the next
    update (``overlay_lasts``). Field reports: the redelivery schedules, the ping period and the
    rate of session webhooks.
    """

    event_deadline: float = 3.0
    chat_deadline: float = 3.0
    card_deadline: float = 2.0
    event_retries: tuple[float, ...] = (10.0, 30.0, 60.0, 120.0)
    chat_retries: tuple[float, ...] = (60.0, 60.0, 60.0)
    callback_grace: float = 0.5
    ticket: float = 90.0
    ping_every: float = 30.0
    drain: float = 10.0
    token: float = 7200.0
    token_renewal: float = 300.0
    qps: int = 20
    webhook_life: float = 5400.0
    webhook_bytes: int = 20_000
    session_per_minute: int = 20
    session_remembers: int = 1
    robot_per_minute: int = 20
    robot_mute: float = 600.0
    sign_skew: float = 3600.0
    msg_param_bytes: int = 15_000
    card_key_bytes: int = 100
    card_value_bytes: int = 1024
    remark_chars: int = 1024
    overlay_lasts: int = 0

    def change(self, **values: object) -> None:
        """Set some of them; a name that is none of them, or another type, is an error."""
        for name, value in values.items():
            now = getattr(self, name)
            if isinstance(now, tuple) and isinstance(value, list | tuple):
                setattr(self, name, tuple(float(v) for v in value))
            elif isinstance(value, int | float) and not isinstance(now, tuple):
                setattr(self, name, type(now)(value))
            else:
                raise TypeError(f"{name} takes a {type(now).__name__}, not {value!r}")


class Rate:
    """How often something happened within the last ``seconds``, by key."""

    def __init__(self, now: Callable[[], float], seconds: float) -> None:
        self._now = now
        self._seconds = seconds
        self._seen: dict[str, deque[float]] = {}

    def admits(self, key: str, most: int) -> bool:
        """Count one more of ``key``; False (and not counted) if ``most`` were already seen."""
        now = self._now()
        seen = self._seen.setdefault(key, deque())
        while seen and seen[0] <= now - self._seconds:
            seen.popleft()
        if most and len(seen) >= most:
            return False
        seen.append(now)
        return True
