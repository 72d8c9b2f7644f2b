"""Patterns that only ``re`` can judge: in a process of its own, which is ended when it takes too
long. What it said is remembered.

The writer must not wait for that: ``deferring`` its thread gets Unjudged, and asks again when
``answer`` was called elsewhere.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import queue
import select
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.regexes.translation import How

log = logging.getLogger(__name__)

LIMIT = 1.0
"""Seconds that one pattern may take on one text."""
START = 30.0
"""Seconds that the process may take to be there."""
REMEMBERED = 20_000
PROCESSES = 2


@dataclass(frozen=True, slots=True)
class Question:
    """Does the pattern match: anywhere in the text ("search"), or all of it ("fullmatch")?"""

    pattern: str
    how: How
    text: str

    def digest(self) -> bytes:
        """By which the answer is remembered."""
        text = json.dumps([self.pattern, self.how, self.text]).encode()
        return hashlib.blake2b(text, digest_size=20).digest()


class TooSlow(Exception):
    """It could not be told in time whether the pattern matches."""


class Unjudged(Exception):
    """It is not known yet whether a pattern matches, and who asks cannot wait: ``answer`` the
    question, then do the whole again."""

    def __init__(self, question: Question) -> None:
        super().__init__(f"not judged yet: {question.pattern}")
        self.question = question


_known: OrderedDict[bytes, bool | None] = OrderedDict()
_guard = threading.Lock()
_here = threading.local()
_free: queue.LifoQueue[_Judge] = queue.LifoQueue()
_places = threading.Semaphore(PROCESSES)


@contextlib.contextmanager
def deferring() -> Iterator[None]:
    """Within this, no pattern that may take long is judged on this thread."""
    _here.defers = True
    try:
        yield
    finally:
        _here.defers = False


def judged(question: Question) -> bool:
    """Raises TooSlow, and Unjudged to those who cannot wait."""
    digest = question.digest()
    with _guard:
        if digest in _known:
            _known.move_to_end(digest)
            verdict = _known[digest]
            if verdict is None:
                raise TooSlow(question.pattern)
            return verdict
    if getattr(_here, "defers", False):
        raise Unjudged(question)
    answer(question)
    return judged(question)


def answer(question: Question) -> None:
    """Find out, which takes ``LIMIT`` at most, and remember it."""
    with _places:
        verdict = _verdict(question)
    with _guard:
        _known[question.digest()] = verdict
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)


def _verdict(question: Question) -> bool | None:
    """None: it could not be told in time."""
    try:
        judge = _free.get_nowait()
    except queue.Empty:
        try:
            judge = _Judge()
        except OSError as error:
            log.error("no process can be started to judge a pattern: %s", error)
            return None
    verdict = judge.ask(question)
    if judge.alive:
        _free.put(judge)
    return verdict


class _Judge:
    """The process, which answers one question after the other."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("judge.py")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
        )
        if self._line(START) != b"ready\n":
            self.end()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: Question) -> bool | None:
        """None: it took too long, or the process broke; it is of no use any more then."""
        assert self._process.stdin is not None
        line = json.dumps([question.pattern, question.how, question.text]).encode() + b"\n"
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
            said = self._line(LIMIT)
        except OSError:
            said = b""
        if said not in (b"yes\n", b"no\n"):
            self.end()
            return None
        return said == b"yes\n"

    def _line(self, seconds: float) -> bytes:
        """The next line; empty: there was none in time."""
        out = self._process.stdout
        assert out is not None
        ready, _, _ = select.select([out], [], [], seconds)
        return out.readline() if ready else b""

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
