"""A template under validation: its places, and the faults found so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot import source
from bot.oos.template import model, places

Templates = Mapping[str, model.Template]


class Known(dict[str, model.Template]):
    """Templates by their folded names: folded once, however many are checked against them."""

    def __init__(self, templates: Templates) -> None:
        super().__init__({model.fold(name): item for name, item in templates.items()})


@dataclass(slots=True)
class Look:
    """One template under validation, and the faults found so far. ``known``: the other templates,
    by folded name; ``lenient``: product actions without one are left alone. ``away``: OOS itself
    runs it. ``parameters`` and ``tasks`` (with their index) are its own, by folded name."""

    template: model.Template
    known: Templates
    lenient: bool
    away: bool = False
    faults: list[source.Fault] = field(default_factory=list)
    parameters: dict[str, str] = field(init=False)
    tasks: dict[str, tuple[int, model.Task]] = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = {model.fold(item.name): item.name for item in self.template.parameters}
        self.tasks = {}
        for at, task in enumerate(self.template.tasks):
            self.tasks.setdefault(model.fold(task.name), (at, task))

    def fault(self, path: str, message: str) -> source.Fault:
        return source.Fault(self.mark(path), message)

    def mark(self, path: str) -> source.Mark:
        marks = self.template.marks
        if isinstance(marks, places.Places):
            return marks.at(path)
        return marks.get(path, source.Mark(self.template.name, 1, 1, path))

    def inside(self, base: str) -> Callable[[str], source.Mark]:
        """Marks of the parts of what stands at ``base``."""
        return lambda path: self.mark(joined(base, path))

    def keys_inside(self, base: str) -> Callable[[str], source.Mark]:
        """Marks of the names of the parts of what stands at ``base``."""
        return lambda path: self.key(joined(base, path))

    def key(self, path: str) -> source.Mark:
        marks = self.template.marks
        return marks.key(path) if isinstance(marks, places.Places) else self.mark(path)

    def within(self, path: str, needle: str) -> source.Mark:
        marks = self.template.marks
        return marks.within(path, needle) if isinstance(marks, places.Places) else self.mark(path)


def joined(base: str, path: str) -> str:
    """The path of a part inside the value at ``base``."""
    if not path or not base or path[0] in "[.":
        return base + path
    return f"{base}.{path}"
