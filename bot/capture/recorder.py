"""Takes what goes over the wire and writes it down in a thread of its own.

What it is given waits in a queue. Where that is full, or something can't be disguised, it is left
out, and the capture says how much. A disk that is full ends the capture and nothing else.
"""

from __future__ import annotations

import json
import logging
import queue
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from bot import model
from bot.capture import folder, records
from bot.model import ports, traffic
from bot.redact import encodings
from bot.redact.disguise import Disguise, Terms

log = logging.getLogger(__name__)

MOST_WAITING = 4096
MOST_BYTES = 32 << 20
"""So much waits to be written."""
PATIENCE = 3.0
"""Seconds in which what still waits is written at the end."""
Opener = Callable[[traffic.Frame], object]


class Recorder:
    """A capture into a folder (a ``ports.Tap``). ``disguise`` replaces what nobody may read;
    ``frames``: how the frames of each party are opened; ``size``: bytes of all files together."""

    def __init__(
        self,
        path: Path,
        size: int,
        disguise: Disguise,
        frames: Mapping[str, Callable[[], ports.Frames]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder.Folder(path, size, secrets.token_hex(4))
        self._disguise = disguise
        self._frames = {(party, way): make() for party, make in frames.items() for way in WAYS}
        self._now = now
        self._queue: queue.SimpleQueue[tuple[datetime, object, int] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._waiting = 0
        self._left_out: Counter[str] = Counter()
        self._over = False
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Write what waits, for a few seconds at most, and end."""
        self._queue.put(None)
        self._thread.join(PATIENCE)
        self._over = True

    def __call__(self, piece: traffic.Frame | traffic.Exchange) -> None:
        """Take a copy of a frame or of a call. Never raises, waits or blocks."""
        if self._over:
            return
        size = _size(piece)
        with self._lock:
            if self._waiting + size > MOST_BYTES or self._queue.qsize() >= MOST_WAITING:
                self._left_out["too much at once"] += 1
                return
            self._waiting += size
        self._queue.put((self._now(), piece, size))

    def learn(self, plan: model.Plan) -> None:
        """Cover the hidden values of a plan from now on."""
        hidden = [value for name in plan.hidden if (value := plan.parameters.get(name))]
        if hidden and not self._over:
            self._queue.put((self._now(), hidden, 0))

    def know(self, terms: Terms) -> None:
        """Disguise what another configuration says, too, from now on."""
        if not self._over:
            self._queue.put((self._now(), terms, 0))

    # ------------------------------------------------------------------------- in the thread

    def _run(self) -> None:
        try:
            self._folder.prepare()
            log.warning(
                "what goes over the wire is captured into %s, without secrets and people",
                self._folder.path,
            )
            while (item := self._queue.get()) is not None:
                self._take(*item)
            self._tell(self._now())
        except (OSError, folder.Unfit) as error:
            reason = getattr(error, "strerror", None) or error
            log.error("nothing more is captured into %s: %s", self._folder.path, reason)
        except Exception:
            log.exception("nothing more is captured into %s", self._folder.path)
        finally:
            self._over = True
            self._folder.close()
            while not self._queue.empty():
                self._queue.get_nowait()

    def _take(self, at: datetime, piece: object, size: int) -> None:
        with self._lock:
            self._waiting -= size
        if isinstance(piece, Terms):
            self._disguise.know(piece)
            return
        if isinstance(piece, list):
            for value in piece:
                self._disguise.learn_secret(value)
            return
        self._tell(at)
        try:
            bodies = self._bodies(piece)
        except Exception as error:  # what can't be gone through is not kept
            self._left_out[f"not disguised: {type(error).__name__}"] += 1
            return
        for body in bodies:
            line = records.dumped({"at": at.isoformat(), **body})
            if len(line) > self._folder.largest:
                self._left_out[f"longer than {self._folder.largest} bytes"] += 1
            else:
                self._folder.write(line, at)

    def _tell(self, at: datetime) -> None:
        """Say what was left out since the last record."""
        with self._lock:
            counts, self._left_out = self._left_out, Counter()
        if counts:
            self._folder.write(records.dumped({"at": at.isoformat(), "left_out": counts}), at)

    def _bodies(self, piece: object) -> list[dict[str, object]]:
        value = self._disguise.value
        if isinstance(piece, traffic.Frame):
            frames = self._frames.get((piece.party, piece.way))
            opened = frames.opened(piece) if frames is not None else [_text(piece.data)]
            return [records.frame(piece.party, piece.way, value(each)) for each in opened]
        assert isinstance(piece, traffic.Exchange)
        whole = records.exchange(piece, _opened(piece.body), _opened(piece.answer))
        return [value(whole)]


WAYS: tuple[traffic.Way, ...] = ("in", "out")


def _size(piece: traffic.Frame | traffic.Exchange) -> int:
    parts = (
        (piece.data,) if isinstance(piece, traffic.Frame) else (piece.body, piece.answer, piece.url)
    )
    return sum(len(part) if isinstance(part, str | bytes) else 1024 for part in parts)


def _text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "replace")


def _opened(body: object) -> object:
    """A body as it is read most easily: the JSON object that it holds, or its text."""
    if isinstance(body, bytes) and body[:2] == encodings.GZIP:
        body = encodings.unpacked(body)
    text = _text(body) if isinstance(body, bytes) else body
    if not isinstance(text, str) or not text.startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
