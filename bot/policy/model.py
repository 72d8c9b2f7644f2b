"""Who there is and what is allowed, as the configuration says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from typing import Any, Literal

from bot import regexes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: ``key`` names the sentence in ``bot.texts``, ``facts`` fill it."""

    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """One human, whatever accounts they hold: (platform, tenant, account id), or (platform, account
    id) where the platform has one tenant. ``ram`` is their RAM user, by which an approval within a
    template names them; ``ram_sessions`` are the names of sessions that only they can start (with
    single sign-on, say)."""

    id: str
    name: str
    accounts: tuple[tuple[str, ...], ...]
    roles: frozenset[str] = frozenset()
    ram: str = ""
    ram_sessions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Role:
    """``commands`` that its holders may ask for; "*" is all."""

    name: str
    commands: frozenset[str]


@dataclass(frozen=True, slots=True)
class Policy:
    """Who must agree. ``approvers`` are people in order; ``mode``: any (或签), all (会签), sequence
    (依次), count (``count`` of them). One rejection rejects. ``form_counts``: an OA decision counts
    as the approval. ``code_required``: approving by text must carry the plan's code. Approvers are
    reminded once a request was open for ``remind`` (zero: never). ``canary``: after so many items
    of a template's loop people vote again (0: they do not). ``run_within``: so long after it could
    first have run it may still start."""

    name: str
    approvers: tuple[str, ...]
    mode: Literal["any", "all", "sequence", "count"] = "any"
    count: int = 1
    self_approval: bool = False
    form_counts: bool = False
    code_required: bool = False
    expires: timedelta = timedelta(minutes=30)
    remind: timedelta = timedelta(minutes=10)
    canary: int = 0
    run_within: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern looked for in what was typed ("text"), in parameter values ("value") or in the
    rendered script ("script"). ``action``: refuse, escalate (to ``policy``), or require (refuse
    when it is absent). ``commands`` limits it; empty is all. ``reason`` may have its Chinese with
    it (``texts.Bilingual``)."""

    regex: regexes.Regex
    where: frozenset[str]
    action: Literal["refuse", "escalate", "require"]
    reason: str
    policy: str = ""
    commands: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CommandRule:
    """How a command is run. ``targets``: default ones; ``allowed_targets``: globs that names or ids
    must match ("*" any). ``command_id`` runs a command stored in Cloud Assistant instead: its text
    as it was shown, or, with ``invoke``, by its id. ``timeout`` 0 is that of the stored command.

    Of a template: ``engine`` "oos" runs it on OOS itself, there by ``oos_template`` and
    ``oos_version`` where these are given; ``drift`` says what becomes of a run whose targets are
    no longer those that were voted on: "ask" again, or "intersect" and run on those still there.
    """

    policy: str
    risk: str
    targets: tuple[str, ...] = ()
    allowed_targets: tuple[str, ...] = ("*",)
    most_targets: int = 100
    region: str = ""
    user: str = ""
    workdir: str = ""
    timeout: int = 60
    command_id: str = ""
    invoke: bool = False
    allowed_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    engine: Literal["", "oos"] = ""
    oos_template: str = ""
    oos_version: str = ""
    drift: Literal["ask", "intersect"] = "ask"
    unjudged_calls: Literal["", "allow", "refuse"] = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A chat where the bot works. ``commands`` allowed there ("*" all); ``locale`` "" is the
    bot's own."""

    platform: str
    chat: str
    name: str
    locale: str = ""
    commands: frozenset[str] = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class FormRule:
    """An OA form that asks for a command. ``args``: parameter → form field (its name or id); a
    value that starts with "=" is a constant. ``group`` (name) gets the card and the audit reply."""

    platform: str
    form: str
    command: str
    args: Mapping[str, str]
    group: str
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """What becomes of executions that were started elsewhere and wait: a card in ``group`` (of
    ``platform``), voted on by ``policy``."""

    policy: str
    platform: str
    group: str


Key = tuple[str, str, str]
"""An account: platform, tenant ("" is the only one that the platform has), account id."""


@dataclass(frozen=True, slots=True)
class Book:
    """Everything that the configuration says about people and permission."""

    people: Mapping[str, Person]
    roles: Mapping[str, Role]
    policies: Mapping[str, Policy]
    groups: tuple[Group, ...]
    commands: Mapping[str, CommandRule]
    forms: tuple[FormRule, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    tenants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    direct_chats: bool = True
    asks_per_minute: int = 20
    oldest_message: timedelta = timedelta(hours=1)
    most_open_per_person: int = 20
    most_open_per_command: int = 200
    locale: str = "zh-CN"
    bot_name: str = "countersign"
    watch: Watch | None = None
    evaluation: frozenset[str] = frozenset()
    """Platforms beside the real ones for trying things out: see ``quorum.for_evaluation``."""
    index: Mapping[Key, str | None] = field(default_factory=dict)
    """(platform, tenant, account id) → person id, None where two claim it: see
    ``index_accounts``."""


def policy_of(book: Book, name: str) -> Policy:
    """The policy of a request. One that is no longer configured has no approvers: nobody can
    approve by it, and the request expires."""
    return book.policies.get(name) or Policy(name, ())


def snapshot(policies: Iterable[Policy]) -> dict[str, Any]:
    """Policies as they stand now, by name, as JSON: what a plan's terms keep of them."""
    return {
        one.name: {
            name: value.total_seconds() if isinstance(value, timedelta) else value
            for name, value in asdict(replace(one, approvers=list(one.approvers))).items()  # type: ignore[arg-type]
            if name != "name"
        }
        for one in policies
    }


def from_snapshot(kept: Mapping[str, Any]) -> tuple[Policy, ...]:
    """The policies that ``snapshot`` kept. What it does not name has its default."""
    policies = []
    for name, values in kept.items():
        known = {one.name: values[one.name] for one in fields(Policy) if one.name in values}
        for span in ("expires", "remind", "run_within"):
            if span in known:
                known[span] = timedelta(seconds=known[span])
        known["approvers"] = tuple(known.get("approvers", ()))
        policies.append(Policy(name, **known))
    return tuple(policies)


@dataclass(frozen=True, slots=True)
class Verdict:
    """No, for one reason; or yes, once each of the ``policies`` is satisfied besides the usual one,
    for these ``reasons``."""

    refusal: Refusal | None = None
    policies: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """What several say: the first refusal, or every further policy. None replaces another, so
    nobody weakens one by words that call for a lesser one."""
    policies, reasons = dict[str, None](), dict[str, None]()
    for verdict in verdicts:
        if verdict.refusal is not None:
            return Verdict(verdict.refusal)
        policies |= dict.fromkeys(verdict.policies)
        reasons |= dict.fromkeys(verdict.reasons)
    return Verdict(None, tuple(policies), tuple(reasons))
