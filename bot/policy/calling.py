"""The conditions of a call that a run is about to make: on which instances it acts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from bot import model
from bot.policy import conditions, locking, needs
from bot.policy.limits import Bounds
from bot.policy.model import Refusal, Verdict

UNKNOWN = "bounds.unknown"
"""The refusal of a call that could be judged if the names of some instances were known."""


@dataclass(frozen=True)
class Facts(conditions.Facts):
    """A call that changes something. ``call``: its product and API. ``ids``: the instances that it
    names, which ``closed`` says are all that it acts on; ``names``: what instances are called, by
    id; ``nameless``: those of which that can be looked up, and was not. ``touched``: the instances
    on which earlier calls of the run act. It is held to each of the ``bounds``.

    ``tags`` of instances, by id; ``tagless``: those whose tags decide, and are not known.
    ``subject``: what is asked for, on the targets that it is told; None: further policies are not
    judged by this call. ``suffice``: do the votes satisfy these policies, too? ``contention``: what
    another run has of these instances, where this one needs them for itself."""

    call: str
    ids: tuple[str, ...]
    closed: bool
    bounds: tuple[Bounds, ...]
    names: Mapping[str, str]
    nameless: Collection[str]
    touched: Collection[str]
    tags: Mapping[str, model.Tags] = field(default_factory=dict)
    tagless: Collection[str] = ()
    subject: Callable[[tuple[model.Instance, ...]], needs.Subject] | None = None
    suffice: Callable[[tuple[str, ...]], bool] = lambda policies: not policies
    contention: locking.Contention | None = None

    @property
    def unknown(self) -> tuple[str, ...]:
        """The instances whose names or tags decide whether the call may be made."""
        strict = [bounds for bounds in self.bounds if not bounds.free]
        return tuple(
            id_
            for id_ in self.ids
            if id_ in self.tagless
            or (id_ in self.nameless and not all(bounds.fits(id_) for bounds in strict))
        )


def scope(facts: Facts) -> Refusal | None:
    """Are all instances on which it acts known to be allowed, as far as their names are known?"""
    for bounds in facts.bounds:
        for id_ in () if bounds.free else facts.ids:
            name = facts.names.get(id_) or id_
            if id_ not in facts.nameless and not bounds.fits(id_, facts.names.get(id_, id_)):
                shown = {"call": facts.call, "target": name, "allowed": list(bounds.allowed)}
                return Refusal("bounds.outside", shown)
        if not facts.closed and bounds.unjudged == "refuse":
            return Refusal("bounds.unjudged", {"call": facts.call})
    return None


def names(facts: Facts) -> Refusal | None:
    """Is every name and tag known that decides?"""
    unknown = list(facts.unknown)
    return Refusal(UNKNOWN, {"targets": unknown, "reason": "–"}) if unknown else None


def number(facts: Facts) -> Refusal | None:
    """Are these, with all on which the run has acted, no more than it may act on?"""
    count = len({*facts.touched, *facts.ids})
    least = [bounds.most for bounds in facts.bounds if count > bounds.most]
    return Refusal("bounds.most", {"call": facts.call, "most": least[-1]}) if least else None


def locks(facts: Facts) -> Refusal | None:
    """Is no other run at work on these, where this one needs them for itself?"""
    other = facts.contention
    if other is None:
        return None
    shown = {"number": other.lock.request, "name": other.lock.label}
    return Refusal("bounds.locked", {"call": facts.call, **shown})


def when(facts: Facts) -> Verdict | None:
    """Which further policies are needed for these, with all on which the run has acted?"""
    if facts.subject is None or not facts.book.when:
        return None
    ids = dict.fromkeys((*facts.touched, *facts.ids))
    targets = tuple(model.Instance(id_, tags=facts.tags.get(id_, ())) for id_ in ids)
    return needs.judged(facts.book, facts.subject(targets))


def votes(facts: Facts, verdict: Verdict) -> Refusal | None:
    """Do the votes satisfy them?"""
    if facts.suffice(verdict.policies):
        return None
    shown = {"policies": list(verdict.policies), "reasons": list(verdict.reasons)}
    return Refusal("bounds.more", {"call": facts.call, **shown})
