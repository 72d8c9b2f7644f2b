"""Pseudonyms: the same for the same person, of the same kind and about as long, and never real.

What stands for a person is made of runs of letters, digits or Chinese characters. Each run gets one
of its own, by a key that nobody keeps: so ``ou_bob``, ``u-bob`` and ``Bob`` still look alike, and
no list of employees tells who it is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

_RUN = re.compile(r"[A-Za-z0-9]+|[^\x00-\x7f]+")
_KIND = re.compile(r"(?:\$:LWCP_v1:\$|[a-z]{1,3}[_-])")
"""What ids begin with that says of what kind they are."""
_EMAIL = re.compile(r"([^@\s]+)@[A-Za-z0-9.-]+")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
LETTERS = "bcdfghjklmnpqrstvwxz"
"""No vowels: such names are nobody's."""
CHARACTERS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥"
DIGITS = "0123456789"
HEX = "0123456789abcdef"
MAILS = "example.com"
STYLES = (str.lower, str.upper, str.capitalize)


class Pseudonyms:
    """Runs and what stands for them. No two runs get the same, and what was given out once stands
    for itself."""

    def __init__(self, key: bytes = b"") -> None:
        self._key = key or secrets.token_bytes(32)
        self._runs: dict[str, str] = {}
        self._issued: set[str] = set()

    def of(self, original: str) -> str:
        """What stands for an id, a name, a number or an address of mail."""
        if mail := _EMAIL.fullmatch(original):
            return f"{self.of(mail[1])}@{MAILS}"
        kind = _KIND.match(original)
        start = kind.end() if kind is not None else 0
        return original[:start] + _RUN.sub(lambda run: self._of_run(run[0]), original[start:])

    def number(self, original: int) -> int:
        """What stands for a number that is a person's."""
        return int(self.of(str(abs(original)))) * (-1 if original < 0 else 1)

    def _of_run(self, run: str) -> str:
        style = next((each for each in STYLES if each(run) == run), None)
        base = run.lower() if style is not None else run
        if base in self._issued:
            return run
        known = self._runs.get(base)
        if known is None:
            known = self._runs[base] = self._new(base)
            self._issued.add(known)
        return style(known) if style is not None else known

    def _new(self, run: str) -> str:
        alphabet, least = _alphabet(run)
        turn, mixed = 0, run.isascii() and run != run.lower()
        while True:
            size = max(len(run), least) + turn // 64
            text = self._drawn(f"{turn}:{run}", alphabet, size)
            if run.isdecimal() and run.isascii():
                text = _shaped(text, run)
            if mixed and any(style(text) == text for style in STYLES):
                text = ""  # it must not look like a name in another style
            if text and text not in self._issued and text not in self._runs and text != run:
                return text
            turn += 1

    def _drawn(self, seed: str, alphabet: str, size: int) -> str:
        """Characters by a seed, each as likely as the next."""
        out, block = "", 0
        while len(out) < size:
            message = f"{block}:{seed}".encode("utf-8", "surrogatepass")
            digest = hmac.digest(self._key, message, hashlib.sha256)
            out += "".join(alphabet[byte % len(alphabet)] for byte in digest)
            block += 1
        return out[:size]


def _alphabet(run: str) -> tuple[str, int]:
    """Of what a run's pseudonym is made, and how long it is at least."""
    if not run.isascii():
        return CHARACTERS, 2
    if run.isdigit():
        return DIGITS, 6
    if len(run) >= 8 and any(c.isdigit() for c in run) and set(run) <= set(HEX):
        return HEX, 8
    if run.isalpha():
        return LETTERS if run.islower() else LETTERS + LETTERS.upper(), 4
    return LETTERS + DIGITS + ("" if run == run.lower() else LETTERS.upper()), 6


def _shaped(text: str, run: str) -> str:
    """A number begins with no zero, and a mobile's looks like one."""
    if _MOBILE.fullmatch(run):
        return f"1{3 + int(text[1]) % 7}{text[2:]}"
    return text if text[0] != "0" else f"7{text[1:]}"
