"""Joining the frames that carry one payload in parts."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

AGE = 5.0
"""Seconds for which parts are kept after the last one arrived, as the vendors' SDKs do."""
MOST_PARTS = 1024
MOST_BYTES = 32 << 20


class Unjoinable(ValueError):
    """This part belongs to no payload that can be joined."""


@dataclass(slots=True)
class _Heap:
    total: int
    at: float
    size: int = 0
    parts: dict[int, bytes] = field(default_factory=dict)


class Joiner:
    """Collects parts by message id. Old ones, and the oldest when there is too much, are dropped:
    what was not acknowledged is delivered again."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._heaps: OrderedDict[str, _Heap] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._heaps)

    def add(self, message: str, total: int, index: int, part: bytes, now: float) -> bytes | None:
        """The whole payload once its last part is here, else None. ``index`` counts from 0; ``now``
        is any clock in seconds. Raises Unjoinable."""
        if not 1 <= total <= MOST_PARTS or not 0 <= index < total:
            raise Unjoinable(f"part {index} of {total}")
        self.sweep(now)
        heap = self._heaps.get(message)
        if heap is not None and heap.total != total:
            self._drop(message)
            heap = None
        if heap is None:
            heap = self._heaps[message] = _Heap(total, now)
        grown = len(part) - len(heap.parts.get(index, b""))
        heap.parts[index] = part
        heap.at = now
        heap.size += grown
        self.size += grown
        self._heaps.move_to_end(message)
        if len(heap.parts) == total:
            self._drop(message)
            return b"".join(heap.parts[n] for n in range(total))
        while self.size > self._most:
            self._drop(next(iter(self._heaps)))
        return None

    def sweep(self, now: float) -> None:
        """Drop the parts whose rest has not come in time."""
        while self._heaps:
            message, heap = next(iter(self._heaps.items()))
            if now - heap.at <= AGE:
                return
            self._drop(message)

    def _drop(self, message: str) -> None:
        self.size -= self._heaps.pop(message).size
