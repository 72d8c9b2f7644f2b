"""Whom a request that waits for votes is brought to mind, by the ladders of its policies.

When that is done next is a row of due times, so it survives restarts. Each time it is worked out
anew what is due, by the policies and the votes of then: of several steps that were missed, or that
waited for the end of quiet hours, only the last one is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from bot import cards, model, policy, texts
from bot.core.decision import DecisionBuilder, spared
from bot.policy import access, calendar, identity, ladder, quorum

PLAIN = ""
CONTEXT = "reminds"
"""Within the context of an effect: the account that it reminds by a direct message."""


@dataclass(frozen=True, slots=True)
class _Coming:
    """A moment of the ladder of a policy by this name; "": of the one reminder of those that have
    none."""

    moment: ladder.Moment
    owner: str


def quiet_hours(one: policy.Policy, risk: str) -> calendar.Times | None:
    """When nobody is reminded of a request of a risk; None: there are no such hours."""
    if not one.quiet or risk in one.quiet_except:
        return None
    return calendar.Times(one.quiet_timezone, hours=one.quiet)


def wait(builder: DecisionBuilder, kind: str, rule: quorum.Quorum, until: datetime) -> None:
    """People were asked now: put in, as a timer of this ``kind``, when they are reminded first."""
    noted = None
    if any(one.ladder for one in rule.policies):
        shift = builder.view.shift.total_seconds()
        noted = model.Reminders(builder.now, builder.now, shift)
    if builder.it.reminders != noted:
        builder.change(reminders=noted)
    _put(builder, kind, _schedule(rule, builder.it.risk, builder.now, until), builder.now)


def _put(builder: DecisionBuilder, kind: str, coming: Sequence[_Coming], after: datetime) -> None:
    times = [one.moment.at for one in coming if one.moment.at > after]
    if times:
        builder.timers.append(model.Timer(builder.it.id, kind, min(times)))


def _schedule(
    rule: quorum.Quorum, risk: str, since: datetime, until: datetime
) -> tuple[_Coming, ...]:
    """Everything that is to be done before ``until``. The policies without a ladder have one
    reminder together."""
    coming = [
        _Coming(moment, one.name)
        for one in rule.policies
        for moment in ladder.moments(one.ladder, quiet_hours(one, risk), since, until)
    ]
    plain = [one for one in rule.policies if not one.ladder and one.remind]
    first = min(plain, key=lambda one: one.remind, default=None)
    if first is not None:
        once = (ladder.LadderStep(after=first.remind),)
        moments = ladder.moments(once, quiet_hours(first, risk), since, until)
        coming += [_Coming(moment, PLAIN) for moment in moments]
    return tuple(coming)


def remind(builder: DecisionBuilder, kind: str, until: datetime) -> None:
    """A timer of this ``kind`` came due: do what is due of what the votes still lack, which must be
    in by ``until``."""
    noted, now = builder.it.reminders, builder.now
    rule, votes = builder.ballot()
    if noted is None:
        _tell(builder, "mention", "", quorum.tally(rule, votes).waiting_for, until)
        return
    moved = builder.view.shift - timedelta(seconds=noted.shift)
    since, done = noted.since + moved, noted.until + moved
    coming = _schedule(rule, builder.it.risk, since, until)
    due = [one for one in coming if done < one.moment.at <= now]
    shift = builder.view.shift.total_seconds()
    builder.change(reminders=model.Reminders(since, now, shift))
    for (how, group), people in _people(rule, votes, _last(due)).items():
        _tell(builder, how, group, people, until)
    _put(builder, kind, coming, now)


def _last(due: Sequence[_Coming]) -> list[_Coming]:
    """Of each policy what was due last."""
    newest: dict[str, datetime] = {}
    for one in due:
        newest[one.owner] = max(newest.get(one.owner, one.moment.due), one.moment.due)
    return [one for one in due if one.moment.due == newest[one.owner]]


def _people(
    rule: quorum.Quorum, votes: tuple[model.Vote, ...], due: Sequence[_Coming]
) -> dict[tuple[ladder.How, str], tuple[str, ...]]:
    """Whom these steps tell, by how and in which group; what nobody is left for is not there."""
    turns = quorum.tally(rule, votes).waiting_for
    lacking: dict[str, set[str]] = {}
    for (one, kept), part in zip(rule.everything, quorum.parts(rule, votes), strict=True):
        owner = PLAIN if kept or not one.ladder else one.name
        lacking.setdefault(owner, set()).update(part.waiting_for)
    heard = {vote.person for vote in votes}
    chosen: dict[tuple[ladder.How, str], tuple[str, ...]] = {}
    for each in due:
        step = each.moment.step
        own = tuple(who for who in turns if who in lacking.get(each.owner, ()))
        named = rule.book.oncall.resolved(step.who)
        others = (who for who in named if who not in heard and who not in rule.involved)
        people = tuple(others) if step.who else own
        if own and (people or step.how == "group"):
            key = (step.how, step.group)
            chosen[key] = tuple(dict.fromkeys((*chosen.get(key, ()), *people)))
    return chosen


def _tell(
    builder: DecisionBuilder, how: ladder.How, group: str, people: Sequence[str], until: datetime
) -> None:
    """Remind these people, or tell a group of them."""
    more = {"how": str(how)} if how != "mention" else {}
    more |= {"group": group} if group else {}
    builder.enter("countersign", "request.reminded", people=list(people), **more)
    if how == "group":
        _tell_group(builder, group, people, until)
    elif how == "mention":
        mentions = cards.accounts_of(builder.deployment, people, builder.it.place)
        builder.tell(_key(builder), _mention(builder, mentions, until), spare="reminder")
    else:
        for person in people:
            _tell_alone(builder, person, until, how == "urgent")


def _key(builder: DecisionBuilder) -> str:
    """The name of a reminder: of each that is due at another time, or about something else."""
    asks, noted = builder.it.ballot, builder.it.reminders
    name = "remind" if asks is None else f"remind:{asks.digest[:16]}"
    return name if noted is None else f"{name}:v{builder.it.version}"


def _mention(
    builder: DecisionBuilder, mentions: tuple[model.Account, ...], until: datetime
) -> model.Message:
    time = cards.moment(builder.deployment, until)
    return builder.sentence("say.remind", mentions, time=time, left=until - builder.now)


def _elsewhere(
    builder: DecisionBuilder,
    key: str,
    locale: str,
    mentions: tuple[model.Account, ...],
    until: datetime,
) -> model.Message:
    """What is said outside the thread, where nobody sees what it is about."""
    request, deployment = builder.it, builder.deployment
    group = access.group_of(deployment.book, request.place.platform, request.place.chat)
    text = texts.say(
        locale,
        key,
        id=request.id,
        command=request.command,
        name=cards.name_of(deployment, request.person),
        group=group.name if group else texts.say(locale, "say.remind.nowhere"),
        waiting=cards.names_of(deployment, builder.tally().waiting_for),
        time=cards.moment(deployment, until),
        left=until - builder.now,
    )
    return cards.sentence(cards.title_of(request), text, mentions)


def _tell_alone(builder: DecisionBuilder, person: str, until: datetime, urgent: bool) -> None:
    account = _account(builder, person)
    if account is None:
        return
    place = model.Place(account.platform, account.tenant, account.id, direct=True)
    phrase = "say.remind.urgent" if urgent else "say.remind.elsewhere"
    message = _elsewhere(builder, phrase, builder.it.locale, (), until)
    key = f"say:{builder.name}:{_key(builder)}:{person}"
    body = model.Say(place, message, builder.fresh(key), urgent=urgent)
    context = {CONTEXT: asdict(account), "person": person, **spared("reminder")}
    builder.queue(key, key, body, context=context)


def _account(builder: DecisionBuilder, person: str) -> model.Account | None:
    """By which account a person gets a message: where the request is, or else wherever they have
    one."""
    book, place = builder.deployment.book, builder.it.place
    here = identity.account_of(book, person, place.platform, place.tenant)
    held = (model.Account(*key) for key in identity.accounts_held(book, person))
    others = (each for each in held if each.tenant in book.tenants.get(each.platform, ()))
    return here or next(others, None)


def _tell_group(
    builder: DecisionBuilder, name: str, people: Sequence[str], until: datetime
) -> None:
    """Tell a group by its name: that on the request's platform, where there are several."""
    book, request = builder.deployment.book, builder.it
    groups = [one for one in book.groups if one.name == name]
    group = min(groups, key=lambda one: one.platform != request.place.platform, default=None)
    if group is None:
        return
    tenants = book.tenants.get(group.platform, frozenset())
    own = request.place.platform == group.platform
    tenant = request.place.tenant if own else min(tenants, default="")
    place = model.Place(group.platform, tenant, group.chat)
    mentions = cards.accounts_of(builder.deployment, people, place)
    locale = access.locale_of(book, place)
    message = _elsewhere(builder, "say.remind.elsewhere", locale, mentions, until)
    key = f"say:{builder.name}:{_key(builder)}:group:{name}"
    body = model.Say(place, message, builder.fresh(key))
    builder.queue(key, key, body, context=spared("reminder"))


def sent(builder: DecisionBuilder, effect: model.StoredEffect, outcome: model.Outcome) -> None:
    """A direct message was sent, or was not: then its person is mentioned in the thread."""
    body, person = effect.body, str(effect.context["person"])
    assert isinstance(body, model.Say)
    if isinstance(outcome, model.Done):
        if body.urgent:
            calm = str(outcome.data.get("calm", ""))
            if outcome.data.get("alerted"):
                builder.enter("countersign", "request.alerted", to=person)
            else:
                more = {"reason": calm} if calm else {}
                builder.enter("countersign", "request.not_alerted", to=person, **more)
        return
    until = _until(builder)
    account = model.Account(**effect.context[CONTEXT])
    if until is not None and until > builder.now and account.platform == builder.it.place.platform:
        message = _mention(builder, (account,), until)
        builder.tell(f"{effect.key}:thread", message, spare="reminder")


def _until(builder: DecisionBuilder) -> datetime | None:
    """Until when it waits for votes; None: it does not."""
    request = builder.it
    if request.ballot is not None:
        return request.ballot.expires_at if request.ballot.voted else None
    return request.expires_at if request.state is model.State.PENDING else None
