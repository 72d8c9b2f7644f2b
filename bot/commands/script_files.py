"""Scripts as they lie in the folder of commands: what would make them fail wherever they run."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from bot import source

SHELL, OTHERS = ".sh", frozenset({".ps1", ".bat"})
SUFFIXES = OTHERS | {SHELL}
LONGEST = 10.0
"""Seconds that a shell may take to read a script."""
_LINE = re.compile(r"(?:line |[^:\n]*: )(\d+): (.*)")
_SHEBANG = re.compile(r"#!\s*\S*?/(?:env\s+)?(bash|sh)\b")
_BOM = "\ufeff"


def read(path: Path) -> str:
    """The text of a script. Raises Unreadable."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise source.Invalid(f"cannot be read: {error.strerror}") from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise source.Invalid(f"is not UTF-8 text (line {line}); save it as UTF-8") from error


def faults(text: str, suffix: str = SHELL) -> Iterator[tuple[int, str]]:
    """What is wrong with a script: its line, and a sentence. The shell itself reads it, without
    running anything; where that shell is not on this machine, or there is another, nobody does."""
    if not text.removeprefix(_BOM).strip():
        yield 1, "is empty: nothing would run"
        return
    if suffix != SHELL:
        return
    if text.startswith(_BOM):
        yield 1, "begins with a byte-order mark, which a shell takes for a command; save it without"
        return
    if "\r\n" in text:
        line = text.count("\n", 0, text.index("\r\n")) + 1
        yield (
            line,
            "has line ends of Windows (CRLF), which a shell takes for a part of the words; save "
            "it with those of Unix (LF)",
        )
        return
    if all(not line.strip() or line.lstrip().startswith("#") for line in text.splitlines()):
        yield 1, "holds comments alone: nothing would run"
        return
    yield from syntax(text)


@functools.lru_cache(maxsize=512)
def syntax(text: str) -> tuple[tuple[int, str], ...]:
    """What its shell cannot read."""
    match = _SHEBANG.match(text)
    if text.startswith("#!") and match is None:
        return ()
    # sh is bash on many machines, and need not be so here
    shell = shutil.which("bash") or (shutil.which("sh") if match and match[1] == "sh" else None)
    if shell is None:
        return ()
    try:
        done = subprocess.run(
            [shell, "-n"],
            input=text.encode(),
            capture_output=True,
            env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
            timeout=LONGEST,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeEncodeError):
        return ()
    said = done.stderr.decode(errors="replace").splitlines()
    for line in said:
        match_line = _LINE.search(line)
        if match_line and (done.returncode or "here-document" in line):
            return ((int(match_line[1]), match_line[2].strip()),)
    if done.returncode:
        return ((1, " ".join(said)[:300] or "the shell cannot read it"),)
    return ()
