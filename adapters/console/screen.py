"""What a terminal shows, and what is meant by what is typed into it.

Nothing that people wrote begins at the edge of the screen: it stands behind a bar, wrapped to the
width there is, so no text passes for another message or for a button. A button has a number of its
own for as long as it offers the same: a number never means another plan than the one it was read
on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from adapters.console.client import Button, Entry
from adapters.console.render import columns, width
from adapters.console.words import say

COLOURS = {
    "orange": "33",
    "yellow": "93",
    "blue": "34",
    "green": "32",
    "red": "31",
    "purple": "35",
    "grey": "90",
}
NARROWEST = 20
CLOSING = set(" ，。、；：？！）》」』】〉…—·,.;:?!)]}")
OPENING = set("（《「『【〈([{")


def plain(text: str) -> str:
    """Control characters replaced: another server may listen at the address of the bot."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def rows(line: str, room: int) -> list[str]:
    """``line`` in rows that each take at most so many columns, broken between words; a word that is
    wider than a row is broken where the row ends. No character is left out."""
    if len(line) * 2 <= room:
        return [line]
    whole, row, used = [], "", 0
    for word in words_of(line):
        size = width(word)
        if used + size > room and row.strip():
            whole.append(row)
            row, used = "", 0
        if used + size <= room:
            row, used = row + word, used + size
            continue
        for char in word:
            if used + columns(char) > room and row:
                whole.append(row)
                row, used = "", 0
            row, used = row + char, used + columns(char)
    return [*whole, row]


def words_of(line: str) -> Iterator[str]:
    """``line`` cut wherever a row may end: behind spaces, and on either side of what is written
    without spaces (Chinese), but not before a mark that closes or behind one that opens."""
    start = 0
    for at in range(1, len(line)):
        before, char = line[at - 1], line[at]
        apart = before == " " or _stands_alone(before) or _stands_alone(char)
        if apart and char not in CLOSING and before not in OPENING and columns(char):
            yield line[start:at]
            start = at
    yield line[start:]


def _stands_alone(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


@dataclass(frozen=True, slots=True)
class Press:
    """A button as it was shown: of which card, at which revision."""

    card: str
    revision: int
    button: Button


@dataclass(slots=True)
class Screen:
    """What one person has seen. ``columns`` is the width, ``colours`` whether there are any."""

    account: str
    chat: str
    columns: int = 100
    colours: bool = False
    entries: dict[str, Entry] = field(default_factory=dict)
    numbers: dict[int, Press] = field(default_factory=dict)

    # ------------------------------------------------------------------------- showing

    def show(self, entry: Entry) -> list[str]:
        """The lines that are new to this person."""
        before = self.entries.get(entry.id)
        self.entries[entry.id] = entry
        if before == entry:
            return []
        if entry.recalled:
            return [self._head(entry, say("recalled"))]
        if entry.kind == "card":
            return self._card(entry, before is not None)
        return [self._head(entry), *self._behind("│ ", entry.text)]

    def _head(self, entry: Entry, note: str = "") -> str:
        """``10:31 bot m13 ↳ m12``, with the chat where it is another one than the person is in."""
        at = datetime.fromisoformat(entry.changed_at).astimezone().strftime("%H:%M")
        parts = [at, self._bold(plain(entry.author or "bot")), f"m{entry.number}"]
        answered = self.entries.get(entry.reply_to)
        if answered is not None:
            parts.append(f"↳ m{answered.number}")
        if entry.chat != self.chat:
            parts.append(say("in", chat=plain(entry.chat)))
        if self.account in entry.mentions:
            parts.append(self._bold(say("you")))
        return " ".join([*parts, note] if note else parts)

    def _card(self, entry: Entry, known: bool) -> list[str]:
        tone = COLOURS.get(entry.tone, "0")
        lines = [self._head(entry, say("now") if known else "")]
        title = rows(plain(entry.title), max(self.columns - 2, NARROWEST))
        for place, text in enumerate(title):
            lines.append(self._painted("│ " if place else "┌ ", tone) + self._bold(text))
        lines += self._behind("│ ", entry.text, tone)
        offered = [f"[{self._number(entry, each)}] {plain(each.label)}" for each in entry.buttons]
        *upper, last = self._beside(offered)
        lines += [self._painted("│ ", tone) + self._bold(row) for row in upper]
        end = "└ " if offered else "└"
        lines.append(self._painted(end, tone) + self._bold(last))
        return lines

    def _beside(self, labels: list[str]) -> list[str]:
        """Buttons in rows, as many in each as fit; none is broken that fits into a row."""
        lines = [""]
        for label in labels:
            longer = f"{lines[-1]}   {label}" if lines[-1] else label
            if lines[-1] and width(longer) > max(self.columns - 2, NARROWEST):
                lines.append(label)
            else:
                lines[-1] = longer
        return lines

    def own(self, text: str) -> list[str]:
        """What the terminal itself says, in rows; all but the first are indented."""
        first, *rest = rows(text, max(self.columns, NARROWEST))
        room = max(self.columns - 2, NARROWEST)
        return [first, *(f"  {row.lstrip()}" for row in rows("".join(rest), room) if row)]

    def _behind(self, bar: str, text: str, tone: str = "90") -> list[str]:
        room = max(self.columns - len(bar), NARROWEST)
        lines = (row for line in text.split("\n") for row in rows(plain(line), room))
        return [self._painted(bar, tone) + line for line in lines]

    def _number(self, entry: Entry, button: Button) -> int:
        """The number of a button: the same for as long as the card offers the same."""
        for number, known in self.numbers.items():
            same = (known.card, known.revision) == (entry.id, entry.revision)
            if same and known.button.action == button.action:
                return number
        number = len(self.numbers) + 1
        self.numbers[number] = Press(entry.id, entry.revision, button)
        return number

    def _painted(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours else text

    def _bold(self, text: str) -> str:
        return self._painted(text, "1") if text else ""

    # ------------------------------------------------------------------------- reading

    def press(self, line: str) -> tuple[Press, str] | None:
        """The button that a line means, and the reason behind it: its number, or its label alone
        where one card in this chat offers that now. None: it is a message to the bot."""
        first, _, rest = line.partition(" ")
        number = int(first) if re.fullmatch("[0-9]{1,9}", first) else 0
        if number in self.numbers:
            return self.numbers[number], rest.strip()
        labelled = [
            press for press in self.numbers.values()
            if press.button.label.casefold() == line.casefold() and self.offers(press)
        ]  # fmt: skip
        return (labelled[0], "") if len(labelled) == 1 else None

    def offers(self, press: Press) -> bool:
        """Does the card of this chat still offer it?"""
        entry = self.entries.get(press.card)
        same = entry is not None and entry.revision == press.revision
        return same and entry is not None and entry.chat == self.chat

    def numbered(self, number: str) -> Entry | None:
        """The message or card of this number."""
        named = (e for e in self.entries.values() if str(e.number) == number.removeprefix("m"))
        return next(named, None)
