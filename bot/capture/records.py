"""The lines of a capture: how they are written, and how they are read, whatever they hold."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from bot import release
from bot.model import traffic

FORMAT = 1
KEY = "countersign-capture"
PATTERN = "capture-*.jsonl"
MOST_LINE = 8 << 20
"""Bytes of a line that is read; a longer one is not written."""
MOST_NUMBER = 1_000
"""Digits: a longer number can't be read in a time that is worth it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line. ``body`` is its JSON object."""

    file: Path
    line: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line, or with ``line`` 0 a whole file, can't be read."""

    file: Path
    line: int
    reason: str


def dumped(value: Mapping[str, object]) -> bytes:
    """A line. Half a character, which JSON may hold and UTF-8 may not, is escaped."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return text.encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"


def header(capture: str, number: int, at: datetime) -> dict[str, object]:
    """The first line of a file."""
    return {
        KEY: FORMAT,
        "release": release.version(),
        "capture": capture,
        "file": number,
        "at": at.isoformat(),
    }


def frame(party: str, way: str, content: object) -> dict[str, object]:
    return {"party": party, "frame": way, "content": content}


def exchange(body: traffic.Exchange, content: object, answer: object) -> dict[str, object]:
    """A call as it is written. ``content`` and ``answer``: the bodies, opened."""
    facts: dict[str, object] = {
        "action": body.action,
        "headers": dict(body.headers),
        "body": content,
        "status": body.status,
        "answer": answer,
        "error": body.error,
    }
    kept = {name: value for name, value in facts.items() if value not in ("", None, {})}
    call = {"party": body.party, "exchange": body.way, "method": body.method, "url": body.url}
    return {**call, **kept}


def exchange_of(body: Mapping[str, object]) -> traffic.Exchange:
    """The call that a record is of. Raises ValueError for one that can't be meant."""
    way, status, headers = body.get("exchange"), body.get("status", 0), body.get("headers", {})
    if way not in ("in", "out"):
        raise ValueError("neither a call nor one that was answered")
    if type(status) is not int or not 0 <= status <= 999:
        raise ValueError("the status is no HTTP status")
    if not isinstance(headers, dict) or not all(isinstance(v, str) for v in headers.values()):
        raise ValueError("the headers are no texts by name")
    return traffic.Exchange(
        text(body, "party"),
        text(body, "method"),
        text(body, "url"),
        headers,
        body.get("body"),
        status,
        body.get("answer", ""),
        text(body, "error"),
        text(body, "action"),
        "in" if way == "in" else "out",
    )


def text(body: Mapping[str, object], name: str) -> str:
    """Raises ValueError for what is no text."""
    value = body.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value


# ----------------------------------------------------------------------------- reading


def files_of(folder: Path) -> Sequence[Path]:
    """The files of a folder in the order in which they were written. Raises OSError."""
    return sorted(path for path in folder.iterdir() if path.match(PATTERN))


def of_folder(folder: Path) -> Iterator[Record | Fault]:
    """The records of a folder, and in their place what can't be read. Raises OSError where there is
    no such folder."""
    for path in files_of(folder):
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                yield Fault(path, 0, "not a plain file")
                continue
            with path.open("rb") as file:
                yield from _of_file(path, file)
        except OSError as error:
            yield Fault(path, 0, f"can't be read: {error.strerror or type(error).__name__}")


def _of_file(path: Path, file: IO[bytes]) -> Iterator[Record | Fault]:
    for number, line in enumerate(_lines(file), 1):
        record = _read(path, number, line)
        if number == 1:
            fault = record if isinstance(record, Fault) else _fault_of_header(record)
            if fault is not None:
                yield fault
                return
        else:
            yield record
    if file.tell() == 0:
        yield Fault(path, 0, "empty")


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines; one that is too long as far as it may be, and the rest of it is passed over."""
    while line := file.readline(MOST_LINE + 1):
        yield line
        while len(line) > MOST_LINE and not line.endswith(b"\n"):
            line = file.readline(MOST_LINE + 1)


def _fault_of_header(record: Record) -> Fault | None:
    version = record.body.get(KEY)
    if version == FORMAT and type(version) is int:
        return None
    if type(version) is int:
        reason = f"of format {version}, and this release reads format {FORMAT}"
    else:
        reason = "does not begin with the header of a capture"
    return Fault(record.file, record.line, reason)


def _read(path: Path, number: int, line: bytes) -> Record | Fault:
    if len(line) > MOST_LINE:
        return Fault(path, number, f"longer than {MOST_LINE} bytes")
    try:
        value = json.loads(line.decode(), parse_int=_integer)
    except UnicodeDecodeError:
        return Fault(path, number, "not UTF-8")
    except RecursionError:
        return Fault(path, number, "nested too deeply")
    except ValueError:
        cut = "" if line.endswith(b"\n") else ", cut off"
        return Fault(path, number, f"no JSON{cut}")
    if not isinstance(value, dict):
        return Fault(path, number, "no JSON object")
    return Record(path, number, value)


def _integer(digits: str) -> int:
    if len(digits) > MOST_NUMBER:
        raise ValueError("a number is too long")
    return int(digits)
