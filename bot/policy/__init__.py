"""Every security check, in one place: who is who, who may what, what may run.

Default deny. A check answers with a ``Refusal`` (a key of ``bot.texts`` and its facts) or None.
Votes and self-approval are judged on people, never on accounts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal

from bot import model, regexes


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


Key = tuple[str, str, str]
"""An account: platform, tenant ("" is the only one that the platform has), account id."""


def key_of(account: tuple[str, ...]) -> Key:
    """An account of a person as the index has it."""
    return account[0], account[1] if len(account) > 2 else "", account[-1]


def index_accounts(people: Mapping[str, Person]) -> dict[Key, str | None]:
    """Who holds which account. An account claimed by two people belongs to neither."""
    index: dict[Key, str | None] = {}
    for person in people.values():
        for key in map(key_of, person.accounts):
            index[key] = None if key in index else person.id
    return index


def keys_of(book: Book, account: model.Account) -> tuple[Key, ...]:
    """By which keys of the index an account may be known: its own, and the one without a tenant
    where the platform has only one."""
    own = (account.platform, account.tenant, account.id)
    alone = len(book.tenants.get(account.platform, ())) == 1
    return (own, (account.platform, "", account.id)) if alone else (own,)


def accounts_held(book: Book, person: str) -> tuple[Key, ...]:
    """All accounts that a person holds now, with their tenants."""
    known = book.people.get(person)
    found = []
    for platform, tenant, name in map(key_of, known.accounts if known else ()):
        tenants = sorted(book.tenants.get(platform, ()))
        only = tenants[0] if len(tenants) == 1 else ""
        found.append((platform, tenant or only, name))
    return tuple(found)


def of_ram(book: Book, user: str) -> Person | None:
    """The human behind a RAM user; None: nobody, or not just one."""
    found = [person for person in book.people.values() if person.ram and person.ram == user]
    return found[0] if len(found) == 1 else None


def starter_of(book: Book, by: str) -> Person | None:
    """The human who started an execution, as an engine names them: a RAM user ("alice",
    "alice@corp", "alice(123)"), or a session of a role or user ("role/session", "user:session").
    None: nobody knows who it was. Whoever assumes a role names the session, so a session is
    somebody's only where the configuration says so."""
    name = re.split("[@(]", by, maxsplit=1)[0].strip()
    parts = re.split("[:/]", name)
    if len(parts) == 1 and (person := of_ram(book, name)) is not None:
        return person
    holders = [one for one in book.people.values() if parts[-1] in one.ram_sessions]
    return holders[0] if len(holders) == 1 else None


def person_of(book: Book, account: model.Account) -> Person | None:
    """The human behind an account of an allowed organisation; None: nobody, or not just one."""
    if not account.id or account.tenant not in book.tenants.get(account.platform, frozenset()):
        return None
    who = {book.index[key] for key in keys_of(book, account) if key in book.index}
    found = who.pop() if len(who) == 1 else None
    return book.people[found] if found else None


def account_of(book: Book, person: str, platform: str, tenant: str) -> model.Account | None:
    """The account by which a person can be mentioned in an organisation, if they have one there."""
    for held in accounts_held(book, person):
        if held[:2] == (platform, tenant):
            return model.Account(*held, book.people[person].name)
    return None


def group_of(book: Book, platform: str, chat: str) -> Group | None:
    for group in book.groups:
        if group.platform == platform and group.chat == chat:
            return group
    return None


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
    found = []
    for name, values in kept.items():
        known = {one.name: values[one.name] for one in fields(Policy) if one.name in values}
        for span in ("expires", "remind", "run_within"):
            if span in known:
                known[span] = timedelta(seconds=known[span])
        known["approvers"] = tuple(known.get("approvers", ()))
        found.append(Policy(name, **known))
    return tuple(found)


def locale_of(book: Book, place: model.Place) -> str:
    group = group_of(book, place.platform, place.chat)
    return (group.locale if group else "") or book.locale


def refusal_of_place(book: Book, place: model.Place, account: model.Account) -> Refusal | None:
    """Is this organisation and chat one of ours?"""
    tenants = book.tenants.get(place.platform, frozenset())
    if place.tenant not in tenants:
        return Refusal("refused.tenant", {"tenant": place.tenant or "?"})
    if account.tenant not in tenants or not account.id:
        return Refusal("refused.outsider", {"account": account.id or account.name or "?"})
    if place.direct:
        return None if book.direct_chats else Refusal("refused.direct")
    if group_of(book, place.platform, place.chat) is None:
        return Refusal("refused.group", {"chat": place.chat})
    return None


