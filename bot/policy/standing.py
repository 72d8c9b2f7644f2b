"""Standing approvals: whether one covers what is asked for, and whether it still counts.

What it is for is held to the plan with its targets, as they were looked up; and the votes on it are
counted anew each time, by the policies and the people of now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase

from bot import model
from bot.policy import humans, needs, quorum, voting
from bot.policy.model import Book, Refusal, Verdict, policy_of, together
from bot.policy.when import When

WILD = ("*", "?")


@dataclass(frozen=True, slots=True)
class Use:
    """What is asked for: ``targets`` as they were looked up, with the instances that are named
    beside them; ``content``: digest of what would run."""

    request: model.Request
    targets: tuple[model.Instance, ...]
    content: str


# ----------------------------------------------------------------------------- bounds


def concerns(book: Book, approval: model.StandingApproval, use: Use) -> bool:
    """Is it within the bounds, whatever has become of the approval itself?"""
    bounds, request = approval.bounds, use.request
    here = (request.place.platform, request.place.chat) == (bounds.platform, bounds.chat)
    return (
        here
        and request.command == bounds.command
        and has_people(book, approval, request)
        and has_values(bounds, request.args)
        and has_targets(bounds, use.targets)
    )


def has_people(book: Book, approval: model.StandingApproval, request: model.Request) -> bool:
    """May all who ask for it, or caused it, use the approval, under each name that they may
    have?"""
    parties = (humans.requester(request), *request.causes)
    names = [humans.holders(book, party) for party in parties]
    if not all(names):
        return False
    everybody = frozenset[str]().union(*names)
    role = approval.bounds.role
    if role:
        return all(who in book.people and role in book.people[who].roles for who in everybody)
    return everybody <= humans.holders(book, humans.requester(approval.request))


def has_values(bounds: model.StandingBounds, values: Mapping[str, object]) -> bool:
    """Does every value fit its patterns, and is none there, or left out, that they do not name?"""
    parts = {
        name: tuple(needs.parts_of(value))
        for name, value in values.items()
        if name not in bounds.free
    }
    return all(
        fits(bounds.values.get(name, ()), parts.get(name, ())) for name in {*bounds.values, *parts}
    )


def fits(patterns: Sequence[str], parts: Sequence[str]) -> bool:
    """Does each part of a value fit its pattern? A single pattern with ``*`` or ``?`` is that of
    all parts."""
    if len(patterns) == 1 and is_wild(patterns[0]):
        return bool(parts) and all(_fits(patterns[0], part) for part in parts)
    pairs = zip(patterns, parts, strict=False)
    return len(patterns) == len(parts) and all(_fits(*pair) for pair in pairs)


def is_wild(pattern: str) -> bool:
    return any(sign in pattern for sign in WILD)


def _fits(pattern: str, text: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def has_targets(bounds: model.StandingBounds, targets: Iterable[model.Instance]) -> bool:
    """Is each target one of the instances, or has one of the tags?"""
    return all(
        one.id in bounds.instances or not set(bounds.tags).isdisjoint(one.tags) for one in targets
    )


# ----------------------------------------------------------------------------- is it in force?


def refusal_of(
    book: Book, approval: model.StandingApproval, content: str, at: datetime
) -> Refusal | None:
    """Why the approval does not count at a moment for what runs: it was revoked, it is over, what
    runs has changed, or the votes on it do not suffice any more."""
    shown = {"number": approval.number}
    if approval.revoked_by:
        return Refusal("standing.revoked", shown)
    if at >= approval.until:
        return Refusal("standing.over", shown)
    if content != approval.bounds.content:
        return Refusal("standing.changed", shown | {"command": approval.bounds.command})
    name = voting.lacking(book, approval.request, approval.votes)
    return Refusal("standing.votes", shown | {"policy": name}) if name else None


@dataclass(frozen=True, slots=True)
class Choice:
    """The approval that a request is covered by (None: there is none), and why others that are for
    just this do not count now."""

    approval: model.StandingApproval | None
    refusals: tuple[Refusal, ...] = ()


def choice(
    book: Book, approvals: Iterable[model.StandingApproval], use: Use, at: datetime
) -> Choice:
    """The first approval that covers a request and counts, the oldest first. One that has no use
    left, was revoked or is over covers nothing, and is no news either."""
    refusals: list[Refusal] = []
    for approval in sorted(approvals, key=lambda one: one.number):
        if approval.uses >= approval.most or approval.revoked_by or at >= approval.until:
            continue
        if not concerns(book, approval, use):
            continue
        refusal = refusal_of(book, approval, use.content, at)
        if refusal is None:
            return Choice(approval)
        refusals.append(refusal)
    return Choice(None, tuple(refusals))


# ----------------------------------------------------------------------------- votes


def votes_for(
    book: Book, approval: model.StandingApproval, request: model.Request
) -> tuple[model.Vote, ...]:
    """The votes on the approval, as votes on a request that it covers. Those of people who ask for
    the request, or caused it, are not among them."""
    involved = humans.involved(book, request)
    cast = quorum.votes_on(approval.request.digest, approval.votes)
    return tuple(
        model.Vote(
            request.id,
            vote.person,
            vote.account,
            True,
            quorum.STANDING + request.digest,
            vote.at,
            via="standing",
            accounts=vote.accounts,
        )
        for human in humans.voters(book, cast)
        if human.names.isdisjoint(involved) and all(vote.approve for vote in human.votes)
        for vote in human.votes
        if vote.via != "form"
    )


# ----------------------------------------------------------------------------- the widest use


@dataclass(frozen=True, slots=True)
class Widest:
    """The widest that bounds allow, as the tables of ``[[policy.when]]`` are held to it. ``usual``:
    the policy of the command; ``most``: how many targets there may be; ``roles``: those that
    whoever asks certainly has, ``others``: they may have others, too."""

    bounds: model.StandingBounds
    usual: str
    group: str
    roles: frozenset[str]
    others: bool
    risk: str
    most: int


def needs_of(book: Book, widest: Widest) -> Verdict:
    """Whose agreement a standing approval takes: that to the command itself, and that of each table
    which may hold for something within its bounds. Of those whose policies allow no standing
    approval, one that always holds refuses it; to what the others hold for, votes are still asked
    for at each use. So they are for what a pattern finds."""
    if not policy_of(book, widest.usual).standing:
        return Verdict(Refusal("standing.policy", {"policy": widest.usual}))
    verdicts = []
    for table in sorted(book.when, key=lambda one: (one.policy, one.reason)):
        holds = _holds(table, widest)
        if not policy_of(book, table.policy).standing:
            if holds:
                return Verdict(Refusal("standing.policy", {"policy": table.policy}))
        elif holds is not False:
            verdicts.append(needs.verdict_of(table))
    return together((Verdict(None, (widest.usual,)), *verdicts))


def _holds(table: When, widest: Widest) -> bool | None:
    """Does a table hold for all within the bounds, for nothing, or (None) for some of it?"""
    if table.commands and not any(
        fnmatchcase(widest.bounds.command, one) for one in table.commands
    ):
        return False
    if table.groups and widest.group not in table.groups:
        return False
    role = not table.roles or bool(table.roles & widest.roles) or (None if widest.others else False)
    answers = tuple(_answers(table, widest))
    return _all((role, _any(answers) if table.any_of and answers else _all(answers)))


def _all(answers: Iterable[bool | None]) -> bool | None:
    known = set(answers)
    return False if False in known else None if None in known else True


def _any(answers: Iterable[bool | None]) -> bool | None:
    known = set(answers)
    return True if True in known else None if None in known else False


def _answers(table: When, widest: Widest) -> Iterator[bool | None]:
    """What each condition of a table says; None: of some of it yes."""
    bounds = widest.bounds
    if table.risk:
        yield widest.risk in table.risk
    if table.more_targets_than is not None:
        yield None if widest.most > table.more_targets_than else False
    if table.tags:
        sure = [
            any(key == name and fnmatchcase(value, glob) for name, glob in table.tags)
            for key, value in bounds.tags
        ]
        yield True if sure and all(sure) and not bounds.instances else None
    if table.values:
        yield _any(_value(table.values, name, bounds) for name in bounds.values)
    if table.hours:
        yield None
    if table.regex is not None:
        yield False


def _value(
    wanted: Mapping[str, tuple[str, ...]], name: str, bounds: model.StandingBounds
) -> bool | None:
    """Does a parameter have one of the values that a table asks for?"""
    globs = {one.casefold(): each for one, each in wanted.items()}.get(name.casefold())
    patterns = bounds.values[name]
    if globs is None:
        return False
    if any(map(is_wild, patterns)):
        return None
    return any(fnmatchcase(pattern, glob) for pattern in patterns for glob in globs)
