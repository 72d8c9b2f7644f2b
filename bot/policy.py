"""Every security check of the house, in one place: who is who, who may what, what may run.

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

from bot import model


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not: ``key`` names the sentence in ``bot.texts``, ``facts`` fill it."""

    key: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Person:
    """One human, whatever accounts they hold: pairs of (platform, account id). ``ram`` is their
    RAM user, by which an approval within a template names them; ``ram_sessions`` are the names of
    sessions that only they can start (with single sign-on, say)."""

    id: str
    name: str
    accounts: tuple[tuple[str, str], ...]
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
    of a template's loop people vote again (0: they do not)."""

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


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern looked for in what was typed ("text"), in parameter values ("value") or in the
    rendered script ("script"). ``action``: refuse, escalate (to ``policy``), or require (refuse
    when it is absent). ``commands`` limits it; empty is all."""

    regex: re.Pattern[str]
    where: frozenset[str]
    action: Literal["refuse", "escalate", "require"]
    reason: str
    policy: str = ""
    commands: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CommandRule:
    """How a command is run. ``targets``: default ones; ``allowed_targets``: globs that names or ids
    must match ("*" any). ``command_id`` runs a command stored in Cloud Assistant instead.

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
    allowed_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    engine: Literal["", "oos"] = ""
    oos_template: str = ""
    oos_version: str = ""
    drift: Literal["ask", "intersect"] = "ask"


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
    index: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    """(platform, account id) → person id, None where two claim it: see ``index_accounts``."""


def index_accounts(people: Mapping[str, Person]) -> dict[tuple[str, str], str | None]:
    """Who holds which account. An account claimed by two people belongs to neither."""
    index: dict[tuple[str, str], str | None] = {}
    for person in people.values():
        for account in person.accounts:
            index[account] = None if account in index else person.id
    return index


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
    who = book.index.get((account.platform, account.id))
    return book.people[who] if who else None


