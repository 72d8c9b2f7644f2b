"""Findings in the words of ``bot.texts``: by the key of their sentence, whose mend has the same key
and ``_mend`` after it."""

from __future__ import annotations

from bot import texts
from bot.model import checks


def ok(id_: str, key: str, **facts: object) -> checks.Finding:
    return checks.ok(id_, texts.PHRASES[key], **facts)


def problem(id_: str, key: str, **facts: object) -> checks.Finding:
    return checks.problem(id_, texts.PHRASES[key], texts.PHRASES[f"{key}_mend"], **facts)


def unsure(id_: str, key: str, **facts: object) -> checks.Finding:
    return checks.unsure(id_, texts.PHRASES[key], texts.PHRASES[f"{key}_mend"], **facts)
