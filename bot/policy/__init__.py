"""Every security check, in one place: who is who, who may what, what may run.

Default deny. ``evaluate`` is the one gate that a request passes when it is asked for, planned,
approved and started, and each call of its run. A check answers with a ``Refusal`` (a key of
``bot.texts`` and its facts) or None. Votes and self-approval are judged on people, never on
accounts.
"""

from bot.policy.gate import APPROVE, ASK, CALL, PLAN, START, evaluate
from bot.policy.ladder import LadderStep
from bot.policy.locks import Locks
from bot.policy.model import (
    Book,
    BreakGlass,
    CommandRule,
    FormRule,
    Group,
    Key,
    Limits,
    Pattern,
    Person,
    Policy,
    Refusal,
    Role,
    Stage,
    Verdict,
    Watch,
    policy_of,
    together,
)
from bot.policy.quota import Quota, month_of, step_of
from bot.policy.snapshots import from_snapshot, snapshot
from bot.policy.when import Hours, NoHours, When

__all__ = [
    "APPROVE",
    "ASK",
    "CALL",
    "PLAN",
    "START",
    "Book",
    "BreakGlass",
    "CommandRule",
    "FormRule",
    "Group",
    "Hours",
    "Key",
    "LadderStep",
    "Limits",
    "Locks",
    "NoHours",
    "Pattern",
    "Person",
    "Policy",
    "Quota",
    "Refusal",
    "Role",
    "Stage",
    "Verdict",
    "Watch",
    "When",
    "evaluate",
    "from_snapshot",
    "month_of",
    "policy_of",
    "snapshot",
    "step_of",
    "together",
]
