"""Who and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Account:
    """One login on one platform: what the platform uses to name and to @-mention somebody.

    ``platform`` is the adapter's name in the configuration, ``tenant`` the organisation
    as the platform names it, ``id`` the person there. An empty ``id`` is an outsider.
    """

    platform: str
    tenant: str
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody who had a part in a request: the person, and the account they acted by then. Either
    may be unknown ("" and an account without an id). ``accounts``: all that the person held then,
    each its platform, tenant and id."""

    person: str
    account: Account
    accounts: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said, and so where it is answered.

    ``message`` is the message to answer, ``thread`` the topic it stands in, ``webhook`` a
    short-lived address that answers in this chat until ``webhook_until``.
    """

    platform: str
    tenant: str
    chat: str
    message: str = ""
    thread: str = ""
    webhook: str = ""
    webhook_until: datetime = EPOCH
    direct: bool = False
