"""The short form of a pattern: ``$.source == "a" && ($.data.n > 5 || $.type in ["x", "y"])``.

==================================== ==========================================================
``$.a == 1``, ``$.a != 1``           a value; anything but it (what is missing is not unequal)
``$.a < 1``, ``<=``, ``>``, ``>=``   ``numeric``
``$.a in [1, 2]``, ``not in``        one of several; anything but these
``$.a prefix "x"``                   so too ``suffix``, ``contains``, ``wildcard``, ``cidr`` and
                                     ``equals-ignore-case``
``$.a``, ``!$.a``                    it exists; it does not
``&&``, ``||``, ``(…)``              also ``and``, ``or``
==================================== ==========================================================

It compiles to the same fields as JSON does, so everything else is said in ``pattern``.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

from bot import source
from bot.rules import conditions, grammar, operators, tree
from bot.source import json_text, nodes, paths, positions, suggest

_COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
_OPERATORS = ("prefix", "suffix", "contains", "wildcard", "cidr", "equals-ignore-case")
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<path>\$(?:\.[^\W\d][\w-]*|\[(?:"[^"\\]*"|'[^'\\]*')\])+)
    | (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<raw>'[^'\\]*')
    | (?P<number>-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?(?![\w.]))
    | (?P<sign>&&|\|\||==|!=|<=|>=|[<>!()\[\],])
    | (?P<word>[A-Za-z][A-Za-z-]*)
    )""",
    re.VERBOSE | re.DOTALL,
)
_SAME = {"and": "&&", "or": "||", "not": "not", "in": "in"}
_CONSTANTS: dict[str, object] = {"true": True, "false": False, "null": None}


def branches(text: str, dialect: conditions.Dialect, file: str) -> list[grammar.Branch]:
    """The branches of the short form. Invalid says what is wrong first, and where."""
    parser = _Parser(text, dialect, file)
    result = parser.either(0)
    if parser.kind:
        parser.fail(f"expected `&&`, `||` or the end, found {parser.here()}")
    return result


