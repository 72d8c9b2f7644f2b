"""A platform's quota for the month runs short: who is told, and what is written down."""

from __future__ import annotations

from datetime import datetime

from bot import cards, model, policy, texts
from bot.commands import usages
from bot.core.decision import DecisionBuilder
from bot.deployment import Deployment
from bot.policy import access


def reached(
    deployment: Deployment, event: model.QuotaReached, view: model.View, now: datetime
) -> model.Decision:
    """Put it on record; the first time in a month, tell the group that the quota names."""
    builder, usage = DecisionBuilder(deployment, view, now), event.usage
    quota = deployment.book.quotas.get(usage.platform)
    if quota is None:
        return builder.receipt()
    builder.enter(
        "countersign",
        "quota.reached",
        platform=usage.platform,
        month=usage.month,
        meter=event.meter,
        percent=event.percent,
        used=usage.of(event.meter),
        allowed=quota.of(event.meter),
        spared=list(quota.spares(usage)),
    )
    place = place_of(deployment.book, quota)
    if event.first and place is not None:
        locale = access.locale_of(deployment.book, place)
        text = texts.say(
            locale,
            "say.quota",
            platform=usage.platform,
            month=usage.month,
            meters=usages.meters(locale, quota, usage),
        )
        key = f"say:{event.id}"
        title = texts.say(locale, "say.quota.title")
        body = model.Say(place, cards.sentence(title, text), builder.fresh(key))
        builder.queue(key, key, body)
    return builder.receipt()


def place_of(book: policy.Book, quota: policy.Quota) -> model.Place | None:
    """The group that is told; None: none is, or it is no longer configured."""
    for group in book.groups:
        if quota.group and (group.platform, group.name) == (quota.platform, quota.group):
            tenant = min(book.tenants.get(group.platform, frozenset()), default="")
            return model.Place(group.platform, tenant, group.chat)
    return None
