"""What may change between the vote and the start, one thing at a time.

A kind is a function of chance and of a start; it answers with the start after the change, or with
None where there is nothing of that kind to change. Those of ``DECISIVE`` matter: it must not start.
Those of ``COSMETIC`` do not: it must.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any, cast

from pydantic import ValidationError

from bot import model, policy, regexes
from bot.policy.calendar import Period, Times
from bot.policy.oncall import Rota
from bot.policy.when import When
from bot.store import codec
from tests.bot.stage import PLATFORM, TENANT
from tests.mutations.worlds import Rows, Start

Kind = Callable[[Random, Start], Start | None]
DECISIVE: dict[str, Kind] = {}
COSMETIC: dict[str, Kind] = {}


def decisive(kind: Kind) -> Kind:
    DECISIVE[kind.__name__.replace("_", " ")] = kind
    return kind


def cosmetic(kind: Kind) -> Kind:
    COSMETIC[kind.__name__.replace("_", " ")] = kind
    return kind


def of_votes(kind: Kind) -> Kind:
    """A kind of which there is nothing where nobody voted."""

    @functools.wraps(kind)
    def voted(chance: Random, start: Start) -> Start | None:
        return kind(chance, start) if start.voters else None

    return voted


# ----------------------------------------------------------------------------- the plan


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place within a JSON value: what holds it, and its key there."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(pairs):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


def _other(chance: Random, value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + chance.choice((-1, 1))
    if isinstance(value, str):
        at = chance.randrange(len(value) + 1)
        if value and chance.random() < 0.5:
            return value[:at] + value[at + 1 :] if at < len(value) else value[:-1]
        return value[:at] + chance.choice("x0- ;'\u200b") + value[at:]
    if isinstance(value, list):
        if not value:
            return ["x"]
        return chance.choice((value[1:], [*value, value[0]], value[::-1]))
    if isinstance(value, dict):
        if value and chance.random() < 0.5:
            gone = chance.choice(sorted(value))
            return {key: inner for key, inner in value.items() if key != gone}
        return {**value, "added": "x"}
    return "x"


def _stored(start: Start) -> dict[str, Any]:
    stored = json.loads(codec.encode(start.request))
    assert isinstance(stored, dict)
    return stored


def _restored(start: Start, stored: Mapping[str, Any]) -> Start | None:
    """The start with the request that a stored body holds; None: the bot cannot read that, or reads
    the same as before."""
    try:
        request = codec.decode(codec.request, json.dumps(stored))
    except (ValidationError, TypeError, ValueError):
        return None
    return start.with_view(request=request) if request != start.request else None


@decisive
def plan_with_another_value(chance: Random, start: Start) -> Start | None:
    """Any one value of the stored plan, wherever it stands, is another."""
    stored = _stored(start)
    holder, key = chance.choice(list(_places(stored["plan"])))
    holder[key] = _other(chance, holder[key])
    return _restored(start, stored)


@decisive
def plan_without_a_value(chance: Random, start: Start) -> Start | None:
    """Any one value of the stored plan is gone, or null."""
    stored = _stored(start)
    holder, key = chance.choice(list(_places(stored["plan"])))
    if chance.random() < 0.5:
        holder[key] = None
    else:
        del holder[key]
    return _restored(start, stored)


@decisive
def call_of_another_plan(chance: Random, start: Start) -> Start | None:
    """Any one value of the plan that goes along with the call is another, or the digest that it
    names."""
    body = start.effect.body
    if not isinstance(body, model.StartRun):
        other = replace(body, digest=_other(chance, body.digest))
        return replace(start, effect=replace(start.effect, body=other))
    stored = json.loads(codec.encode(body))
    holder, key = chance.choice(list(_places(stored["plan"])))
    holder[key] = _other(chance, holder[key])
    try:
        other = codec.decode(codec.effect, json.dumps(stored))
    except (ValidationError, TypeError, ValueError):
        return None
    return replace(start, effect=replace(start.effect, body=other)) if other != body else None


@decisive
def digest_of_another_plan(chance: Random, start: Start) -> Start | None:
    return start.with_request(digest=_other(chance, start.request.digest))


@cosmetic
def plan_with_its_keys_in_another_order(chance: Random, start: Start) -> Start | None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            chance.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(one) for one in value] if isinstance(value, list) else value

    text = json.dumps(shuffled(_stored(start)), indent=chance.randrange(3))
    return start.with_view(request=codec.decode(codec.request, text))


# ----------------------------------------------------------------------------- the votes


def _with_vote(chance: Random, start: Start, **changes: Any) -> Start:
    votes = list(start.view.votes)
    at = chance.randrange(len(votes))
    votes[at] = replace(votes[at], **changes)
    return start.with_view(votes=tuple(votes))


@decisive
@of_votes
def vote_that_is_gone(chance: Random, start: Start) -> Start | None:
    votes = list(start.view.votes)
    del votes[chance.randrange(len(votes))]
    return start.with_view(votes=tuple(votes))


@decisive
@of_votes
def vote_that_rejects(chance: Random, start: Start) -> Start | None:
    return _with_vote(chance, start, approve=False)


@decisive
@of_votes
def vote_on_another_plan(chance: Random, start: Start) -> Start | None:
    return _with_vote(chance, start, digest=_other(chance, start.request.digest))


@decisive
@of_votes
def vote_of_a_stranger(chance: Random, start: Start) -> Start | None:
    account = model.Account(PLATFORM, TENANT, "u-nobody")
    return _with_vote(chance, start, person="nobody", account=account, accounts=())


@decisive
@of_votes
def vote_of_the_requester(chance: Random, start: Start) -> Start | None:
    request = start.request
    return _with_vote(chance, start, person=request.person, account=request.account, accounts=())


@decisive
@of_votes
def vote_of_somebody_who_voted(chance: Random, start: Start) -> Start | None:
    if len(start.view.votes) < 2:
        return None
    first, second = chance.sample(start.view.votes, 2)
    votes = [
        replace(first, person=second.person, account=second.account, accounts=second.accounts)
        if vote is first
        else vote
        for vote in start.view.votes
    ]
    return start.with_view(votes=tuple(votes))


@cosmetic
@of_votes
def votes_in_another_order(chance: Random, start: Start) -> Start | None:
    votes = list(start.view.votes)
    chance.shuffle(votes)
    return start.with_view(votes=tuple(votes))


@cosmetic
@of_votes
def rejection_by_a_stranger(chance: Random, start: Start) -> Start | None:
    account = model.Account(PLATFORM, TENANT, "u-nobody")
    one = replace(start.view.votes[0], person="nobody", account=account, accounts=(), approve=False)
    return start.with_view(votes=(*start.view.votes, one))


# ----------------------------------------------------------------------------- the people


def _with_person(start: Start, who: str, **changes: Any) -> Start:
    people = dict(start.book.people)
    people[who] = replace(people[who], **changes)
    return start.with_book(people=people)


def _without(start: Start, name: str) -> Start:
    people = {who: one for who, one in start.book.people.items() if who != name}
    return start.with_book(people=people)


def _handed(start: Start, giver: str, taker: str) -> Start:
    """All accounts of one person are another one's now."""
    people = dict(start.book.people)
    accounts = people[giver].accounts
    people[giver] = replace(people[giver], accounts=())
    people[taker] = replace(people[taker], accounts=(*people[taker].accounts, *accounts))
    return start.with_book(people=people)


