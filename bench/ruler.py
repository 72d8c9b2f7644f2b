"""The peer of the rules: event-ruler, a binding of Quamina, in a process of its own, for it brings
Go's runtime along.

``python -m bench.ruler`` reads orders, one JSON object per line: ``patterns`` and ``events`` as
JSON texts, and for how many ``seconds`` to ask. It answers each with one line: ``rate``, events per
second of its processor, and ``found``, the numbers of the patterns that matched the first events,
by event. The binding knows one question, whether one event matches one pattern, so it is asked
that for each pattern, and compiles it every time.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from bench import processes

FOUND = 4
"""So many events tell what was found."""


class Ruler:
    """Asks the peer. Made by ``started``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(
        self, patterns: Sequence[str], events: Sequence[str], seconds: float
    ) -> tuple[float, list[list[int]]]:
        """Events per processor second, and what was found for the first. Raises RuntimeError."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"patterns": patterns, "events": events, "seconds": seconds}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("event-ruler has ended")
        said = json.loads(line)
        return said["rate"], said["found"]


@contextlib.contextmanager
def started() -> Iterator[Ruler | None]:
    """The peer at work; None: it is not installed, for it has no wheel for this platform."""
    if importlib.util.find_spec("event_ruler") is None:
        yield None
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.ruler"],
        cwd=processes.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Ruler(process)
        assert process.stdin is not None
        process.stdin.close()


def _asked(order: dict[str, Any]) -> dict[str, Any]:
    import event_ruler

    patterns, events, found = order["patterns"], order["events"], []
    ends, cpu, count = time.perf_counter() + order["seconds"], time.process_time(), 0
    while not count or time.perf_counter() < ends:
        event = events[count % len(events)]
        matched = [n for n, p in enumerate(patterns) if event_ruler.test_event_pattern(event, p)]
        if count < FOUND:
            found.append(matched)
        count += 1
    return {"rate": count / (time.process_time() - cpu), "found": found}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(_asked(json.loads(line))), flush=True)
