"""One human behind several names: who asked for a request or caused it, and who cast which votes.

Whoever held an account then, and whoever holds it now, are taken for the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot import model
from bot.policy import identity
from bot.policy.model import Book


def holders(book: Book, party: model.Party) -> frozenset[str]:
    """Every person that a party may be: by its name, and by who holds its accounts now."""
    people = {party.person} if party.person else set()
    for account in (party.account, *(model.Account(*each) for each in party.accounts)):
        person = identity.person_of(book, account)
        if person is not None:
            people.add(person.id)
    return frozenset(people)


def requester(request: model.Request) -> model.Party:
    return model.Party(request.person, request.account, request.accounts)


def involved(book: Book, request: model.Request) -> frozenset[str]:
    """Everybody who asked for the request or caused it, then and now."""
    parties = (requester(request), *request.causes)
    return frozenset().union(*(holders(book, party) for party in parties))


@dataclass(frozen=True, slots=True)
class Human:
    """One human by all the names they may have, and what they voted."""

    names: frozenset[str]
    votes: tuple[model.Vote, ...]


def voters(book: Book, votes: Iterable[model.Vote]) -> list[Human]:
    """The votes, put together by who cast them: two that share a name are of one human."""
    humans: list[Human] = []
    for vote in votes:
        names = holders(book, model.Party(vote.person, vote.account, vote.accounts))
        same = [one for one in humans if one.names & names]
        humans = [one for one in humans if one not in same]
        cast = tuple(each for one in same for each in one.votes)
        humans.append(Human(names.union(*(one.names for one in same)), (*cast, vote)))
    return humans
