"""The words of the house as types: what enters, what is decided, what leaves.

Nothing here imports anything else of the project, and nothing here does I/O. Every type is a frozen
dataclass made of strings, numbers, aware datetimes, tuples and dicts of such, so that each of them
can be written to the store and read back unchanged (see ``bot.store.codec``).
"""

from bot.model.decisions import (
    AuditEntry,
    AuditRow,
    Decision,
    Needs,
    StoredEffect,
    View,
)
from bot.model.effects import (
    Effect,
    FetchForm,
    NewEffect,
    Resolve,
    Say,
    ShowCard,
    StartRun,
    StopRun,
    Timer,
    UpdateCard,
)
from bot.model.events import (
    Asked,
    Clicked,
    Event,
    FormChanged,
    InstanceResult,
    Observed,
    Recalled,
    Receipt,
    Settled,
    TimerDue,
)
from bot.model.outcomes import (
    Done,
    NotSent,
    Outcome,
    Refused,
    Unknown,
)
from bot.model.people import (
    EPOCH,
    Account,
    Place,
)
from bot.model.requests import (
    FINAL,
    FormOrigin,
    Instance,
    Plan,
    Request,
    State,
    Step,
    Vote,
    canonical,
    digest,
    short,
)
from bot.model.rich import (
    Block,
    Button,
    Card,
    Message,
    Span,
)

__all__ = [
    "EPOCH",
    "FINAL",
    "Account",
    "Asked",
    "AuditEntry",
    "AuditRow",
    "Block",
    "Button",
    "Card",
    "Clicked",
    "Decision",
    "Done",
    "Effect",
    "Event",
    "FetchForm",
    "FormChanged",
    "FormOrigin",
    "Instance",
    "InstanceResult",
    "Message",
    "Needs",
    "NewEffect",
    "NotSent",
    "Observed",
    "Outcome",
    "Place",
    "Plan",
    "Recalled",
    "Receipt",
    "Refused",
    "Request",
    "Resolve",
    "Say",
    "Settled",
    "ShowCard",
    "Span",
    "StartRun",
    "State",
    "Step",
    "StopRun",
    "StoredEffect",
    "Timer",
    "TimerDue",
    "Unknown",
    "UpdateCard",
    "View",
    "Vote",
    "canonical",
    "digest",
    "short",
]
