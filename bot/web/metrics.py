"""``/metrics`` in the text format of Prometheus: what was counted, and what the store says now.

The store is read by a reader, off the writer's thread, and a page is good for a second: however
often it is asked for, it costs as much as once a second.
"""

from __future__ import annotations

import asyncio
import math
import types
from collections.abc import Iterable, Iterator, Mapping

import prometheus_client
from prometheus_client import core, exposition, registry

from bot import model, policy, store
from bot.runtime import meter
from bot.store import port, shared
from bot.web import families, health, lasting, listener


class Metrics:
    """The metrics of a running bot, with the ``quotas`` of its platforms. Belongs to the loop's
    thread."""

    def __init__(
        self,
        parts: health.Parts,
        state: health.Health,
        quotas: Mapping[str, policy.Quota] = types.MappingProxyType({}),
    ) -> None:
        self._parts, self._state, self._quotas = parts, state, quotas
        self._process = process_metrics()
        self.page = lasting.Lasting(self._make, health.GOOD_FOR, parts.clock.monotonic).get

    async def _make(self) -> listener.Page:
        try:
            shot = await self._snapshot()
        except port.StoreFault as fault:
            return listener.of_json(503, {"error": f"the database is not reached: {fault}"})
        text = await asyncio.to_thread(self._text, shot)
        return listener.Page(200, text, exposition.CONTENT_TYPE_PLAIN_0_0_4)

    async def _snapshot(self) -> families.Snapshot:
        parts = self._parts
        problems = await self._state.problems()
        status, queues, runs, sizes, usage, replicas = await parts.door.read(_of_store)
        states = {name: chat.connection() for name, chat in parts.chats.items()}
        return families.Snapshot(
            meter=parts.door.meter,
            now=parts.clock.now(),
            ready=not problems,
            status=status,
            queues=queues,
            runs=runs,
            sizes=sizes,
            free=await asyncio.to_thread(health.free, parts.folder),
            there={
                name: parts.waiting[name].is_set() and (state is None or state.up)
                for name, state in states.items()
            },
            connections={name: state for name, state in states.items() if state is not None},
            budgets=tuple(parts.outbox.budgets()),
            usage=usage,
            quotas=self._quotas,
            replicas=replicas,
        )

    def _text(self, shot: families.Snapshot) -> str:
        own = registry.CollectorRegistry(auto_describe=False)
        own.register(_Collected(metrics_of(shot)))
        return (
            exposition.generate_latest(own) + exposition.generate_latest(self._process)
        ).decode()


class _Collected(registry.Collector):
    """Metrics that are there already."""

    def __init__(self, metrics: Iterable[core.Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[core.Metric]:
        return self._metrics


def process_metrics() -> registry.CollectorRegistry:
    """What prometheus-client knows of any process in Python: CPU, memory, files, garbage."""
    own = registry.CollectorRegistry()
    prometheus_client.ProcessCollector(registry=own)
    prometheus_client.PlatformCollector(registry=own)
    prometheus_client.GCCollector(registry=own)
    return own


def _of_store(
    reader: store.Reader,
) -> tuple[
    store.Status,
    tuple[store.Queue, ...],
    dict[tuple[str, str], int],
    dict[str, int],
    tuple[model.Usage, ...],
    tuple[shared.Replica, ...],
]:
    runs, sizes = dict(reader.open_runs()), dict(reader.sizes())
    return (
        reader.status(),
        reader.queues(),
        runs,
        sizes,
        reader.usage(),
        reader.replicas(),
    )


def metrics_of(shot: families.Snapshot) -> Iterator[core.Metric]:
    """Each family with its values."""
    for family in families.FAMILIES:
        metric = core.Metric(family.name.removesuffix("_total"), family.about, family.kind)
        for values, value in dict(family.values(shot)).items():  # each label's value once
            labels = dict(zip(family.labels, values, strict=True))
            if isinstance(value, meter.Histogram):
                _add_histogram(metric, labels, value)
            else:
                metric.add_sample(family.name, labels, float(value))
        yield metric


def _add_histogram(metric: core.Metric, labels: dict[str, str], value: meter.Histogram) -> None:
    """Buckets hold what is at most their bound; the last one is the count."""
    count = 0
    for bound, more in zip((*value.bounds, math.inf), list(value.counts), strict=True):
        count += more
        bounded = {**labels, "le": "+Inf" if math.isinf(bound) else f"{bound:g}"}
        metric.add_sample(f"{metric.name}_bucket", bounded, count)
    metric.add_sample(f"{metric.name}_count", labels, count)
    metric.add_sample(f"{metric.name}_sum", labels, value.total)


def page() -> str:
    """``docs/reference/metrics.md``."""
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{each}`' for each in one.labels) or '–'} "
        f"| {one.about} |"
        for one in families.FAMILIES
    ]
    return "\n".join([INTRODUCTION, *rows, ""])


INTRODUCTION = """\
# Metrics

[简体中文](metrics.zh-CN.md)

<!-- Printed by `python -m bot docs metrics`; a test compares. Edit bot/web/families.py. -->

What `/metrics` serves where [`[web] operate`](configuration.md#web) is set, in the text format of
Prometheus; how to use it: [Operate it](../how-to/operate.md). Counters count from the start of the
process. A `party` is a platform, `cloud`, or what a rule sends to (`webhook`, `http`, `bus`,
`rules`). Labels are words of a fixed set: no request, person, chat or text is among them. Beside
these there are the usual `process_*` and `python_*`.

| Metric | Type | Labels | Meaning |
|---|---|---|---|"""
