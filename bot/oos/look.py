"""A template under validation: its places, and the faults found so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.oos import actions as table
from bot.oos import model, places

Templates = Mapping[str, model.Template]


@dataclass(slots=True)
class Look:
    """One template under validation, and the faults found so far. ``known``: the other templates,
    by folded name; ``lenient``: product actions without one are left alone."""

    template: model.Template
    actions: Mapping[str, table.ActionSpec]
    known: Templates
    lenient: bool
    faults: list[model.Fault] = field(default_factory=list)

    def fault(self, path: str, message: str) -> model.Fault:
        return model.Fault(self.mark(path), message)

    def mark(self, path: str) -> model.Mark:
        marks = self.template.marks
        if isinstance(marks, places.Places):
            return marks.at(path)
        return marks.get(path, model.Mark(self.template.name, 1, 1, path))

    def inside(self, base: str) -> Callable[[str], model.Mark]:
        """Marks of the parts of what stands at ``base``."""
        return lambda path: self.mark(joined(base, path))

    def keys_inside(self, base: str) -> Callable[[str], model.Mark]:
        """Marks of the names of the parts of what stands at ``base``."""
        return lambda path: self.key(joined(base, path))

    def key(self, path: str) -> model.Mark:
        marks = self.template.marks
        return marks.key(path) if isinstance(marks, places.Places) else self.mark(path)

    def within(self, path: str, needle: str) -> model.Mark:
        marks = self.template.marks
        return marks.within(path, needle) if isinstance(marks, places.Places) else self.mark(path)


def joined(base: str, path: str) -> str:
    """The path of a part inside the value at ``base``."""
    if not path or not base or path[0] in "[.":
        return base + path
    return f"{base}.{path}"