def refusal_of_person(book: Book, account: model.Account) -> Refusal | None:
    """Is there exactly one known human behind this account?"""
    if person_of(book, account) is not None:
        return None
    keys = [key for key in keys_of(book, account) if key in book.index]
    if len(keys) > 1 or any(book.index[key] is None for key in keys):
        return Refusal("refused.ambiguous_account", {"account": account.id})
    return Refusal("refused.unknown_account", {"account": account.id, "platform": account.platform})


def may_use(book: Book, person: Person, command: str, place: model.Place | None = None) -> bool:
    """Does a role of this person, and the chat it is asked in, allow this command?"""
    granted = any(
        "*" in role.commands or command in role.commands
        for name in person.roles
        if (role := book.roles.get(name)) is not None
    )
    if not granted or place is None or place.direct:
        return granted
    group = group_of(book, place.platform, place.chat)
    return group is not None and ("*" in group.commands or command in group.commands)


@dataclass(frozen=True, slots=True)
class Finding:
    """What the patterns say of a text: a refusal, or policies that must be satisfied besides the
    usual one, and why."""

    refusal: Refusal | None = None
    policies: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def readings(text: str) -> tuple[str, ...]:
    """The text as it is; as people read it (compatibility forms, accents and invisible characters
    undone); and as a shell does (its quotes, backslashes and continued lines undone as well)."""
    if text.isascii():
        plain = text
    else:
        apart = unicodedata.normalize("NFKD", text)
        seen = "".join(char for char in apart if unicodedata.category(char) not in ("Cf", "Mn"))
        plain = unicodedata.normalize("NFC", seen)
    unquoted = re.sub(r"['\"\\]", "", re.sub(r"\\\r?\n", "", plain))
    return tuple(dict.fromkeys((text, plain, unquoted)))


def examine(book: Book, command: str, where: str, text: str) -> Finding:
    """Look a text over for forbidden, required and escalating patterns; refusals come first.

    Every pattern is looked for in all ``readings`` of the text, an escalating one also with its
    lines as one. All escalations that match count. What is computed when the script runs (``$(…)``,
    variables), and letters of other alphabets that look alike, are not seen through: for that
    people read the script before they vote. What a pattern cannot tell in time is refused.
    """
    escalated: list[Finding] = []
    texts = readings(text)
    lines = tuple(" ".join(one.split()) for one in texts)
    for pattern in book.patterns:
        if where not in pattern.where or (pattern.commands and command not in pattern.commands):
            continue
        looked = (*texts, *lines) if pattern.action == "escalate" else texts
        try:
            found = any(pattern.regex.search(one) for one in looked)
        except regexes.TooSlow:
            facts = {"reason": pattern.reason, "seconds": f"{regexes.LIMIT:g}"}
            return Finding(Refusal("refused.unjudged_pattern", facts))
        if pattern.action == "require":
            if not found:
                return Finding(Refusal("refused.required", {"reason": pattern.reason}))
        elif found and pattern.action == "refuse":
            return Finding(Refusal("refused.forbidden", {"reason": pattern.reason}))
        elif found:
            escalated.append(Finding(None, (pattern.policy,), (pattern.reason,)))
    return together(escalated)


def together(findings: Iterable[Finding]) -> Finding:
    """What several say: the first refusal, or every escalation. None replaces another, so nobody
    weakens one by words that call for a lesser one."""
    found = tuple(findings)
    refusal = next((one.refusal for one in found if one.refusal is not None), None)
    if refusal is not None:
        return Finding(refusal)
    policies = dict.fromkeys(name for one in found for name in one.policies)
    reasons = dict.fromkeys(reason for one in found for reason in one.reasons)
    return Finding(None, tuple(policies), tuple(reasons))


def unjudged(rule: CommandRule) -> Literal["allow", "refuse"]:
    """What becomes of a template's calls of which nobody can tell on which instances they act."""
    if rule.unjudged_calls:
        return rule.unjudged_calls
    return "allow" if "*" in rule.allowed_targets else "refuse"


def refusal_of_targets(rule: CommandRule, instances: tuple[model.Instance, ...]) -> Refusal | None:
    """May this command run on these instances, and on so many?"""
    if len(instances) > rule.most_targets:
        facts = {"count": len(instances), "most": rule.most_targets}
        return Refusal("refused.too_many_targets", facts)
    return refusal_of_names(rule, instances)


def refusal_of_names(rule: CommandRule, instances: Iterable[model.Instance]) -> Refusal | None:
    """May this command touch these instances, by their names or ids?"""
    for instance in instances:
        if not any(
            fnmatchcase(instance.name, glob) or fnmatchcase(instance.id, glob)
            for glob in rule.allowed_targets
        ):
            return Refusal("refused.target", {"target": instance.name or instance.id})
    return None
