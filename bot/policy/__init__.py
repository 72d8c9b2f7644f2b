"""Every security check, in one place: who is who, who may what, what may run.

Default deny. A check answers with a ``Refusal`` (a key of ``bot.texts`` and its facts) or None.
Votes and self-approval are judged on people, never on accounts.
"""

from bot.policy.model import (
    Book,
    CommandRule,
    Finding,
    FormRule,
    Group,
    Key,
    Pattern,
    Person,
    Policy,
    Refusal,
    Role,
    Watch,
    from_snapshot,
    policy_of,
    snapshot,
)

__all__ = [
    "Book",
    "CommandRule",
    "Finding",
    "FormRule",
    "Group",
    "Key",
    "Pattern",
    "Person",
    "Policy",
    "Refusal",
    "Role",
    "Watch",
    "from_snapshot",
    "policy_of",
    "snapshot",
]
