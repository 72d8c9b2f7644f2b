"""The answer to "does this pattern match this event, and why not?", for ``rule test``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.rules import escapes, pattern, vendors
from bot.rules import transform as transforms
from bot.source import json_text


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reasons`` is empty exactly where ``matched``; ``transformed`` is what the target would
    get, and ``problem`` why it would get nothing (both None where no transform was asked for, or
    nothing matched). ``warnings`` say where the vendor of the dialect might answer otherwise."""

    matched: bool
    reasons: tuple[pattern.Reason, ...] = ()
    transformed: object = None
    problem: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        """The exit status of the command: 0 matched, 1 did not."""
        return 0 if self.matched else 1

    def lines(self) -> list[str]:
        """The verdict for people, a line each."""
        if not self.matched:
            return ["does not match", *(f"  {reason}" for reason in self.reasons)]
        if self.problem is not None:
            return ["matches", f"  but nothing is sent: {self.problem}"]
        if self.transformed is None:
            return ["matches"]
        return ["matches", *escapes.text(self.transformed).splitlines()]

    def json(self) -> str:
        """The verdict for programs: ``matched``, ``reasons``, ``transformed``, ``problem`` and
        ``warnings``."""
        whole = {
            "matched": self.matched,
            "reasons": [one.plain() for one in self.reasons],
            "transformed": self.transformed,
            "problem": self.problem,
            "warnings": list(self.warnings),
        }
        return json.dumps(whole, ensure_ascii=False)


def judge(
    event_text: str,
    pattern_text: str | Mapping[str, object],
    dialect: pattern.Dialect = "alibaba",
    transform: transforms.Transform | None = None,
    into: transforms.Into = "json",
    files: tuple[str, str] = ("event", "pattern"),
) -> Verdict:
    """Match the event in JSON text against a pattern, and transform it if it matches. Invalid
    where one of them cannot be read, with places in ``files``, and where the transform cannot be
    written ``into`` there."""
    event = json_text.event(event_text, files[0])
    compiled = pattern.compile(pattern_text, dialect, files[1])
    if transform is not None:
        transforms.check(transform, into)
    reasons = compiled.explain(event)
    warnings = vendors.remarks(compiled, event)
    if reasons or transform is None:
        return Verdict(not reasons, reasons, warnings=warnings)
    try:
        made = transforms.render(transform, event, into)
    except escapes.Unwritable as error:
        return Verdict(True, problem=str(error), warnings=warnings)
    return Verdict(True, transformed=made, warnings=warnings)
