"""What cards and messages are made of: spans, names, moments, and outputs cut to fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime

from bot import model, texts
from bot.deployment import Deployment
from bot.policy import identity

Row = tuple[str, tuple[model.Span, ...]]

MOST_NAMED = 8
OUTPUT_LINES = (8, 16)
OUTPUT_CHARS = 1_600
ASKED_CHARS = 200


def span(text: str) -> model.Span:
    return model.Span(text)


def bold(text: str) -> model.Span:
    return model.Span(text, "bold")


def code(text: str) -> model.Span:
    return model.Span(text, "code")


def para(*spans: model.Span) -> model.Block:
    return model.Block("para", spans)


def words(text: str) -> tuple[model.Span, ...]:
    """A sentence of the bot's, in which what stands between backticks is to be typed as it is."""
    parts = re.split(r"`([^`\n]+)`", text)
    kinds = (span, code)
    return tuple(kinds[place % 2](part) for place, part in enumerate(parts) if part)


def people(accounts: Iterable[model.Account]) -> tuple[model.Span, ...]:
    """Mentions of these accounts, with a space between them."""
    spans: list[model.Span] = []
    for account in accounts:
        if spans:
            spans.append(span(" "))
        spans.append(model.Span(account.name or account.id, at=account))
    return tuple(spans)


TITLE = 40
"""Characters of a sentence that are its title."""


def sentence(
    title: str, text: str, mentions: tuple[model.Account, ...] = (), quote: str = ""
) -> model.Message:
    """A message of one sentence, mentioning people in front of it; `…` in it is code. Without a
    title, it is how the sentence begins, which no platform shows above that."""
    spans = people(mentions)
    blocks = (para(*spans, *((span(" "),) if spans else ()), *words(text)),)
    return model.Message(title or texts.plain(text)[:TITLE], blocks, mentions, quote)


def moment(deployment: Deployment, when: datetime) -> str:
    return f"{when.astimezone(deployment.zone):%m-%d %H:%M}"


def state_word(locale: str, request: model.Request) -> str:
    return texts.say(locale, f"state.{request.word}")


def name_of(deployment: Deployment, person: str) -> str:
    known = deployment.book.people.get(person)
    return known.name if known else person


def names_of(deployment: Deployment, ids: Iterable[str]) -> list[str]:
    return [name_of(deployment, person) for person in ids]


def accounts_of(
    deployment: Deployment, ids: Iterable[str], place: model.Place
) -> tuple[model.Account, ...]:
    """The accounts by which these people can be mentioned in this place."""
    accounts = (
        identity.account_of(deployment.book, who, place.platform, place.tenant) for who in ids
    )
    return tuple(account for account in accounts if account is not None)


def instance_name(instance: model.Instance) -> str:
    return f"{instance.name} ({instance.id})" if instance.name else instance.id


def targets(
    locale: str, instances: Sequence[model.Instance], whole: str, number: int = 0
) -> tuple[model.Span, ...]:
    """The instances, all of them or as many as fit into a line and, in the words of the key
    ``whole``, where all of them stand: below, or in the plan of the request of this ``number``."""
    names = [instance_name(instance) for instance in instances]
    some = code(", ".join(names[:MOST_NAMED]))
    if len(names) <= MOST_NAMED:
        return (some,)
    facts = {"total": len(names), "count": len(names) - MOST_NAMED, "id": number}
    before, _, after = texts.say(locale, whole, names="\0", **facts).partition("\0")
    return span(before), some, span(after)


def legend(locale: str) -> tuple[str, str]:
    """The words in front of the list of marks, for blocks in which every character counts."""
    return texts.say(locale, "card.marks"), texts.say(locale, "card.marks.kept")


def exact(locale: str, text: str) -> model.Block:
    """Lines that decide what runs, each character of them to be told."""
    return model.Block("pre", text=text, legend=legend(locale))


def exact_rows(locale: str, rows: Iterable[Row]) -> model.Block:
    """Facts, in the code of which each character can be told."""
    return model.Block("facts", rows=tuple(rows), legend=legend(locale))


def title_of(request: model.Request) -> str:
    return f"#{request.id} {request.command}"


def asked_text(request: model.Request) -> str:
    """What was typed, on one line; a script in it is not said twice, as the plan tells it whole."""
    text = " ".join(request.text.split())
    if len(text) <= ASKED_CHARS:
        return text
    note = texts.say(request.locale, "card.asked.cut", count=len(text) - ASKED_CHARS)
    return f"{text[:ASKED_CHARS]} {note}"


def votes_list(
    deployment: Deployment, request: model.Request, votes: Sequence[model.Vote]
) -> tuple[model.Block, ...]:
    """Who voted, what, when and why: a line each."""
    if not votes:
        return ()
    locale = request.locale
    rows: list[Row] = []
    for vote in votes:
        mark = "✓ " if vote.approve else "✗ "
        word = texts.say(locale, f"card.vote.{vote_word(vote)}")
        text = f"{word} {moment(deployment, vote.at)}"
        if vote.via == "form":
            text += " · " + texts.say(locale, "card.via.form")
        elif vote.via == "standing" and request.standing is not None:
            text += " · " + standing_text(locale, request.standing)
        why = texts.say(locale, "card.vote.why", vote=text, why=vote.reason)
        name = name_of(deployment, vote.person)
        rows.append((f"{mark}{name}", (span(why if vote.reason else text),)))
    return (model.Block("list", rows=tuple(rows)),)


def standing_text(locale: str, use: model.StandingUse) -> str:
    """By which standing approval somebody agreed."""
    return texts.say(locale, "card.via.standing", number=use.number)


def vote_word(vote: model.Vote) -> str:
    return vote.word or ("approve" if vote.approve else "reject")


def grouped(digest: str) -> str:
    """A digest in groups of eight, to be compared by eye and broken between lines."""
    return " ".join(digest[place : place + 8] for place in range(0, len(digest), 8))


def quoted(text: str) -> tuple[model.Block, ...]:
    """What somebody gave as a reason, as they wrote it."""
    return (model.Block("quote", text=text),) if text.strip() else ()


def cut(locale: str, output: str, dropped: int, command: str) -> str:
    """An output short enough for a chat: its head and its tail, between them how much is left out
    there and the ``command`` that shows it; and what the platform itself dropped (``dropped``
    bytes), which is nowhere."""
    text = output.rstrip()
    head_lines, tail_lines = OUTPUT_LINES
    lines = text.split("\n")
    head, tail = text, ""
    if len(lines) > head_lines + tail_lines:
        head, tail = "\n".join(lines[:head_lines]), "\n".join(lines[-tail_lines:])
    elif len(text) > OUTPUT_CHARS:
        head, tail = text[: OUTPUT_CHARS // 2], text[OUTPUT_CHARS // 2 :]
    if len(head) + len(tail) > OUTPUT_CHARS:
        head, tail = head[: OUTPUT_CHARS // 2], tail[-(OUTPUT_CHARS // 2) :]
    parts = [text]
    if tail:
        middle = text[len(head) : len(text) - len(tail)]
        lost = middle.removeprefix("\n").removesuffix("\n")
        facts = {"lines": lost.count("\n") + 1, "count": len(lost.encode())}
        gap = texts.say(locale, "say.cut", command=command, **facts)
        parts = [head.rstrip("\n"), gap, tail.lstrip("\n")]
    if dropped:
        parts.append(texts.say(locale, "say.dropped", count=dropped))
    return "\n".join(part for part in parts if part)
