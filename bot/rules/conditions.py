"""What a pattern asks of one value. ``holds`` is asked about scalars: text, numbers, booleans and
null; arrays and presence are the business of ``tree``.

Alibaba compares values by their text: 80 is "80" and true is "true", but 300 is not 300.0. AWS
compares like with like, numbers by value. Every event is stored as values, so 3.0e2 and 300.0 are
the same number here; Alibaba's open-source core still sees the difference.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Protocol

Dialect = Literal["alibaba", "aws"]
How = Literal["prefix", "suffix", "contains", "equals-ignore-case"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
EPSILON = 1e-7
"""Alibaba's numbers are equal where they differ by less (its open-source core's threshold)."""
NEAR = 1e10
"""Beyond this, two numbers of double precision that differ at all differ by more than EPSILON."""
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition(Protocol):
    """One condition; its ``str`` is what people read. To ask costs ``weight`` comparisons."""

    @property
    def weight(self) -> int: ...

    def holds(self, value: object) -> bool: ...


def key(value: Any, dialect: Dialect) -> Hashable:
    """What two equal scalars have in common: equality as a key of a dict."""
    if value is None:
        return ("null",)
    if isinstance(value, bool):
        return ("true" if value else "false") if dialect == "alibaba" else (value,)
    return number_text(value) if dialect == "alibaba" and not isinstance(value, str) else value


def number_text(value: int | float) -> str:
    """A number as JSON writes it; one of thousands of digits in hexadecimal, which is cheap."""
    return hex(value) if isinstance(value, int) and value.bit_length() > 4000 else repr(value)


def is_number(value: object) -> bool:
    """Is it a number? A boolean is not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def said(value: Any) -> str:
    """A value as a short text for people."""
    if isinstance(value, str):
        text = value if len(value) <= 80 else f"{value[:79]}…"
        return '"' + text.translate(_QUOTED) + '"'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        names = [f"`{name[:40]}`" for name in list(value)[:6] if isinstance(name, str)]
        return f"an object with {', '.join(names)}" + ("…" if len(value) > 6 else "")
    if isinstance(value, list):
        more = ", …" if len(value) > 4 else ""
        inner = ("[…]" if isinstance(each, list) else said(each) for each in value[:4])
        return f"[{', '.join(inner)}{more}]"
    return number_text(value)[:80] if is_number(value) else type(value).__name__


_QUOTED = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


@dataclass(frozen=True, slots=True, eq=False)
class Equals:
    """The value itself. Two are the same condition where kind and text of their values are: Python
    takes 1, 1.0 and True for equal, and patterns do not."""

    value: Any
    dialect: Dialect
    weight: ClassVar[int] = 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Equals) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[type, str, Dialect]:
        value = self.value
        text = number_text(value) if is_number(value) else str(value)
        return type(value), text, self.dialect

    def holds(self, value: object) -> bool:
        return key(value, self.dialect) == key(self.value, self.dialect)

    def __str__(self) -> str:
        return said(self.value)


