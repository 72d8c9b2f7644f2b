"""The conditions of asking: who asks where, what it would do, and how much is open already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bot import model
from bot.policy import access, conditions, humans, needs, quorum, screening
from bot.policy.limits import ForbiddenValue
from bot.policy.model import Person, Refusal, Verdict, policy_of

MOST_SHOWN = 5
"""How many of several things a refusal names."""


class Content(Protocol):
    """What would be done, as far as it is known without looking anything up."""

    @property
    def unreadable(self) -> Refusal | None:
        """Why there is nothing that could run: the command does not take these values."""
        ...

    @property
    def forbidden_value(self) -> ForbiddenValue | None:
        """The first value that the configuration does not allow."""
        ...

    @property
    def unquotable(self) -> str:
        """The parameter of a stored command whose value could not be pasted into its text."""
        ...

    @property
    def hidden_target(self) -> str:
        """The hidden parameter that names an instance which could not be judged, as shown."""
        ...

    @property
    def unjudged_calls(self) -> tuple[str, ...]:
        """The calls of which nobody can tell on which instances they act, where that matters."""
        ...

    @property
    def unshown(self) -> Refusal | None:
        """Why it cannot be put before people as it would run."""
        ...

    @property
    def needs(self) -> Verdict:
        """Whose agreement it takes besides, by what it is itself."""
        ...

    @property
    def passages(self) -> tuple[screening.Passage, ...]:
        """The words, every value, and what would run."""
        ...

    @property
    def arguments(self) -> Mapping[str, object]:
        """The values, by parameter."""
        ...

    @property
    def lacks_targets(self) -> bool:
        """Is there nothing that it could run on?"""
        ...


@dataclass(frozen=True)
class Facts(conditions.Facts):
    """Who asks for what. ``usual``: the policy in place of that of the command; ``parties``: who
    asks for it, and who caused it; ``risk``: how the command is rated; ``archive``: the open
    requests (None: nobody knows them)."""

    person: Person
    locale: str
    content: Content
    parties: tuple[model.Party, ...]
    usual: str = ""
    by_form: bool = False
    risk: str = ""
    archive: model.Archive | None = None

    @property
    def policy(self) -> str:
        """The policy that it needs, whatever else is called for."""
        return self.usual or self.book.commands[self.command].policy

    @property
    def screened(self) -> Verdict:
        return screening.screened(self.book, self.command, self.content.passages)

    def quorum(self, policies: tuple[str, ...]) -> quorum.Quorum:
        """Whose agreement it needs: by its own policy, and by these."""
        names = dict.fromkeys((self.policy, *policies))
        people = (humans.holders(self.book, party) for party in self.parties)
        involved = frozenset[str]().union(*people)
        needed = tuple(policy_of(self.book, name) for name in names)
        return quorum.Quorum(self.book, needed, involved)


def group(facts: Facts) -> Refusal | None:
    """Is it asked for where its approvers see the card?"""
    return Refusal("refused.alone") if facts.place.direct else None


def right(facts: Facts) -> Refusal | None:
    """Has this person a role for this command, and is it for this chat?"""
    return access.refusal_of_role(
        facts.book, facts.person, facts.command, facts.place, facts.locale
    )


def content(facts: Facts) -> Refusal | None:
    """Does the command take what was typed?"""
    return facts.content.unreadable


def values(facts: Facts) -> Refusal | None:
    """Are all values among those that the configuration allows?"""
    return conditions.refusal_of_value(facts.content.forbidden_value)


def stored_values(facts: Facts) -> Refusal | None:
    """May the values be pasted into the text of a stored command, which does not quote them?"""
    name = facts.content.unquotable
    return Refusal("refused.stored_value", {"name": name}) if name else None


def hidden_target(facts: Facts) -> Refusal | None:
    """Is every instance named where people see it, if the command is held to some?"""
    name = facts.content.hidden_target
    return Refusal("refused.target", {"target": name}) if name else None


def calls(facts: Facts) -> Refusal | None:
    """Can each call be judged by the instances that it acts on?"""
    unjudged = list(facts.content.unjudged_calls[:MOST_SHOWN])
    return Refusal("bounds.unjudged_plan", {"calls": unjudged}) if unjudged else None


def plan(facts: Facts) -> Refusal | None:
    """Can people read all that they would agree to?"""
    return facts.content.unshown


def own_needs(facts: Facts) -> Verdict:
    """Whose agreement does it take besides, by what it is itself?"""
    return facts.content.needs


def when(facts: Facts) -> Verdict:
    """Which further policies are needed, as far as that is known without the targets?"""
    if not facts.book.when:
        return Verdict()
    subject = needs.Subject(
        facts.command,
        facts.group,
        facts.person.roles,
        frozenset((facts.risk,)),
        tuple(facts.content.arguments.items()),
        lambda: facts.content.passages,
        None,
        facts.now,
    )
    return needs.judged(facts.book, subject)


def targets(facts: Facts) -> Refusal | None:
    """Is there anything to run it on?"""
    return Refusal("refused.no_targets") if facts.content.lacks_targets else None


def open_of_person(facts: Facts) -> Refusal | None:
    """Are so many requests of this person open that one more is too many?"""
    most = facts.book.most_open_per_person
    if facts.archive is None:
        return None
    numbers = facts.archive.open_of_person(facts.person.id, most, MOST_SHOWN)
    if not numbers:
        return None
    shown = [f"#{number}" for number in numbers]
    return Refusal("refused.open_person", {"most": most, "numbers": shown})


def open_of_command(facts: Facts) -> Refusal | None:
    """Are so many requests for this command open that one more is too many?"""
    most = facts.book.most_open_per_command
    if facts.archive is None or not facts.archive.has_open(facts.command, most):
        return None
    return Refusal("refused.open_command", {"most": most, "command": facts.command})
