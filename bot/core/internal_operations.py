"""The internal operations there are."""

from __future__ import annotations

from collections.abc import Mapping

from bot import model
from bot.core import freezes, standing_requests
from bot.core.internal import Operation

OPERATIONS: Mapping[model.InternalName, Operation] = {
    "freeze": Operation(freezes.draft_freeze, freezes.freeze),
    "unfreeze": Operation(freezes.draft_unfreeze, freezes.unfreeze),
    "standing": Operation(standing_requests.draft, standing_requests.apply),
}
