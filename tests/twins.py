"""The Chinese twin ``page.zh-CN.md`` of an English page ``page.md``.

Under each heading of a twin a comment holds two digests: of the words of the English section that
it translates, and of those of the translation. ``make translated ARGS=docs/how-to/rules.md`` writes
them after a translation, copies code that has changed, and points the links of all twins at the
Chinese pages and pictures that exist.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMENT = re.compile(r"(?:^|\s)# .*")
LINK = re.compile(r"\]\(([^)\s]+)\)")
NOTE = re.compile(r"<!--.*?-->", re.DOTALL)
OTHERS = re.compile(r"(?<!\[English)" + LINK.pattern)
MARK = re.compile(r"<!-- en ([0-9a-f]{8}) zh ([0-9a-f]{8}) -->")
HAN = r"[\u3400-\u9fff]"


@dataclass(frozen=True)
class Section:
    """A heading (``## Title``) and the lines to the next heading of any level."""

    heading: str
    lines: tuple[str, ...]
    english: str = ""  # the digests of its mark, if it has one
    chinese: str = ""

    @property
    def level(self) -> int:
        return len(self.heading) - len(self.heading.lstrip("#"))

    @property
    def title(self) -> str:
        return self.heading.lstrip("# ")

    @property
    def anchor(self) -> str:
        """The id that GitHub gives the heading."""
        return re.sub(r"[^\w\- ]", "", self.title.lower()).replace(" ", "-")

    @property
    def digest(self) -> str:
        """Of its words, comments of code among them; where lines end makes no difference."""
        lines = [
            "".join(COMMENT.findall(line)) if code else line for line, code in coded(self.lines)
        ]
        words = " ".join(re.sub(NOTE, "", " ".join([self.heading, *lines])).split())
        return hashlib.sha256(words.encode()).hexdigest()[:8]


def coded(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it belongs to a code block, its fences included."""
    inside = False
    for line in lines:
        fence = line.lstrip().startswith("```")
        yield line, inside or fence
        inside ^= fence


def bare(line: str) -> str:
    """A line of code without its comment."""
    return COMMENT.sub("", line).rstrip()


def parts(section: Section) -> list[tuple[bool, list[str]]]:
    """Its lines in turns of text and code: (whether it is code, lines)."""
    turns = groupby(coded(section.lines), key=lambda pair: pair[1])
    return [(code, [line for line, _ in pairs]) for code, pairs in turns]


def with_code_of(english: Section, chinese: Section) -> Section:
    """The Chinese section with each code block that differs in more than comments from the English
    one replaced by that."""
    blocks = iter([lines for code, lines in parts(english) if code])
    result: list[str] = []
    for code, lines in parts(chinese):
        block = next(blocks, lines) if code else lines
        same = list(map(bare, block)) == list(map(bare, lines))
        result += lines if same else block
    return replace(chinese, lines=tuple(result))


def sections(page: Path) -> list[Section]:
    texts: list[list[str]] = []
    for line, code in coded(page.read_text("utf-8").splitlines()):
        if not code and re.match(r"#+ ", line):
            texts.append([])
        texts[-1].append(line)
    result = []
    for heading, *lines in texts:
        mark = MARK.fullmatch(lines[0]) if lines else None
        digests = (mark[1], mark[2]) if mark else ()
        result.append(Section(heading, tuple(lines[1:] if mark else lines), *digests))
    return result


def twin_of(file: Path) -> Path:
    return file.with_name(f"{file.stem}.zh-CN{file.suffix}")


def english_of(twin: Path) -> Path:
    return twin.with_name(twin.name.replace(".zh-CN", ""))


def twins() -> list[Path]:
    return sorted([*ROOT.glob("*.zh-CN.md"), *(ROOT / "docs").rglob("*.zh-CN.md")])


def chinese_link(page: Path, target: str) -> str:
    """Where the twin of an English page links to, where the page links to ``target``."""
    path, hash_, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    if re.match(r"[a-z]+:", target) or not twin_of(file).exists():
        return target
    if anchor:
        pairs = zip(sections(file), sections(twin_of(file)), strict=False)
        anchor = next((zh.anchor for en, zh in pairs if en.anchor == anchor), anchor)
    return (path and str(Path(path).with_name(twin_of(file).name))) + hash_ + anchor


def relink(twin: Path) -> None:
    """Write the links to English pages and pictures that have twins as links to these."""
    page = english_of(twin)
    lines = twin.read_text("utf-8").splitlines()
    for number, (line, code) in enumerate(coded(lines)):
        if not code:
            line = OTHERS.sub(lambda link: f"]({chinese_link(page, link[1])})", line)
            lines[number] = re.sub(r"(\.zh-CN\.md[^)\s]*\))（英文）", r"\1", line)
    twin.write_text("\n".join(lines) + "\n", "utf-8")


def follow(twin: Path, same: bool) -> list[str]:
    """Write the digests of the sections whose English has changed, and code that has.

    Returns what is in the way: with ``same`` false, a section whose translation has not changed.
    """
    english, chinese = sections(english_of(twin)), sections(twin)
    if [section.level for section in english] != [section.level for section in chinese]:
        return [f"{twin.name} has other headings than {english_of(twin).name}"]
    faults, lines = [], []
    for en, zh in zip(english, chinese, strict=True):
        digests = zh.english, zh.chinese
        if zh.english != en.digest:
            digests = en.digest, zh.digest
            if zh.chinese == zh.digest and not same:
                faults.append(f'"{zh.title}" has not changed, "{en.title}" has')
        mark = "<!-- en {} zh {} -->".format(*digests)
        lines += [zh.heading, mark, *with_code_of(en, zh).lines]
    if not faults:
        twin.write_text("\n".join(lines) + "\n", "utf-8")
    return faults


def main(words: list[str]) -> int:
    pages = [(Path.cwd() / word).resolve() for word in words if word != "--same"]
    if not pages or not all(twin_of(page).exists() for page in pages):
        print('usage: make translated ARGS="PAGE.md …"; --same: the meaning has not changed')
        return 2
    for twin in twins():
        relink(twin)
    faults = [fault for page in pages for fault in follow(twin_of(page), "--same" in words)]
    print("\n".join(faults), end="\n" if faults else "")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