class _Parser:
    """One token ahead: ``kind`` ("" at the end), ``token``, and where it starts."""

    def __init__(self, text: str, dialect: conditions.Dialect, file: str) -> None:
        self.text = text
        self.dialect = dialect
        self.places = positions.Positions(file, text)
        self.end = 0
        self.advance()

    def advance(self) -> None:
        match = _TOKEN.match(self.text, self.end)
        if match is None:
            self.start = self.end + len(self.text[self.end :]) - len(self.text[self.end :].lstrip())
            self.kind, self.token = "", ""
            if self.start < len(self.text):
                self.unreadable()
            return
        self.kind = match.lastgroup or ""
        self.token = match[self.kind]
        self.start, self.end = match.start(self.kind), match.end()
        if self.kind == "word" and self.token in _SAME:
            self.kind, self.token = "sign", _SAME[self.token]

    def unreadable(self) -> NoReturn:
        letter = self.text[self.start]
        if letter == "$":
            self.fail("a path is written $.data.role or $.data['x.y']")
        if letter in "\"'":
            self.fail("the text is not closed, or has a `\\` within single quotes")
        if letter == "=":
            self.fail("equality is written `==`")
        if letter in "&|":
            self.fail(f"write `{letter * 2}`")
        self.fail(f"`{letter}` means nothing here")

    def fail(self, message: str, offset: int | None = None) -> NoReturn:
        mark = self.places.at(self.start if offset is None else offset)
        raise source.Invalid(source.Fault(mark, message))

    def here(self) -> str:
        return f"`{self.token[:60]}`" if self.kind else "the end"

    def sign(self, *tokens: str) -> bool:
        return self.kind == "sign" and self.token in tokens

    def either(self, depth: int) -> list[grammar.Branch]:
        branches = self.all(depth)
        while self.sign("||"):
            self.advance()
            branches = self.bounded(branches + self.all(depth))
        return branches

    def all(self, depth: int) -> list[grammar.Branch]:
        branches = self.term(depth)
        while self.sign("&&"):
            self.advance()
            right = self.term(depth)
            if len(branches) * len(right) > grammar.BRANCHES:
                self.fail(f"more than {grammar.BRANCHES} combinations of `||`; split the rule")
            branches = [(*one, *other) for one in branches for other in right]
        return branches

    def bounded(self, branches: list[grammar.Branch]) -> list[grammar.Branch]:
        if len(branches) > grammar.BRANCHES:
            self.fail(f"more than {grammar.BRANCHES} combinations of `||`; split the rule")
        return branches

    def term(self, depth: int) -> list[grammar.Branch]:
        if depth > nodes.DEEPEST:
            self.fail(f"nested deeper than {nodes.DEEPEST} levels")
        if self.sign("("):
            self.advance()
            branches = self.either(depth + 1)
            if not self.sign(")"):
                self.fail(f"expected `)`, found {self.here()}")
            self.advance()
            return branches
        if self.sign("!", "not"):
            self.advance()
            if self.kind != "path":
                self.fail("`!` stands before a path ($.a is absent); use `!=` or `not in` for more")
            return self.field(self.path(), (conditions.Exists(False),))
        if self.kind != "path":
            self.fail(f'expected a path like $.source == "…", found {self.here()}')
        return self.comparison(self.path())

    def path(self) -> tuple[str, ...]:
        """The keys of the path that is here."""
        try:
            steps = paths.parse(self.token).steps
        except source.Invalid as error:
            self.fail(error.message)
        keys = tuple(step[0] for step in steps if isinstance(step, tuple))
        problems = grammar.Reader(positions.Positions(""), self.dialect)
        if not problems.top(keys[0], {} if len(keys) > 1 else [], (keys[0],)):
            self.fail(problems.faults[0].message)
        self.advance()
        return keys

    def field(self, keys: tuple[str, ...], *options: tree.Option) -> list[grammar.Branch]:
        return [(tree.Field(keys, tuple(dict.fromkeys(options))),)]

    def comparison(self, keys: tuple[str, ...]) -> list[grammar.Branch]:
        at = self.start
        if self.sign(*_COMPARISONS):
            sign = self.token
            self.advance()
            return self.compared(keys, sign, at)
        negated = self.sign("not")
        if negated:
            self.advance()
        if self.sign("in"):
            self.advance()
            values = self.values()
            if negated:
                return self.field(keys, (self.read("anything-but", values, at),))
            return self.field(keys, *((operators.exact(value, self.dialect),) for value in values))
        if negated:
            self.fail(f"expected `in` after `not`, found {self.here()}")
        if self.kind == "word":
            name = self.token
            if name not in _OPERATORS:
                known = (*_OPERATORS, "in", "and", "or")
                hint = suggest.expected(name, sorted(known))
                self.fail(f"no operator is called `{name[:60]}`{hint}")
            self.advance()
            return self.field(keys, (self.read(name, self.value(), at),))
        return self.field(keys, (conditions.Exists(True),))

    def compared(self, keys: tuple[str, ...], sign: str, at: int) -> list[grammar.Branch]:
        value = self.value()
        if sign == "==":
            return self.field(keys, (operators.exact(value, self.dialect),))
        if sign == "!=":
            return self.field(keys, (self.read("anything-but", value, at),))
        return self.field(keys, (self.read("numeric", [sign, value], at),))

    def value(self) -> Any:
        """The value that is here; the parser moves on."""
        value: Any
        if self.kind in ("text", "number"):
            value = self.json()
        elif self.kind == "raw":
            value = self.token[1:-1]
        elif self.kind == "word" and self.token in _CONSTANTS:
            value = _CONSTANTS[self.token]
        elif self.kind == "path":
            self.fail("a path is compared with a value, not with another path")
        else:
            self.fail(f"expected a value (text in quotes, a number), found {self.here()}")
        self.advance()
        return value

    def json(self) -> object:
        """The value of a token that is written as in JSON."""
        try:
            value = json_text.value(self.token, self.places.file)
        except source.Invalid as error:
            self.fail(error.faults[0].message)
        return value

    def values(self) -> list[Any]:
        if not self.sign("["):
            self.fail(f'expected a list like ["a", "b"], found {self.here()}')
        self.advance()
        items = [self.value()]
        while self.sign(","):
            self.advance()
            items.append(self.value())
        if not self.sign("]"):
            self.fail(f"expected `,` or `]`, found {self.here()}")
        self.advance()
        return items

    def read(self, name: str, value: object, at: int) -> conditions.Condition:
        try:
            return operators.read(name, value, self.dialect)
        except operators.BadOperand as error:
            self.fail(error.message, at)
