"""What the bot uses of the platforms: counted by the adapters, kept in the store by the month.

The counts go to disk with the next transaction, which for a call is the one that settles its
effect, and for a push the one that takes its event. What a process that is killed had counted since
its last commit is lost.
"""

from __future__ import annotations

import collections
import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime

from bot import model, policy
from bot.store import codec, port

log = logging.getLogger(__name__)


class Counter:
    """The meters of all platforms. ``quotas``: what those allow, by their names. ``count`` may be
    called in any thread, the rest in the writer's."""

    def __init__(self, quotas: Mapping[str, policy.Quota]) -> None:
        self._quotas = quotas
        self._pending: collections.Counter[tuple[str, model.Meter]] = collections.Counter()
        self._flushed: collections.Counter[tuple[str, model.Meter]] = collections.Counter()
        self._lock = threading.Lock()

    def count(self, platform: str, meter: model.Meter) -> None:
        """One more was used."""
        with self._lock:
            self._pending[platform, meter] += 1

    @property
    def pending(self) -> bool:
        """Is something counted that is not in the store yet?"""
        return bool(self._pending)

    def flush(self, writer: port.Writer, now: datetime) -> Iterator[model.QuotaReached]:
        """Write what was counted; each share of a quota that is reached by it, once a month. Call
        ``committed`` or ``undo`` after the transaction."""
        with self._lock:
            pending, self._pending = self._pending, collections.Counter()
        self._flushed = pending
        for platform in dict.fromkeys(platform for platform, _ in pending):
            quota = self._quotas.get(platform)
            counts = {meter: pending[platform, meter] for meter in model.METERS}
            month = policy.month_of(quota, now)
            usage = writer.add_usage(platform, month, {k: n for k, n in counts.items() if n})
            if quota is not None:
                yield from self._reached(writer, quota, usage, now)

    def committed(self) -> None:
        """What was flushed is on disk."""
        self._flushed = collections.Counter()

    def undo(self) -> None:
        """What was flushed is not in the store after all."""
        with self._lock:
            self._pending += self._flushed
        self.committed()

    def _reached(
        self, writer: port.Writer, quota: policy.Quota, usage: model.Usage, now: datetime
    ) -> Iterator[model.QuotaReached]:
        first = not any(usage.reached(meter) for meter in model.METERS)
        for meter in model.METERS:
            percent = policy.step_of(quota.percent(usage, meter))
            if percent <= usage.reached(meter):
                continue
            risen = {f"reached.{meter}": percent - usage.reached(meter)}
            writer.add_usage(usage.platform, usage.month, risen)
            log.warning(
                "%s: %d %% of the month's %s are used (%d of %d)",
                *(usage.platform, percent, meter, usage.of(meter), quota.of(meter)),
            )
            name = f"quota:{usage.platform}:{usage.month}:{meter}:{percent}"
            yield model.QuotaReached(name, now, usage, meter, percent, first)
            first = False

    def spare(self, writer: port.Writer, claimed: port.Claimed, now: datetime) -> bool:
        """Leave out an effect that was just claimed, if its platform's quota has run so short.
        False: it is to be sent."""
        effect, platform = claimed.effect, claimed.rate_key.platform
        what: model.Spare | None = effect.context.get(model.SPARE)
        quota = self._quotas.get(platform)
        if what is None or quota is None or claimed.attempt.uncertain:
            return False
        usage = writer.usage(platform, policy.month_of(quota, now))
        if what not in quota.spares(usage):
            return False
        moment = codec.ms(now)
        writer.spare(effect.id, moment)
        writer.add_usage(platform, usage.month, {f"spared.{what}": 1})
        if what != "progress":
            entry = model.AuditEntry(
                actor="countersign",
                action="message.spared",
                request=effect.request,
                facts={"what": what, "effect": effect.key, "platform": platform},
            )
            writer.append(entry, moment)
        return True
