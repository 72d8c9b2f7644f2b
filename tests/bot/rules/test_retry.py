"""Retry policies wait as long as EventBridge says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.rules import retry


def test_backoff() -> None:
    for _ in range(20):
        waits = list(retry.delays("BACKOFF_RETRY"))
        assert len(waits) == 3
        assert all(timedelta(seconds=10) <= wait <= timedelta(seconds=20) for wait in waits)
    assert retry.total(retry.DEFAULT) == retry.Total(
        3, timedelta(seconds=30), timedelta(seconds=60)
    )


def test_exponential_decay() -> None:
    seconds = [wait.total_seconds() for wait in retry.delays("EXPONENTIAL_DECAY_RETRY")]
    assert seconds[:12] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 512, 512]
    assert seconds[9:] == [512] * 167
    total = retry.total("EXPONENTIAL_DECAY_RETRY")
    assert total.retries == 176
    assert total.least == total.most == timedelta(seconds=86_015)


def test_the_wait_after_so_many_failures() -> None:
    assert retry.delay("EXPONENTIAL_DECAY_RETRY", 1) == timedelta(seconds=1)
    assert retry.delay("EXPONENTIAL_DECAY_RETRY", 176) == timedelta(seconds=512)
    assert retry.delay("EXPONENTIAL_DECAY_RETRY", 177) is None
    assert retry.delay("BACKOFF_RETRY", 3, max) == timedelta(seconds=20)
    assert retry.delay("BACKOFF_RETRY", 4) is None
    assert retry.delay("BACKOFF_RETRY", 0) is None


def test_an_unknown_policy() -> None:
    with pytest.raises(ValueError, match="BACKOFF_RETRY, EXPONENTIAL_DECAY_RETRY"):
        next(retry.delays("LINEAR"))  # type: ignore[arg-type]
