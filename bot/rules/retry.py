"""How long to wait between tries of a delivery, as EventBridge's two policies have it.

Source: Alibaba Cloud, *EventBridge: Retry policies and dead-letter queues*
(https://www.alibabacloud.com/help/en/eventbridge/user-guide/retry-and-dead-letter-queues).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, get_args

Policy = Literal["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"]
POLICIES: tuple[Policy, ...] = get_args(Policy)
DEFAULT: Policy = "BACKOFF_RETRY"
_BACKOFF = 3, 10.0, 20.0
"""How many retries, and between how many seconds each waits."""
_DECAY = 176, 512
"""How many retries, and the most seconds that the doubling wait grows to."""


@dataclass(frozen=True, slots=True)
class Total:
    """What a policy comes to: its retries, and the least and most that they wait together."""

    retries: int
    least: timedelta
    most: timedelta


def delays(
    policy: Policy, between: Callable[[float, float], float] = random.uniform
) -> Iterator[timedelta]:
    """The wait before each retry, after which the event is a dead letter. BACKOFF_RETRY waits
    three times 10 to 20 seconds, chosen by ``between``; EXPONENTIAL_DECAY_RETRY 1, 2, 4 … 256 and
    then 512 seconds, 176 times, which is a day."""
    if policy == "BACKOFF_RETRY":
        retries, low, high = _BACKOFF
        for _ in range(retries):
            yield timedelta(seconds=between(low, high))
        return
    if policy != "EXPONENTIAL_DECAY_RETRY":
        raise ValueError(f"a retry policy is one of {', '.join(POLICIES)}, not {policy!r}")
    retries, most = _DECAY
    for exponent in range(retries):
        yield timedelta(seconds=min(2**exponent, most))


def delay(
    policy: Policy, failures: int, between: Callable[[float, float], float] = random.uniform
) -> timedelta | None:
    """The wait after so many failures, counted from 1. None: the policy gives up."""
    for number, wait in enumerate(delays(policy, between), 1):
        if number == failures:
            return wait
    return None


def total(policy: Policy) -> Total:
    """The retries of a policy and the time they take, without that of the tries themselves."""
    least = list(delays(policy, min))
    most = list(delays(policy, max))
    return Total(len(least), sum(least, timedelta()), sum(most, timedelta()))
