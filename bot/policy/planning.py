"""The conditions of planning: what was found of the targets, and whether it may run on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bot import model
from bot.policy import conditions, limits, locking, needs, owners, quorum, screening
from bot.policy.model import Refusal, Verdict, policy_of


@dataclass(frozen=True, slots=True)
class Targets:
    """The answer to "which instances?". ``unknown``: names that are no instance's, ``near``: those
    that may have been meant. ``ambiguous``: names of several, with their ids. ``mentions``: named
    by a parameter that selects no targets. ``selected``: they were selected, if only to find none.
    ``scripted``: a script is to run on them."""

    instances: tuple[model.Instance, ...] = ()
    unknown: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mentions: tuple[model.Instance, ...] = ()
    selected: bool = True
    scripted: bool = True

    @property
    def wanted(self) -> bool:
        """Must there be any? Not where only mentions were looked up."""
        return bool(self.instances) or self.selected or not self.mentions

    def refusal_of_unknown(self) -> Refusal | None:
        """Was something named that is no instance? With the names that may have been meant."""
        if not self.unknown:
            return None
        unknown = {"targets": list(self.unknown)}
        if self.near:
            return Refusal("refused.unknown_targets_near", unknown | {"near": list(self.near)})
        return Refusal("refused.unknown_targets", unknown)


@dataclass(frozen=True)
class Facts(conditions.Facts):
    """What became known of a request since it was asked for. ``targets``: None where there are
    none to look up (``untargeted``), or they are not known yet; ``failure``: why they could not be
    looked up; ``passages``: what of it the cloud keeps, ``unshown``: why that cannot be put before
    people; ``systems``: why it cannot run on the operating systems of its targets; ``subject``:
    what is asked for, once all of it is known; ``archive``: the locks (None: nobody knows them)."""

    request: model.Request
    targets: Targets | None = None
    untargeted: bool = False
    failure: str = ""
    passages: tuple[screening.Passage, ...] = ()
    unshown: Refusal | None = None
    systems: Callable[[], Refusal | None] = lambda: None
    subject: Callable[[], needs.Subject | None] = lambda: None
    archive: model.Archive | None = None

    @property
    def policies(self) -> tuple[str, ...]:
        return self.request.policy_names

    @property
    def by_form(self) -> bool:
        return self.request.form is not None and not self.request.form.late

    @property
    def screened(self) -> Verdict:
        return screening.screened(self.book, self.command, self.passages)

    def quorum(self, policies: tuple[str, ...]) -> quorum.Quorum:
        """Whose agreement it needs: by the policies that it has, and by these."""
        names = tuple(dict.fromkeys((*self.policies, *policies)))
        needed = quorum.of(self.book, replace(self.request, policies=names))
        if self.targets is None:
            return needed
        known = self.targets.instances
        now = tuple(owners.resolved(self.book, one, known) for one in needed.policies)
        return replace(needed, policies=now)


def plan(facts: Facts) -> Refusal | None:
    """Can people read all that they would agree to?"""
    return facts.unshown


def electorate(facts: Facts, verdict: Verdict) -> Refusal | None:
    """Are there enough people, also by the policies that what was read calls for? Where it calls
    for none, that was judged when it was asked for."""
    added = set(verdict.policies) - set(facts.policies)
    return conditions.electorate(facts, verdict) if added else None


def owners_of_targets(facts: Facts, verdict: Verdict) -> Refusal | None:
    """Are those whom the targets name as approvers somebody here, and people enough with them?"""
    names = dict.fromkeys((*facts.policies, *verdict.policies))
    policies = tuple(one for name in names if (one := policy_of(facts.book, name)).by_tag)
    if not policies or (facts.targets is None and not facts.untargeted):
        return None
    instances = facts.targets.instances if facts.targets is not None else ()
    return owners.refusal_of_owner(facts.book, policies, instances) or conditions.electorate(
        facts, verdict
    )


def lookup(facts: Facts) -> Refusal | None:
    """Could the targets be looked up?"""
    reason = facts.failure
    return Refusal("refused.lookup", {"reason": reason}) if reason else None


def names(facts: Facts) -> Refusal | None:
    """Is every name that of just one instance?"""
    targets = facts.targets or Targets()
    refusal = targets.refusal_of_unknown()
    for name, ids in targets.ambiguous.items():
        refusal = refusal or Refusal("refused.ambiguous_target", {"target": name, "ids": list(ids)})
    return refusal


def mentions(facts: Facts) -> Refusal | None:
    """May it touch the instances that are named beside its targets?"""
    mentioned = facts.targets.mentions if facts.targets else ()
    return limits.refusal_of_names(facts.book.commands[facts.command], mentioned)


def matches(facts: Facts) -> Refusal | None:
    """Are there targets, all in one region?"""
    targets = facts.targets
    if targets is None or not targets.wanted:
        return None
    if not targets.instances:
        return Refusal("refused.no_match")
    regions = sorted({instance.region for instance in targets.instances})
    return Refusal("refused.several_regions", {"regions": regions}) if len(regions) > 1 else None


def machines(facts: Facts) -> Refusal | None:
    """Can a script run on each of them now?"""
    targets = facts.targets
    if targets is None or not targets.scripted:
        return None
    stopped = [i.name or i.id for i in targets.instances if i.status and i.status != "Running"]
    if stopped:
        return Refusal("refused.not_running", {"targets": stopped})
    deaf = [i.name or i.id for i in targets.instances if not i.agent]
    return Refusal("refused.no_agent", {"targets": deaf}) if deaf else None


def most(facts: Facts) -> Refusal | None:
    """May the command run on these, and on so many?"""
    instances = facts.targets.instances if facts.targets else ()
    return limits.refusal_of_targets(facts.book.commands[facts.command], instances)


def when(facts: Facts) -> Verdict | None:
    """Which further policies are needed, once all is known that it would do?"""
    subject = facts.subject() if facts.book.when else None
    return needs.judged(facts.book, subject) if subject is not None else None


def systems(facts: Facts) -> Refusal | None:
    """Does it run on their operating systems?"""
    return facts.systems()


def locks(facts: Facts) -> Refusal | None:
    """Is nobody at work on what it needs, where it is refused then?"""
    known = facts.targets or Targets()
    needed = (
        *locking.instances(facts.book, facts.command, (*known.instances, *known.mentions)),
        *locking.resources(facts.book, facts.command, facts.request.args),
    )
    refused = [one for one in needed if one.mode == "refuse"]
    other = locking.contention(facts.archive, refused, facts.request.id, None)
    if other is None:
        return None
    return Refusal("refused.busy", {"number": other.lock.request, "name": other.lock.label})
