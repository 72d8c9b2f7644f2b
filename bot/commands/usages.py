"""How the use of a month's quota is told, in a chat and on the command line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot import model, policy, texts


def meters(locale: str, quota: policy.Quota, usage: model.Usage) -> list[str]:
    """What of each meter that has a limit is used."""
    return [
        texts.say(
            locale,
            f"quota.{meter}",
            used=usage.of(meter),
            most=quota.of(meter),
            percent=quota.percent(usage, meter),
        )
        for meter in model.METERS
        if quota.of(meter)
    ]


def line(locale: str, quota: policy.Quota, months: Iterable[model.Usage], now: datetime) -> str:
    """What is used of a quota this month, what is no longer sent, and how many were left out."""
    key = (quota.platform, policy.month_of(quota, now))
    usage = next((each for each in months if (each.platform, each.month) == key), model.Usage(*key))
    used = meters(locale, quota, usage)
    parts = [texts.say(locale, "status.usage", platform=key[0], month=key[1], meters=used)]
    if spares := [texts.say(locale, f"spare.{what}") for what in quota.spares(usage)]:
        parts.append(texts.say(locale, "status.sparing", what=spares))
    if count := sum(usage.spared(what) for what in model.SPARES):
        parts.append(texts.say(locale, "status.spared", count=count))
    return "".join(parts)