@decisive
@of_votes
def voter_who_left(chance: Random, start: Start) -> Start | None:
    return _without(start, chance.choice(start.voters))


@decisive
@of_votes
def voter_who_approves_no_more(chance: Random, start: Start) -> Start | None:
    gone, needed = chance.choice(start.voters), start.request.policy_names
    named = {who for name in needed for who in start.book.policies[name].people}
    if not start.may_grow or gone not in named:
        return None  # everybody who is left has agreed; or a tag or a rota names them

    def without(people: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(who for who in people if who != gone)

    def less(one: policy.Policy) -> policy.Policy:
        stages = (replace(each, approvers=without(each.approvers)) for each in one.stages)
        return replace(one, approvers=without(one.approvers), stages=tuple(stages))

    return _with_policies(start, less)


@decisive
@of_votes
def voter_whose_account_is_the_requesters(chance: Random, start: Start) -> Start | None:
    return _handed(start, chance.choice(start.voters), start.request.person)


@decisive
@of_votes
def requester_whose_account_is_a_voters(chance: Random, start: Start) -> Start | None:
    if not start.may_grow:
        return None  # everybody but the requester has agreed, whoever that is
    return _handed(start, start.request.person, chance.choice(start.voters))


@decisive
@of_votes
def voter_who_is_another_voter(chance: Random, start: Start) -> Start | None:
    if len(start.voters) < 2:
        return None
    giver, taker = chance.sample(start.voters, 2)
    return _handed(start, giver, taker)


@decisive
@of_votes
def voter_who_caused_it(chance: Random, start: Start) -> Start | None:
    if not start.may_grow:
        return None
    vote = chance.choice(start.view.votes)
    party = model.Party(vote.person, vote.account, vote.accounts)
    return start.with_request(causes=(*start.request.causes, party))


@decisive
def requester_who_left(chance: Random, start: Start) -> Start | None:
    return _without(start, start.request.person)


@decisive
def requester_without_the_right(chance: Random, start: Start) -> Start | None:
    roles = {**start.book.roles, "dev": policy.Role("dev", frozenset({"help"}))}
    return start.with_book(roles=roles)


@decisive
def requester_without_their_role(chance: Random, start: Start) -> Start | None:
    return _with_person(start, start.request.person, roles=frozenset())


@cosmetic
def person_with_another_name(chance: Random, start: Start) -> Start | None:
    return _with_person(start, chance.choice(list(start.book.people)), name="Somebody Else")


@cosmetic
def person_with_one_more_account(chance: Random, start: Start) -> Start | None:
    name = chance.choice(list(start.book.people))
    accounts = (*start.book.people[name].accounts, (PLATFORM, f"u-more-{chance.random()}"))
    return _with_person(start, name, accounts=accounts)


@cosmetic
def person_with_one_more_role(chance: Random, start: Start) -> Start | None:
    name = chance.choice(list(start.book.people))
    return _with_person(start, name, roles=start.book.people[name].roles | {"guest"})


@cosmetic
def person_who_is_new(chance: Random, start: Start) -> Start | None:
    new = policy.Person("zoe", "Zoe", ((PLATFORM, "u-zoe"),))
    return start.with_book(people={"zoe": new, **start.book.people})


@cosmetic
def people_in_another_order(chance: Random, start: Start) -> Start | None:
    people = list(start.book.people.items())
    chance.shuffle(people)
    return start.with_book(people=dict(people))


def _with_rotas(start: Start, change: Callable[[Rota], Rota]) -> Start | None:
    rotas = {name: change(rota) for name, rota in start.book.oncall.rotas.items()}
    return start.with_book(oncall=replace(start.book.oncall, rotas=rotas)) if rotas else None


@decisive
def rota_by_which_others_were_on_call(chance: Random, start: Start) -> Start | None:
    return _with_rotas(start, lambda rota: replace(rota, people=rota.people[::-1]))


@decisive
def rota_by_which_nobody_was_on_call_yet(chance: Random, start: Start) -> Start | None:
    span = timedelta(days=chance.randrange(2, 50))
    return _with_rotas(start, lambda rota: replace(rota, since=rota.since + span))


@decisive
def rota_that_is_gone(chance: Random, start: Start) -> Start | None:
    if not start.book.oncall.rotas:
        return None
    return start.with_book(oncall=replace(start.book.oncall, rotas={}))


@cosmetic
def rota_that_goes_on_otherwise(chance: Random, start: Start) -> Start | None:
    """Who is on call after the vote is somebody else."""
    others = ("dave", "erin")
    return _with_rotas(start, lambda rota: replace(rota, people=(rota.people[0], *others)))


@cosmetic
def rota_of_others(chance: Random, start: Start) -> Start | None:
    one = Rota("dba", "UTC", ("dave",), (start.now - timedelta(days=9)).replace(tzinfo=None), 7)
    rotas = {**start.book.oncall.rotas, "dba": one}
    return start.with_book(oncall=replace(start.book.oncall, rotas=rotas))


# ----------------------------------------------------------------------------- break-glass


def _with_glass(start: Start, **changes: Any) -> Start | None:
    glass = start.request.glass
    return start.with_request(glass=replace(glass, **changes)) if glass is not None else None


@decisive
def break_glass_that_the_policy_does_not_allow(chance: Random, start: Start) -> Start | None:
    if start.request.glass is None:
        return None
    return _with_policies(start, lambda one: replace(one, break_glass=None))


@decisive
def break_glass_of_others(chance: Random, start: Start) -> Start | None:
    def others(one: policy.Policy) -> policy.Policy | None:
        glass = one.break_glass
        return replace(one, break_glass=replace(glass, people=("carol",))) if glass else None

    return _with_policies(start, others)


@decisive
def break_glass_by_somebody_who_left(chance: Random, start: Start) -> Start | None:
    return _without(start, start.request.glass.by.person) if start.request.glass else None


@decisive
def break_glass_by_a_stranger(chance: Random, start: Start) -> Start | None:
    account = model.Account(PLATFORM, TENANT, chance.choice(("u-nobody", "u-dave")))
    return _with_glass(start, by=model.Party("nobody", account))


@decisive
def break_glass_that_was_objected_to(chance: Random, start: Start) -> Start | None:
    return _with_glass(start, outcome="objected")


@decisive
def break_glass_on_another_plan(chance: Random, start: Start) -> Start | None:
    return _with_glass(start, digest=_other(chance, start.request.digest))


@decisive
def break_glass_of_another_request(chance: Random, start: Start) -> Start | None:
    return start.with_request(glass=None) if start.request.glass is not None else None


@cosmetic
def break_glass_that_was_ratified(chance: Random, start: Start) -> Start | None:
    return _with_glass(start, outcome=chance.choice(("ratified", "unanswered")))


@cosmetic
def break_glass_for_more_people(chance: Random, start: Start) -> Start | None:
    def more(one: policy.Policy) -> policy.Policy | None:
        glass = one.break_glass
        many = (*glass.people, "dave") if glass else ()
        return replace(one, break_glass=replace(glass, people=many, most=9)) if glass else None

    return _with_policies(start, more)


# ----------------------------------------------------------------------------- stand-ins


def _rows(start: Start) -> Rows:
    return cast("Rows", start.view.archive)


@decisive
def delegate_whom_the_policy_does_not_list(chance: Random, start: Start) -> Start | None:
    if not _rows(start).away:
        return None
    return _with_policies(start, lambda one: replace(one, delegates=("carol",)))


@decisive
def delegate_of_somebody_who_left(chance: Random, start: Start) -> Start | None:
    return _without(start, _rows(start).away[0].person) if _rows(start).away else None


@decisive
def delegate_of_somebody_who_approves_no_more(chance: Random, start: Start) -> Start | None:
    if not _rows(start).away:
        return None
    return _with_policies(start, lambda one: replace(one, approvers=("carol",)))


@cosmetic
def absence_of_others(chance: Random, start: Start) -> Start | None:
    until = start.now + timedelta(hours=1)
    one = model.Absence("dave", start.now - timedelta(hours=1), until)
    return start.with_rows(away=(*_rows(start).away, one))


def _with_approval(start: Start, **changes: Any) -> Start | None:
    approval = _rows(start).approval
    return start.with_rows(approval=replace(approval, **changes)) if approval else None


@decisive
def standing_approval_that_was_revoked(chance: Random, start: Start) -> Start | None:
    return _with_approval(start, revoked_by="carol")


@decisive
def standing_approval_that_is_gone(chance: Random, start: Start) -> Start | None:
    return start.with_rows(approval=None) if _rows(start).approval else None


@decisive
def standing_approval_without_its_votes(chance: Random, start: Start) -> Start | None:
    return _with_approval(start, votes=())


@decisive
def standing_approval_for_others(chance: Random, start: Start) -> Start | None:
    approval = _rows(start).approval
    if approval is None:
        return None
    bounds: Mapping[str, Any] = chance.choice(
        (
            {"instances": ("i-other",)},
            {"command": "run"},
            {"role": "sre"},
            {"chat": "elsewhere"},
            {"values": {"service": ("apache",)}},
            {"content": "0" * 64},
        )
    )
    return _with_approval(start, bounds=replace(approval.bounds, **bounds))


@decisive
def standing_approval_that_the_policy_does_not_allow(chance: Random, start: Start) -> Start | None:
    if _rows(start).approval is None:
        return None
    return _with_policies(start, lambda one: replace(one, standing=False))


@decisive
def standing_approval_of_what_runs_as_somebody_else(chance: Random, start: Start) -> Start | None:
    return _with_rule(start, user="admin") if _rows(start).approval else None


@cosmetic
def standing_approval_that_was_used_meanwhile(chance: Random, start: Start) -> Start | None:
    approval = _rows(start).approval
    return _with_approval(start, uses=approval.most) if approval else None


# ----------------------------------------------------------------------------- the policies


def _with_policies(
    start: Start, change: Callable[[policy.Policy], policy.Policy | None]
) -> Start | None:
    """The start with each policy that it needs changed; None: there is nothing to change."""
    names = set(start.request.policy_names)
    changed = {name: change(start.book.policies[name]) for name in names}
    if any(one is None for one in changed.values()):
        return None
    return start.with_book(policies={**start.book.policies, **changed})


@decisive
def policy_that_is_gone(chance: Random, start: Start) -> Start | None:
    gone = chance.choice(start.request.policy_names)
    policies = {name: one for name, one in start.book.policies.items() if name != gone}
    return start.with_book(policies=policies)


@decisive
@of_votes
def policy_that_takes_one_more(chance: Random, start: Start) -> Start | None:
    def stricter(one: policy.Policy) -> policy.Policy | None:
        if one.stages or one.mode in ("all", "sequence"):
            return None
        return replace(one, mode="count", count=len(start.voters) + 1)

    return _with_policies(start, stricter)


@decisive
@of_votes
def policy_with_one_more_stage(chance: Random, start: Start) -> Start | None:
    def staged(one: policy.Policy) -> policy.Policy:
        more = policy.Stage(one.people, "count", len(start.voters) + 1)
        return replace(one, approvers=(), stages=(*one.all_stages, more))

    return _with_policies(start, staged)


@decisive
@of_votes
def policy_of_other_people(chance: Random, start: Start) -> Start | None:
    def others(one: policy.Policy) -> policy.Policy:
        return replace(one, approvers=("zoe",), stages=(), mode="any")

    new = policy.Person("zoe", "Zoe", ((PLATFORM, "u-zoe"),))
    start = start.with_book(people={**start.book.people, "zoe": new})
    return _with_policies(start, others)


@decisive
def table_that_adds_a_policy(chance: Random, start: Start) -> Start | None:
    zoe = policy.Policy("zoe", ("dave",) if "dave" not in start.voters else ("erin",))
    here = start.request
    fits: Mapping[str, Any] = chance.choice(
        (
            {"commands": (here.command,)},
            {"risk": frozenset({here.risk})},
            {"groups": frozenset({"ops"})},
            {"roles": frozenset({"dev"})},
            {},
        )
    )
    table = When("zoe", "a new table", **fits)
    policies = {**start.book.policies, "zoe": zoe}
    return start.with_book(policies=policies, when=(*start.book.when, table))


@cosmetic
def table_that_does_not_fit(chance: Random, start: Start) -> Start | None:
    zoe = policy.Policy("zoe", ("dave",))
    fits: Mapping[str, Any] = chance.choice(
        (
            {"commands": ("other-*",)},
            {"risk": frozenset({"none"})},
            {"groups": frozenset({"elsewhere"})},
            {"roles": frozenset({"guest"})},
            {"more_targets_than": 50},
            {"tags": (("env", "test"),)},
        )
    )
    table = When("zoe", "a new table", **fits)
    policies = {**start.book.policies, "zoe": zoe}
    return start.with_book(policies=policies, when=(*start.book.when, table))


@cosmetic
def policy_with_other_times(chance: Random, start: Start) -> Start | None:
    span = timedelta(minutes=chance.randrange(61, 900))
    return _with_policies(
        start, lambda one: replace(one, expires=span, remind=span / 2, run_within=2 * span)
    )


@cosmetic
def policy_with_one_more_approver(chance: Random, start: Start) -> Start | None:
    if not start.may_grow:
        return None

    def larger(one: policy.Policy) -> policy.Policy:
        if not one.stages:
            return replace(one, approvers=(*one.approvers, "dave"))
        first = one.stages[0]
        return replace(
            one, stages=(replace(first, approvers=(*first.approvers, "zoe")), *one.stages[1:])
        )

    return _with_policies(start, larger)


@cosmetic
def policy_that_asks_for_codes(chance: Random, start: Start) -> Start | None:
    return _with_policies(start, lambda one: replace(one, code_required=not one.code_required))


@cosmetic
def policies_of_others(chance: Random, start: Start) -> Start | None:
    other = policy.Policy("other", ("dave",), mode="all")
    return start.with_book(policies={"other": other, **start.book.policies})


# ----------------------------------------------------------------------------- the limits


def _with_rule(start: Start, **changes: Any) -> Start:
    commands = dict(start.book.commands)
    commands[start.request.command] = replace(commands[start.request.command], **changes)
    return start.with_book(commands=commands)


@decisive
def command_that_is_gone(chance: Random, start: Start) -> Start | None:
    gone = start.request.command
    commands = {name: rule for name, rule in start.book.commands.items() if name != gone}
    return start.with_book(commands=commands)


@decisive
def target_that_is_allowed_no_more(chance: Random, start: Start) -> Start | None:
    plan = start.request.plan
    if plan is None or not plan.instances:
        return None
    return _with_rule(start, allowed_targets=("other-*",))


@decisive
def fewer_targets_than_it_has(chance: Random, start: Start) -> Start | None:
    plan = start.request.plan
    if plan is None or len(plan.instances) < 2:
        return None
    return _with_rule(start, most_targets=len(plan.instances) - 1)


@decisive
def group_in_which_it_may_not_be_asked(chance: Random, start: Start) -> Start | None:
    groups = tuple(replace(one, commands=("help",)) for one in start.book.groups)
    return start.with_book(groups=groups)


def _pattern(text: str, action: Any, named: str = "") -> policy.Pattern:
    where = frozenset({"script", "text", "value"})
    return policy.Pattern(regexes.compiled(text), where, action, "a new pattern", named)


@decisive
def pattern_that_refuses_it(chance: Random, start: Start) -> Start | None:
    new = _pattern(r"systemctl|uptime|web-|Touch|ActNow", "refuse")
    return start.with_book(patterns=(*start.book.patterns, new))


@decisive
def pattern_that_it_lacks(chance: Random, start: Start) -> Start | None:
    new = _pattern(r"TICKET-[0-9]{9}", "require")
    return start.with_book(patterns=(*start.book.patterns, new))


@decisive
def pattern_that_adds_a_policy(chance: Random, start: Start) -> Start | None:
    zoe = policy.Policy("zoe", ("dave",) if "dave" not in start.voters else ("erin",))
    new = _pattern(r"systemctl|uptime|web-|Touch|ActNow", "escalate", "zoe")
    policies = {**start.book.policies, "zoe": zoe}
    return start.with_book(policies=policies, patterns=(*start.book.patterns, new))


@cosmetic
def pattern_that_does_not_fit(chance: Random, start: Start) -> Start | None:
    new = _pattern(r"NEVER-[0-9]{9}", chance.choice(("refuse", "escalate")), "two")
    return start.with_book(patterns=(*start.book.patterns, new))


@cosmetic
def command_of_others(chance: Random, start: Start) -> Start | None:
    rule = policy.CommandRule("other", "critical", allowed_targets=("none",))
    return start.with_book(commands={**start.book.commands, "other": rule})


@cosmetic
def limit_that_still_fits(chance: Random, start: Start) -> Start | None:
    start = _with_rule(start, most_targets=chance.randrange(10, 5000))
    if start.request.plan is None or not start.request.plan.instances:
        return start
    return _with_rule(start, allowed_targets=("web-*", "nothing-*"))


@cosmetic
def language_of_the_group(chance: Random, start: Start) -> Start | None:
    groups = tuple(replace(one, locale="zh-CN") for one in start.book.groups)
    return start.with_book(groups=groups, locale="zh-CN", bot_name="other")


# ----------------------------------------------------------------------------- the time


def _period(start: Start, first: float, last: float, **more: Any) -> Period:
    """A time from and to so many hours from now."""
    ends = ((start.now + timedelta(hours=hours)).replace(tzinfo=None) for hours in (first, last))
    return Period("new", Times("UTC", *ends), "new", **more)


@decisive
def later_than_it_may_start(chance: Random, start: Start) -> Start | None:
    needed = [start.book.policies[name].run_within for name in start.request.policy_names]
    late = min(needed) + timedelta(seconds=chance.choice((1, 60, 86400)))
    return replace(start, now=start.now + late)


@decisive
def freeze_that_has_begun(chance: Random, start: Start) -> Start | None:
    more: Mapping[str, Any] = chance.choice(
        (
            {},
            {"commands": (start.request.command[:3] + "*",)},
            {"groups": frozenset({"ops"})},
            {"risks": frozenset({start.request.risk})},
        )
    )
    freeze = _period(start, -chance.uniform(0.1, 90), chance.uniform(0.1, 90), **more)
    return start.with_book(freezes=(*start.book.freezes, freeze))


def _freeze(start: Start, **scope: Any) -> Start:
    fields: dict[str, Any] = {"groups": (), "commands": (), **scope}
    one = model.Freeze(7, start.now + timedelta(hours=1), person="erin", reason="new", **fields)
    return start.with_rows(frozen=(one,))


@decisive
def freeze_that_was_asked_for(chance: Random, start: Start) -> Start | None:
    command = start.request.command
    scopes = ({"commands": ("*",)}, {"groups": ("ops",)}, {"commands": (command[:3] + "*",)})
    return _freeze(start, **chance.choice(scopes))


@cosmetic
def freeze_of_others_that_was_asked_for(chance: Random, start: Start) -> Start | None:
    return _freeze(start, **chance.choice(({"groups": ("elsewhere",)}, {"commands": ("other-*",)})))


def _lock(start: Start, name: str, exclusive: bool) -> Start:
    since = start.now - timedelta(minutes=5)
    return start.with_rows(held=(model.Lock(name, "web", 7, exclusive, since),))


@decisive
def instance_that_another_has(chance: Random, start: Start) -> Start | None:
    plan, rule = start.request.plan, start.book.commands[start.request.command]
    if plan is None or not rule.lock:
        return None
    one = chance.choice(plan.instances)
    return _lock(start, f"instance:{one.id}", chance.random() < 0.5)


@cosmetic
def instance_of_others(chance: Random, start: Start) -> Start | None:
    return _lock(start, "instance:i-other", chance.random() < 0.5)


@decisive
def window_that_is_not_open(chance: Random, start: Start) -> Start | None:
    first = chance.choice((chance.uniform(1, 90), -chance.uniform(3, 90)))
    return start.with_book(windows=(_period(start, first, first + 1),))


@cosmetic
def freeze_of_others(chance: Random, start: Start) -> Start | None:
    more: Mapping[str, Any] = chance.choice(
        (
            {"commands": ("other-*",)},
            {"groups": frozenset({"elsewhere"})},
            {"risks": frozenset({"none"})},
        )
    )
    return start.with_book(freezes=(*start.book.freezes, _period(start, -1, 1, **more)))


@cosmetic
def freeze_at_another_time(chance: Random, start: Start) -> Start | None:
    first = chance.choice((chance.uniform(0.1, 90), -chance.uniform(3, 90)))
    return start.with_book(freezes=(*start.book.freezes, _period(start, first, first + 1)))


@cosmetic
def window_that_is_open(chance: Random, start: Start) -> Start | None:
    return start.with_book(windows=(*start.book.windows, _period(start, -1, 1)))


@cosmetic
def some_moments_later(chance: Random, start: Start) -> Start | None:
    return replace(start, now=start.now + timedelta(seconds=chance.uniform(0, 3000)))