def account_of(book: Book, person: str, platform: str, tenant: str) -> model.Account | None:
    """The account by which a person can be mentioned on a platform, if they have one there."""
    known = book.people.get(person)
    for name, account in known.accounts if known else ():
        if name == platform:
            return model.Account(platform, tenant, account, known.name if known else "")
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
    key = (account.platform, account.id)
    if key in book.index and book.index[key] is None:
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
    """What the patterns say of a text: a refusal, or a stronger policy to use."""

    refusal: Refusal | None = None
    policy: str = ""
    reason: str = ""


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
    lines as one. Of several escalations the one that needs the most people counts. What is
    computed when the script runs (``$(…)``, variables), and letters of other alphabets that look
    alike, are not seen through: for that people read the script before they vote.
    """
    escalated = Finding()
    texts = readings(text)
    lines = tuple(" ".join(one.split()) for one in texts)
    for pattern in book.patterns:
        if where not in pattern.where or (pattern.commands and command not in pattern.commands):
            continue
        looked = (*texts, *lines) if pattern.action == "escalate" else texts
        found = next((hit for one in looked if (hit := pattern.regex.search(one))), None)
        if pattern.action == "require":
            if not found:
                return Finding(Refusal("refused.required", {"reason": pattern.reason}))
        elif found and pattern.action == "refuse":
            return Finding(Refusal("refused.forbidden", {"reason": pattern.reason}))
        elif found:
            here = Finding(policy=pattern.policy, reason=pattern.reason)
            escalated = stricter(book, escalated, here)
    return escalated


def stricter(book: Book, one: Finding, other: Finding) -> Finding:
    """The escalation whose policy needs more people; the first where they need as many. So nobody
    weakens an escalation by words that call for a lesser one."""
    if not one.policy or not other.policy:
        return one if one.policy else other
    people = [needed(book.policies[each.policy], "") for each in (one, other)]
    return other if people[1] > people[0] else one


def refusal_of_targets(rule: CommandRule, instances: tuple[model.Instance, ...]) -> Refusal | None:
    """May this command run on these instances, and on so many?"""
    if len(instances) > rule.most_targets:
        facts = {"count": len(instances), "most": rule.most_targets}
        return Refusal("refused.too_many_targets", facts)
    for instance in instances:
        if not any(
            fnmatchcase(instance.name, glob) or fnmatchcase(instance.id, glob)
            for glob in rule.allowed_targets
        ):
            return Refusal("refused.target", {"target": instance.name or instance.id})
    return None


# ----------------------------------------------------------------------------- votes


@dataclass(frozen=True, slots=True)
class Tally:
    """How the votes stand. ``waiting_for`` are the people who may vote now, in order; ``have`` of
    ``need`` approvals are in."""

    verdict: Literal["waiting", "approved", "rejected"]
    waiting_for: tuple[str, ...]
    have: int
    need: int


def ballot_of(book: Book, request: model.Request) -> tuple[Policy, str]:
    """By which policy, and on which digest, a request is voted on now: on its plan, or on what its
    run waits for. In the middle of a run words of approval must always carry the code, so that
    none that was meant for something else counts."""
    rule, ballot = policy_of(book, request.policy), request.ballot
    if ballot is None:
        return rule, request.digest
    rule = replace(rule, code_required=True, form_counts=False)
    if ballot.kind == "approval":
        voters = tuple(person for person in ballot.voters if person in book.people)
        rule = replace(rule, approvers=voters, mode="count", count=ballot.need)
    if needed(rule, request.person) < request.least:
        rule = replace(rule, mode="count", count=request.least)
    return rule, ballot.digest


def electorate(policy: Policy, requester: str) -> tuple[str, ...]:
    """The people whose votes count on a request of ``requester``."""
    if policy.self_approval:
        return policy.approvers
    return tuple(person for person in policy.approvers if person != requester)


def needed(policy: Policy, requester: str) -> int:
    people = len(electorate(policy, requester))
    return {"any": 1, "count": policy.count}.get(policy.mode, people)


def can_pass(policy: Policy, requester: str) -> bool:
    """Are there enough people who could approve a request of ``requester``?"""
    return len(electorate(policy, requester)) >= max(1, needed(policy, requester))


def tally(policy: Policy, requester: str, votes: tuple[model.Vote, ...]) -> Tally:
    """Count the votes. A vote of somebody outside the electorate counts only when it came with an
    OA form and the policy takes the form's decision as the approval."""
    people = electorate(policy, requester)
    need = needed(policy, requester)
    by_person = {vote.person: vote for vote in votes}
    if policy.form_counts and any(
        vote.via == "form" and vote.approve and (policy.self_approval or vote.person != requester)
        for vote in votes
    ):
        return Tally("approved", (), need, need)
    cast = [by_person[person] for person in people if person in by_person]
    have = sum(vote.approve for vote in cast)
    if any(not vote.approve for vote in cast):
        return Tally("rejected", (), have, need)
    if 0 < need <= have:
        return Tally("approved", (), have, need)
    open_ = tuple(person for person in people if person not in by_person)
    return Tally("waiting", open_[:1] if policy.mode == "sequence" else open_, have, need)


def refusal_of_vote(
    book: Book, policy: Policy, request: model.Request, votes: tuple[model.Vote, ...], voter: Person
) -> Refusal | None:
    """May this person vote on this request now?"""
    if not policy.approvers:
        return Refusal("vote.no_policy", {"policy": policy.name})
    if voter.id == request.person and not policy.self_approval:
        return Refusal("vote.own")
    if voter.id not in policy.approvers:
        names = [book.people[p].name for p in electorate(policy, request.person)]
        return Refusal("vote.stranger", {"names": names})
    if any(vote.person == voter.id for vote in votes):
        return Refusal("vote.again")
    waiting = tally(policy, request.person, votes).waiting_for
    if policy.mode == "sequence" and voter.id not in waiting:
        return Refusal("vote.not_your_turn", {"names": [book.people[p].name for p in waiting]})
    return None