@dataclass(frozen=True, slots=True)
class Text:
    """A comparison of text with text: ``prefix``, ``suffix``, ``contains`` or
    ``equals-ignore-case``, the first two also without regard to case."""

    how: How
    text: str
    fold: bool = False
    weight: ClassVar[int] = 1

    def holds(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        text: str = value.lower() if self.fold else value
        if self.how == "prefix":
            return text.startswith(self.text)
        if self.how == "suffix":
            return text.endswith(self.text)
        return self.text in text if self.how == "contains" else text == self.text

    def __str__(self) -> str:
        any_case = " in any case" if self.fold and self.how != "equals-ignore-case" else ""
        return f"{self.how} {said(self.text)}{any_case}"


@dataclass(frozen=True, slots=True)
class Wildcard:
    """Text with ``*`` for any characters or none, split at the stars; matched greedily from left
    to right, which is linear in the value for every star and never goes back."""

    written: str
    pieces: tuple[str, ...]
    weight: ClassVar[int] = 1

    def holds(self, value: object) -> bool:
        if not isinstance(value, str):
            return False
        first, *middle = self.pieces
        if not middle:
            return value == first
        last = middle.pop()
        end = len(value) - len(last)
        if end < len(first) or not (value.startswith(first) and value.endswith(last)):
            return False
        at = len(first)
        for piece in middle:
            start = value.find(piece, at, end)
            if start < 0:
                return False
            at = start + len(piece)
        return True

    def __str__(self) -> str:
        return f"wildcard {said(self.written)}"


@dataclass(frozen=True, slots=True)
class Numeric:
    """Comparisons of a number, all of which hold. Whole numbers are exact whatever their size;
    those with a fraction or an exponent have double precision, in patterns as in events."""

    terms: tuple[tuple[str, int | float], ...]
    dialect: Dialect
    weight: ClassVar[int] = 1

    def holds(self, value: Any) -> bool:
        if not is_number(value):
            return False
        return all(self._term(name, value, number) for name, number in self.terms)

    def _term(self, name: str, value: int | float, number: int | float) -> bool:
        if self.dialect == "alibaba" and name in ("=", "!=", "<=", ">="):
            if name in ("=", "!="):
                return near(value, number) == (name == "=")
            return near(value, number) or COMPARE[name](value, number)
        return COMPARE[name](value, number)

    def __str__(self) -> str:
        terms = " and ".join(f"{name} {number_text(number)}" for name, number in self.terms)
        return f"a number {terms}"


def near(one: int | float, other: int | float) -> bool:
    """Are two numbers equal to Alibaba?"""
    if one == other:
        return True
    return -NEAR < one < NEAR and -NEAR < other < NEAR and abs(one - other) < EPSILON


@dataclass(frozen=True, slots=True)
class Cidr:
    """An IP address, in text, within a network."""

    network: Network
    weight: ClassVar[int] = 1

    def holds(self, value: object) -> bool:
        ip = address(value)
        return ip is not None and ip.version == self.network.version and ip in self.network

    def __str__(self) -> str:
        return f"an IP address in {self.network}"


def address(value: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a text is; None: it is none, or one with a zone."""
    if not isinstance(value, str) or not 2 <= len(value) <= 45 or "%" in value:
        return None
    try:
        return ipaddress.ip_address(value)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class AnythingBut:
    """Any value, null too, for which none of these holds. It does not hold of what is missing."""

    but: tuple[Condition, ...]
    keys: Mapping[Dialect, frozenset[Hashable]] = field(init=False, compare=False, repr=False)
    others: tuple[Condition, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        keys: dict[Dialect, set[Hashable]] = {}
        for one in self.but:
            if isinstance(one, Equals):
                keys.setdefault(one.dialect, set()).add(key(one.value, one.dialect))
        others = tuple(one for one in self.but if not isinstance(one, Equals))
        object.__setattr__(self, "keys", {name: frozenset(each) for name, each in keys.items()})
        object.__setattr__(self, "others", others)

    @property
    def weight(self) -> int:
        return len(self.keys) + len(self.others)

    def holds(self, value: object) -> bool:
        for dialect, keys in self.keys.items():
            if key(value, dialect) in keys:
                return False
        return not any(condition.holds(value) for condition in self.others)

    def __str__(self) -> str:
        return f"anything but {listed(self.but)}"


@dataclass(frozen=True, slots=True)
class Exists:
    """Presence (null is present), or absence; a scalar is asked about only where there is one."""

    present: bool
    weight: ClassVar[int] = 1

    def holds(self, value: object) -> bool:
        return self.present

    def __str__(self) -> str:
        return "present" if self.present else "absent"


def listed(conditions: Iterable[Condition], joint: str = " or ") -> str:
    """Conditions as a sentence lists them; many are cut."""
    texts = [str(condition) for condition in conditions]
    return joint.join(texts[:6]) + (f"{joint}{len(texts) - 6} more" if len(texts) > 6 else "")
