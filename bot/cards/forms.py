"""What a card says of the OA form that asked."""

from __future__ import annotations

from bot import model, texts
from bot.cards.parts import Row, bold, code, span
from bot.source import masks


def form_rows(request: model.Request, form: model.FormOrigin, counts: bool) -> list[Row]:
    """Why a form has to be confirmed, and what it replaces. ``counts``: would its decision have
    been the approval?"""
    locale = request.locale

    def row(label: str, key: str, **facts: object) -> Row:
        return texts.say(locale, label), (span(texts.say(locale, key, **facts)),)

    rows: list[Row] = []
    if form.late:
        rows.append(row("card.late", "card.late.why"))
    if form.ran:
        state = texts.say(locale, f"state.{form.ran}")
        rows.append(row("card.late", "form.doubt.ran", id=form.replaces, state=state))
    if form.doubt and counts:
        rows.append(row("card.late", form.doubt))
    if not form.original:
        return rows
    if not form.replaces:
        rows.append(row("card.form", "form.replaces.none"))
        return rows
    if not form.ran:
        rows.append(row("card.form", "form.replaces", id=form.replaces))
    return [*rows, changes_row(locale, form)]


def changes_row(locale: str, form: model.FormOrigin) -> Row:
    """What is different from what the original form asked for."""
    spans: list[model.Span] = []
    for name, before, now in form.changes:
        spans.append(span("; " if spans else ""))
        if masks.MASK in (before, now):
            spans.append(span(texts.say(locale, "form.change.hidden", name=name)))
            continue
        spans += [span(f"{name}: "), code(before or "–"), span(" → "), code(now or "–")]
    if not spans:
        spans.append(bold(texts.say(locale, "form.change.none")))
    return texts.say(locale, "card.changes"), tuple(each for each in spans if each.text)
