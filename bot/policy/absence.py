"""Who is away, and who stands in for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bot import model


@dataclass(eq=False)
class Absences:
    """Those who are away at a moment; looked up, within the transaction of the decision, when it is
    first asked. Without a source nobody is."""

    source: model.Absences | None = None
    at: datetime | None = None

    @cached_property
    def known(self) -> Mapping[str, model.Absence]:
        """The absences of this moment, by person."""
        if self.source is None or self.at is None:
            return {}
        return {one.person: one for one in self.source.absences(self.at)}

    def represented(self, delegate: str) -> tuple[str, ...]:
        """Those who are away and named this person to stand in for them."""
        return tuple(who for who, one in self.known.items() if one.delegate == delegate)
