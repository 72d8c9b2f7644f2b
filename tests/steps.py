"""Steps of a how-to that change the code, as its page has them: what the text says is what the test
performs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EDIT = re.compile(r"In `([^`]+)`, (before|in place of) (?:``(.+)``|`([^`]+)`):$")
FILE = re.compile(r"New file `([^`]+)`:$")
COMMAND = re.compile(r"^\$ python -m (\S.*) > (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Edit:
    """``text`` comes before ``anchor``, which stands once in the file, or in its place."""

    path: str
    anchor: str
    text: str
    before: bool


@dataclass(frozen=True)
class File:
    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """A module of Python with its arguments, and the file that takes what it prints."""

    words: tuple[str, ...]
    path: str


Step = Edit | File | Command


def section(page: str, heading: str) -> str:
    return page.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def of(text: str) -> Iterator[Step]:
    """The steps of a section. ValueError: a block of code without an instruction before it."""
    end = 0
    for fence in FENCE.finditer(text):
        prose = text[end : fence.start()].strip().replace("\n", " ")
        end = fence.end()
        if fence[1] == "console":
            for words, path in COMMAND.findall(fence[2]):
                yield Command(tuple(words.split()), path)
        elif edit := EDIT.search(prose):
            before = edit[2] == "before"
            new = fence[2] if before else fence[2].removesuffix("\n")
            new += "\n\n" * bool(re.match("@|class |def ", new))
            yield Edit(edit[1], edit[3] or edit[4], new, before)
        elif file := FILE.search(prose):
            yield File(file[1], fence[2])
        else:
            raise ValueError(f"what is to be done with this? {prose[-80:]!r}")
