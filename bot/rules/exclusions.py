"""Branches that hold of any value but a few, by complement: a value finds those that it excludes.

Branches that ask for the same besides are a group: what they have in common is asked once, and
all of them match but the excluded ones, as one number with a bit for each rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.rules import conditions, effort, filings, tree, value_index


@dataclass(slots=True)
class Group:
    """``rest`` is what all members ask besides (None: nothing); ``mask`` has a bit for each rule;
    ``members`` are whole branches, by their rules."""

    rest: tree.Node | None
    mask: int = 0
    members: list[tuple[int, tree.Node]] = field(default_factory=list)


_Entry = tuple[Group, int, tree.Field]
"""What some value excludes: a group, the rules of it that ask the field, as a mask, and the field.
"""


class Exclusions:
    """What is filed at one path of the event by what it excludes."""

    __slots__ = ("_groups", "_index", "dialect")

    def __init__(self, dialect: conditions.Dialect) -> None:
        self.dialect = dialect
        self._index: value_index.ValueIndex[_Entry] = value_index.ValueIndex(dialect)
        self._groups: dict[tuple[tree.Field, ...], list[Group]] = {}

    def put(
        self, field: tree.Field, branch: tuple[tree.Field, ...], rules: int, node: tree.Node
    ) -> None:
        """File a branch of some rules (a mask) under one of its fields, which ``excluding`` knows.
        No rule is in a group twice: what excludes one of its branches may leave the other."""
        rest = tuple(each for each in branch if each is not field)
        groups = self._groups.setdefault(rest, [])
        group = next((each for each in groups if not each.mask & rules), None)
        if group is None:
            group = Group(tree.grown(rest) if rest else None)
            groups.append(group)
        group.members.append((rules, node))
        group.mask |= rules
        but = excluding(field)
        assert but is not None
        keys = {filing for one in but.but for filing in filings.under(one)[0]}
        for filing in keys:
            self._index.put(filing, (group, rules, field))

    def close(self) -> None:
        self._index.close()

    def matching(
        self,
        scalars: list[object],
        event: Mapping[str, object],
        spent: effort.Effort,
        within_array: bool,
    ) -> int:
        """The rules that match, as a mask. ``within_array``: the place is below an array of
        objects, where every branch must be asked in full, since all must hold in one element."""
        excluded = self._excluded(scalars, spent)
        judge, rules_mask = tree.JUDGES[self.dialect], 0
        for groups in self._groups.values():
            for group in groups:
                mask = group.mask & ~excluded.get(id(group), 0)
                if within_array:
                    mask = 0
                    for rules, node in group.members:
                        spent.spend(1)
                        if judge.matches(node, event, spent):
                            mask |= rules
                elif mask and group.rest is not None:
                    spent.spend(1)
                    mask = mask if judge.matches(group.rest, event, spent) else 0
                rules_mask |= mask
        return rules_mask

    def _excluded(self, scalars: list[object], spent: effort.Effort) -> dict[int, int]:
        """The rules that take none of the scalars: by group, a mask."""
        remaining: dict[tuple[int, int], _Entry] | None = None
        for one in scalars:
            mine: dict[tuple[int, int], _Entry] = {}
            for entries in (self._index.present(), *self._index.by(one, spent)):
                for entry in entries:
                    group, rules, field = entry
                    place = (id(group), rules)
                    if place in mine or (remaining is not None and place not in remaining):
                        continue
                    spent.spend(field.weight)
                    if not field.takes(one, self.dialect):
                        mine[place] = entry
            remaining = mine
            if not remaining:
                break
        masks: dict[int, int] = {}
        for group_number, rules in remaining or ():
            masks[group_number] = masks.get(group_number, 0) | rules
        return masks


def excluding(field: tree.Field) -> conditions.AnythingBut | None:
    """The option of a field that takes anything but what is few; None: it has none."""
    if field.absent_will_do or field.present_will_do:
        return None
    for option in field.options:
        if len(option) == 1 and isinstance(option[0], conditions.AnythingBut):
            return option[0]
    return None
